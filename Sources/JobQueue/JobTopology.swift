/// Names on the broker. The number in them is the topology's version: what can never change about a queue is decided
/// by its name, tunables are policies.
public enum JobTopology {
  /// Where jobs are published; direct, by queue name.
  public static let exchange = "crmsync.v1.jobs"
  /// Where messages go that no worker can read; fanout, to the queue of the same name.
  public static let deadExchange = "crmsync.v1.dead"
  /// The queue of unreadable messages.
  public static let deadQueue = "crmsync.v1.dead"

  /// The queue of a tenant's lane.
  public static func queue(tenant: String, lane: Lane) -> String { "crmsync.v1.\(tenant).\(lane.rawValue)" }
}

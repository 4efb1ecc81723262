import AMQP

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

  /// Declares everything; what exists already stays as it is.
  ///
  /// A queue that the broker refuses does not keep the others from being declared.
  /// - Returns: what was refused.
  static func declare(on publisher: AMQPPublisher, tenants: [String]) async throws(QueueError) -> [QueueError] {
    try await publisher.declareExchange(deadExchange, type: "fanout")
    try await publisher.declareQueue(deadQueue, deadLetterExchange: nil, boundTo: deadExchange, routingKey: "")
    try await publisher.declareExchange(exchange, type: "direct")
    var refused: [QueueError] = []
    for tenant in tenants {
      for lane in Lane.allCases {
        let queue = queue(tenant: tenant, lane: lane)
        do {
          try await publisher.declareQueue(
            queue, deadLetterExchange: deadExchange, boundTo: exchange, routingKey: queue)
        } catch  where error.kind == .precondition || error.kind == .accessRefused {
          refused.append(error)
        }
      }
    }
    return refused
  }
}

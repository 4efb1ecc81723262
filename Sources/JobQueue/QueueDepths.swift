/// How deep the queues are, for people.
public struct QueueDepths: Sendable {
  /// A reading.
  public struct Reading: Sendable {
    /// Messages ready, by queue; queues that do not exist are left out.
    public let ready: [String: Int]
    /// Unreadable messages put aside.
    public let dead: Int?
  }

  private let publisher: JobPublisher

  /// Depths, asked for over a publisher's connection.
  public init(_ publisher: JobPublisher) { self.publisher = publisher }

  /// Asks the broker. Declares nothing.
  public func read(tenants: [String]) async throws -> Reading {
    var ready: [String: Int] = [:]
    for tenant in tenants {
      for lane in Lane.allCases {
        let queue = JobTopology.queue(tenant: tenant, lane: lane)
        guard let depth = try await publisher.look(at: queue) else { continue }
        ready[queue] = depth
      }
    }
    return Reading(ready: ready, dead: try await publisher.look(at: JobTopology.deadQueue))
  }
}

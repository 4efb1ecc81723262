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
    let queues = tenants.flatMap { tenant in Lane.allCases.map { JobTopology.queue(tenant: tenant, lane: $0) } }
    var ready = try await publisher.depths(of: queues + [JobTopology.deadQueue])
    let dead = ready.removeValue(forKey: JobTopology.deadQueue)
    return Reading(ready: ready, dead: dead)
  }
}

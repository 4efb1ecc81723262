public import AMQP
public import Logging

/// Puts jobs on the queues, and sees to it that these exist.
///
/// Connects by itself, again after the connection broke. A broker that cannot be reached is left alone for a while;
/// calls then fail at once.
public actor JobPublisher {
  /// How it stands with the broker.
  public enum State: Sendable {
    case connected
    /// The broker is short of memory or disk and takes nothing for now.
    case blocked
    /// Not connected; with the reason, if that was tried.
    case disconnected(QueueError?)
  }

  private let publisher: AMQPPublisher
  private let connector: Connector
  private let tenants: [String]
  private let logger: Logger
  private var declaring: Task<Void, any Error>?
  /// How often the topology has been declared.
  private var declarations = 0
  /// The number of the connection on which that was done last.
  private var declaredOn: Int?

  /// A publisher for the queues of some tenants.
  /// - Parameter timeout: how long a job waits for its confirm at most.
  public init(
    _ configuration: AMQPConfiguration, tenants: [String], timeout: Duration = .seconds(30), logger: Logger
  ) {
    publisher = AMQPPublisher(configuration, timeout: timeout, logger: logger)
    connector = Connector(publisher, configuration, logger: logger)
    self.tenants = tenants
    self.logger = logger
  }

  // MARK: Jobs

  /// Publishes a job; returns once the broker has confirmed that it is on its queue.
  ///
  /// A queue that is gone is declared again, and the job published once more. After an error the job may be on its
  /// queue all the same.
  public func publish(_ job: JobMessage) async throws {
    let message = AMQPMessage(
      try job.encoded(), messageID: "\(job.job)/\(job.dispatch)", contentType: "application/json")
    let key = JobTopology.queue(tenant: job.tenant, lane: job.lane)
    let seen = try await ready()
    do {
      try await publish(message, key: key)
    } catch let error as QueueError where [.unroutable, .channelClosed, .notFound].contains(error.kind) {
      try await declare(after: seen, because: error)
      try await publish(message, key: key)
    }
  }

  private func publish(_ message: AMQPMessage, key: String) async throws {
    do {
      try await publisher.publish(message, exchange: JobTopology.exchange, routingKey: key)
    } catch  where error.kind == .cancelled {
      throw CancellationError()
    }
  }

  /// Messages ready on a tenant's lane. A queue that is gone is declared again.
  /// - Returns: `nil` when the broker refuses to have the queue.
  public func depth(tenant: String, lane: Lane) async throws -> Int? {
    let queue = JobTopology.queue(tenant: tenant, lane: lane)
    let seen = try await ready()
    if let depth = try await publisher.depth(of: queue) { return depth.ready }
    try await declare(after: seen, because: nil)
    return try await publisher.depth(of: queue)?.ready
  }

  /// Messages ready, by queue, for people: declares nothing, and leaves out queues that do not exist.
  func depths(of queues: [String]) async throws -> [String: Int] {
    try await connector.connect()
    var ready: [String: Int] = [:]
    for queue in queues {
      if let depth = try await publisher.depth(of: queue) { ready[queue] = depth.ready }
    }
    return ready
  }

  /// How it stands with the broker.
  public func state() async -> State {
    guard await publisher.isConnected else { return .disconnected(await connector.lastError) }
    return await publisher.isBlocked ? .blocked : .connected
  }

  // MARK: Connection and queues

  /// Connects and declares the queues, if that has not been done.
  public func start() async throws { _ = try await ready() }

  /// Ends the connection.
  public func close() async { await publisher.close() }

  /// - Returns: which declaration of the topology the caller relies on.
  private func ready() async throws -> Int {
    let connection = try await connector.connect()
    if declaredOn != connection {
      try await declare(after: declarations, because: nil)
      declaredOn = connection
    }
    return declarations
  }

  /// Declares the topology, unless that was done since the caller looked.
  private func declare(after seen: Int, because error: QueueError?) async throws {
    if declarations > seen { return }
    if let declaring { return try await declaring.value }
    if let error { logger.warning("declaring the queues again", metadata: ["error": "\(error)"]) }
    let task = Task {
      defer { declaring = nil }
      for refusal in try await JobTopology.declare(on: publisher, tenants: tenants) {
        logger.error("the broker refuses a queue", metadata: ["error": "\(refusal)"])
      }
      declarations += 1
    }
    declaring = task
    try await task.value
  }
}

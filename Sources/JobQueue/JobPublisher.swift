public import AMQP
public import Logging

/// What went wrong with the queue.
public typealias QueueError = AMQPError

/// Puts jobs on the queues, and sees to it that these exist.
public actor JobPublisher {
  private let publisher: AMQPPublisher
  private let tenants: [String]
  private let logger: Logger
  /// One attempt to connect at a time; the others wait for it.
  private var connecting: Task<Void, any Error>?

  /// A publisher for the queues of some tenants.
  public init(_ configuration: AMQPConfiguration, tenants: [String], logger: Logger) {
    publisher = AMQPPublisher(configuration)
    self.tenants = tenants
    self.logger = logger
  }

  /// Publishes a job; returns once the broker has confirmed that it is on its queue.
  ///
  /// A queue that is gone is declared again, and the job published once more.
  public nonisolated func publish(_ message: JobMessage) async throws {
    let body = try message.encoded()
    let key = JobTopology.queue(tenant: message.tenant, lane: message.lane)
    try await connectIfNeeded()
    do {
      try await publisher.publish(body, exchange: JobTopology.exchange, routingKey: key)
    } catch {
      guard error.kind == .unroutable || error.kind == .channelClosed else { throw error }
      try await declareTopology()
      try await publisher.publish(body, exchange: JobTopology.exchange, routingKey: key)
    }
  }

  /// Messages ready on a tenant's lane; `nil` when the queue does not exist.
  public func depth(tenant: String, lane: Lane) async throws -> Int? {
    try await connectIfNeeded()
    return try await publisher.depth(of: JobTopology.queue(tenant: tenant, lane: lane))?.ready
  }

  /// Messages ready on the queue of unreadable messages.
  public func deadDepth() async throws -> Int? {
    try await connectIfNeeded()
    return try await publisher.depth(of: JobTopology.deadQueue)?.ready
  }

  /// Connects and declares the queues, if that has not been done or the connection broke.
  public func connectIfNeeded() async throws {
    if let connecting { return try await connecting.value }
    if await publisher.isConnected { return }
    let task = Task {
      try await publisher.connect()
      try await declareTopology()
    }
    connecting = task
    defer { connecting = nil }
    try await task.value
  }

  private func declareTopology() async throws {
    try await publisher.declareExchange(JobTopology.deadExchange, type: "fanout")
    try await publisher.declareQueue(
      JobTopology.deadQueue, deadLetterExchange: nil, boundTo: JobTopology.deadExchange, routingKey: "")
    try await publisher.declareExchange(JobTopology.exchange, type: "direct")
    for tenant in tenants {
      for lane in Lane.allCases {
        let queue = JobTopology.queue(tenant: tenant, lane: lane)
        try await publisher.declareQueue(
          queue, deadLetterExchange: JobTopology.deadExchange, boundTo: JobTopology.exchange, routingKey: queue)
      }
    }
  }

  /// Ends the connection.
  public func close() async { await publisher.close() }
}

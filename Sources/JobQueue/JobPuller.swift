public import AMQP
public import Logging

/// Takes jobs off the queues, each queue in turn, so that no tenant waits behind another.
///
/// Connects by itself, again after the connection broke. A broker that cannot be reached is left alone for a while.
public actor JobPuller {
  /// How long a queue that does not exist is left alone: the broker logs each attempt as an error.
  private static let missingPause = Duration.seconds(1)

  private let puller: AMQPPuller
  private let configuration: AMQPConfiguration
  private let logger: Logger
  private var pause = ReconnectPause()
  private var next = 0
  private var missing: [String: ContinuousClock.Instant] = [:]
  private var hasWarned = false

  /// A puller with a connection of its own.
  public init(_ configuration: AMQPConfiguration, logger: Logger) {
    puller = AMQPPuller(configuration)
    self.configuration = configuration
    self.logger = logger
  }

  /// Tries each queue once, beginning after the one that gave a job last. For one caller at a time.
  /// - Returns: `nil` when all are empty, or do not exist yet, or the broker could not be reached a moment ago.
  /// - Throws: ``QueueError`` when the broker is tried and cannot be reached.
  public func pull(from queues: [String]) async throws -> PulledJob? {
    guard try await connect() else { return nil }
    for _ in queues.indices {
      let queue = queues[next % queues.count]
      next = (next + 1) % queues.count
      if let job = try await pull(from: queue) { return job }
    }
    return nil
  }

  /// - Returns: `false` while a broker is left alone that could not be reached.
  private func connect() async throws -> Bool {
    if await puller.isConnected { return true }
    guard pause.isOver(at: .now) else { return false }
    if let warning = configuration.warning, !hasWarned {
      logger.warning("\(warning)")
      hasWarned = true
    }
    do {
      try await puller.connect()
    } catch {
      pause.failed(at: .now, chance: .random(in: 0...1))
      throw error
    }
    pause.succeeded()
    missing = [:]
    return true
  }

  private func pull(from queue: String) async throws -> PulledJob? {
    if let until = missing[queue] {
      guard until <= .now else { return nil }
      missing[queue] = nil
    }
    do {
      while let delivery = try await puller.get(queue) {
        if let job = await read(delivery, of: queue) { return job }
      }
    } catch {
      // The coordinator has not declared the queue yet, or will declare it again.
      guard error.kind == .notFound else { throw error }
      missing[queue] = ContinuousClock.now.advanced(by: Self.missingPause)
    }
    return nil
  }

  private func read(_ delivery: AMQPDelivery, of queue: String) async -> PulledJob? {
    do {
      return PulledJob(message: try JobMessage(decoding: delivery.body), delivery: delivery)
    } catch {
      logger.error("put an unreadable message aside", metadata: ["queue": "\(queue)", "error": "\(error)"])
      // If the broker is gone meanwhile, it hands the message out again.
      try? await puller.reject(delivery, requeue: false)
      return nil
    }
  }

  /// Acknowledges a job whose outcome is recorded.
  ///
  /// Should the connection be gone, the broker hands the message out again, and its job says that it is done.
  public func finish(_ job: PulledJob) async {
    do {
      try await puller.acknowledge(job.delivery)
    } catch {
      logger.debug("could not acknowledge", metadata: ["job": "\(job.job)", "error": "\(error)"])
    }
  }

  /// Gives a job back to its queue whose outcome could not be recorded.
  ///
  /// Should the connection be gone, the broker does that by itself.
  public func giveBack(_ job: PulledJob) async {
    do {
      try await puller.reject(job.delivery, requeue: true)
    } catch {
      logger.debug("could not give back", metadata: ["job": "\(job.job)", "error": "\(error)"])
    }
  }

  /// Ends the connection; unacknowledged messages go back to their queues.
  public func close() async { await puller.close() }
}

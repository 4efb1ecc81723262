public import AMQP
public import Logging

/// A job in a worker's hands.
public struct PulledJob: Sendable {
  public let message: JobMessage
  let delivery: AMQPDelivery

  public var job: Int64 { message.job }
  public var tenant: String { message.tenant }
}

/// Takes jobs off the queues, each queue in turn, so that no tenant waits behind another.
public actor JobPuller {
  private let puller: AMQPPuller
  private let logger: Logger
  private var next = 0

  /// A puller with a connection of its own.
  public init(_ configuration: AMQPConfiguration, logger: Logger) {
    puller = AMQPPuller(configuration)
    self.logger = logger
  }

  /// Tries each queue once, beginning after the one that gave a job last.
  /// - Returns: `nil` when all are empty.
  public func pull(from queues: [String]) async throws -> PulledJob? {
    if await !puller.isConnected { try await puller.connect() }
    for _ in queues.indices {
      let queue = queues[next % queues.count]
      next = (next + 1) % queues.count
      if let job = try await pull(from: queue) { return job }
    }
    return nil
  }

  private func pull(from queue: String) async throws -> PulledJob? {
    do {
      while let delivery = try await puller.get(queue) {
        if let job = await read(delivery) { return job }
      }
    } catch {
      // The coordinator has not declared the queue yet, or will declare it again.
      guard error.kind == .noSuchQueue else { throw error }
    }
    return nil
  }

  private func read(_ delivery: AMQPDelivery) async -> PulledJob? {
    do {
      return PulledJob(message: try JobMessage(decoding: delivery.body), delivery: delivery)
    } catch {
      logger.error("put an unreadable message aside", metadata: ["error": "\(error)"])
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

  /// Ends the connection; unacknowledged messages go back to their queues.
  public func close() async { await puller.close() }
}

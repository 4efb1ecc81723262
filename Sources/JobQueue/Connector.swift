import AMQP
import Logging

/// Keeps a publisher connected: one attempt at a time, which others wait for, and a pause after one that failed.
actor Connector {
  private let publisher: AMQPPublisher
  private let configuration: AMQPConfiguration
  private let logger: Logger
  private var pause = ReconnectPause()
  /// Why there is no connection, if that was tried.
  private(set) var lastError: QueueError?
  private var connecting: Task<Void, any Error>?
  /// How often a connection was made.
  private var connections = 0
  private var hasWarned = false

  init(_ publisher: AMQPPublisher, _ configuration: AMQPConfiguration, logger: Logger) {
    self.publisher = publisher
    self.configuration = configuration
    self.logger = logger
  }

  /// Makes sure that there is a connection. While a broker is left alone that could not be reached, fails at once.
  /// - Returns: the number of the connection, which says whether what was declared was declared on this one.
  @discardableResult
  func connect() async throws -> Int {
    while true {
      if let connecting {
        try await connecting.value
        return connections
      }
      if await publisher.isConnected { return connections }
      // Somebody else may have begun meanwhile.
      if connecting == nil { break }
    }
    if let lastError, !pause.isOver(at: .now) { throw lastError }
    // In a task of its own: the caller's cancellation is no reason to break it off for the others. What it leaves
    // behind is set before any of them goes on.
    let task = Task {
      defer { connecting = nil }
      try await connectNow()
    }
    connecting = task
    try await task.value
    return connections
  }

  private func connectNow() async throws {
    if let warning = configuration.warning, !hasWarned {
      logger.warning("\(warning)")
      hasWarned = true
    }
    do {
      try await publisher.connect()
    } catch {
      lastError = error
      pause.failed(at: .now, chance: .random(in: 0...1))
      throw error
    }
    if lastError != nil { logger.info("connected to RabbitMQ again") }
    lastError = nil
    connections += 1
    pause.succeeded()
  }
}

extension AMQPPublisher {
  /// A publisher that says when the broker takes no messages for now.
  init(_ configuration: AMQPConfiguration, timeout: Duration, logger: Logger) {
    self.init(configuration, timeout: timeout) { reason in
      if let reason {
        logger.warning("RabbitMQ takes no messages for now", metadata: ["reason": "\(reason)"])
      } else {
        logger.info("RabbitMQ takes messages again")
      }
    }
  }
}

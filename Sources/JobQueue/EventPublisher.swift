public import AMQP
public import Logging

/// Publishes changes to the topic exchange `crmsync.events`, for whoever subscribes.
///
/// On a connection of its own, so that events never hold up jobs. Connects by itself, again after the connection broke;
/// a broker that cannot be reached is left alone for a while, and calls then fail at once.
public actor EventPublisher {
  /// Where events are published; topic, durable.
  public static let exchange = "crmsync.events"
  /// AMQP 0-9-1: bytes of a short string, which a message's id is.
  private static let longestMessageID = 255

  private let publisher: AMQPPublisher
  private let connector: Connector
  private var declaring: Task<Void, any Error>?
  /// How often the exchange has been declared.
  private var declarations = 0
  /// The number of the connection on which that was done last.
  private var declaredOn: Int?

  /// A publisher that is not connected yet. A bounded number of events is unconfirmed at once; others wait.
  /// - Parameter timeout: how long an event waits for its confirm at most.
  public init(_ configuration: AMQPConfiguration, timeout: Duration = .seconds(30), logger: Logger) {
    var configuration = configuration
    configuration.name += " events"
    publisher = AMQPPublisher(configuration, timeout: timeout, logger: logger)
    connector = Connector(publisher, configuration, logger: logger)
  }

  /// Publishes an event; returns once the broker has confirmed that it is on every queue that is bound for it, which
  /// may be none.
  ///
  /// An exchange that is gone is declared again, and the event published once more. After an error subscribers may
  /// have got the event all the same.
  public func publish(_ event: PublishedEvent) async throws {
    let message = AMQPMessage(
      event.body, messageID: event.id.utf8.count <= Self.longestMessageID ? event.id : nil,
      contentType: PublishedEvent.contentType)
    let key = event.routingKey
    let seen = try await ready()
    do {
      try await publish(message, key)
    } catch let error as QueueError where [.channelClosed, .notFound].contains(error.kind) {
      try await declare(after: seen)
      try await publish(message, key)
    }
  }

  private func publish(_ message: AMQPMessage, _ key: String) async throws {
    do {
      try await publisher.publish(message, exchange: Self.exchange, routingKey: key, isMandatory: false)
    } catch  where error.kind == .cancelled {
      throw CancellationError()
    }
  }

  /// Ends the connection.
  public func close() async { await publisher.close() }

  /// - Returns: which declaration of the exchange the caller relies on.
  private func ready() async throws -> Int {
    let connection = try await connector.connect()
    if declaredOn != connection {
      try await declare(after: declarations)
      declaredOn = connection
    }
    return declarations
  }

  /// Declares the exchange, unless that was done since the caller looked.
  private func declare(after seen: Int) async throws {
    if declarations > seen { return }
    if let declaring { return try await declaring.value }
    let task = Task {
      defer { declaring = nil }
      try await publisher.declareExchange(Self.exchange, type: "topic")
      declarations += 1
    }
    declaring = task
    try await task.value
  }
}

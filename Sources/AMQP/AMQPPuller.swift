import CRabbitMQ
import ThreadExecutor

/// A message in a consumer's hands until it is acknowledged or rejected.
public struct AMQPDelivery: Sendable {
  public let body: [UInt8]
  /// As its publisher gave it.
  public let messageID: String?
  /// Whether it may have been in somebody's hands before.
  public let isRedelivered: Bool
  let tag: UInt64
  let channel: amqp_channel_t
  /// Which opening of the channel it came on.
  let epoch: Int
}

/// Takes messages one at a time, when there is room for one (`basic.get`), on a connection of its own.
///
/// Each queue has a channel of its own: when the broker closes one, because its queue is gone or a delivery was held
/// for too long, deliveries from other queues stay in hand.
public actor AMQPPuller {
  /// RabbitMQ: 2047 channels for a connection, unless configured otherwise.
  private static let maxChannels = 1000

  private let link: AMQPLink
  private nonisolated let executor: ThreadExecutor
  private var channels: [String: amqp_channel_t] = [:]

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A puller that is not connected yet.
  public init(_ configuration: AMQPConfiguration) {
    let link = AMQPLink(configuration)
    self.link = link
    executor = ThreadExecutor(name: "amqp-pull", wait: { link.turn() }, wake: { link.wake() })
  }

  isolated deinit {
    link.close()
    executor.stop()
  }

  /// Connects, anew if there was a connection. Deliveries in hand go back to their queues.
  public func connect() throws(AMQPError) {
    try link.open()
    link.onTurn = { [weak self] in self?.assumeIsolated { $0.serve() } }
  }

  /// Whether there is a connection.
  public var isConnected: Bool { link.state != nil }

  /// Closes the connection. Deliveries in hand go back to their queues.
  public func close() { link.close() }

  /// Takes the next message of a queue, or `nil` when there is none.
  /// - Throws: `notFound` when there is no such queue, and what any call throws.
  public func get(_ queue: String) throws(AMQPError) -> AMQPDelivery? {
    // First what the broker has said: the channel may be closed.
    serve()
    let channel = channel(of: queue)
    let state = try link.opened(channel)
    defer { serve() }
    return try link.get(queue, on: channel, from: state, acknowledged: false)
  }

  /// Says that the message's work is done or recorded elsewhere.
  /// - Throws: `connectionLost` for a delivery of an earlier connection or channel, which the broker hands out again.
  public func acknowledge(_ delivery: AMQPDelivery) throws(AMQPError) {
    try settle(delivery) { state in amqp_basic_ack(state, delivery.channel, delivery.tag, 0) }
  }

  /// Refuses a message; without `requeue` it goes to the dead-letter exchange.
  /// - Throws: as ``acknowledge(_:)``.
  public func reject(_ delivery: AMQPDelivery, requeue: Bool) throws(AMQPError) {
    try settle(delivery) { state in
      amqp_basic_reject(state, delivery.channel, delivery.tag, requeue ? 1 : 0)
    }
  }

  private func settle(_ delivery: AMQPDelivery, _ call: (amqp_connection_state_t) -> Int32) throws(AMQPError) {
    serve()
    guard let state = link.state, link.epoch(of: delivery.channel) == delivery.epoch else {
      throw link.error(.connectionLost, "the delivery came on an earlier connection or channel")
    }
    let status = call(state)
    guard status == AMQP_STATUS_OK.rawValue else {
      link.abandon()
      throw link.error(.connectionLost, "the connection broke: \(String(cString: amqp_error_string2(status)))")
    }
  }

  private func channel(of queue: String) -> amqp_channel_t {
    if let channel = channels[queue] { return channel }
    let channel = amqp_channel_t(1 + channels.count % Self.maxChannels)
    channels[queue] = channel
    return channel
  }

  /// Serves heartbeats, and learns that the broker has closed something.
  private func serve() { _ = link.drain() }
}

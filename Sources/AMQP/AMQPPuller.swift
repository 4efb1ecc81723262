import CRabbitMQ
import ThreadExecutor

/// A message in a consumer's hands until it is acknowledged or rejected.
public struct AMQPDelivery: Sendable {
  public let body: [UInt8]
  let tag: UInt64
  let generation: Int
}

/// Takes messages one at a time, when there is room for one (`basic.get`), on a connection of its own.
public actor AMQPPuller {
  private let link: AMQPLink
  private nonisolated let executor: ThreadExecutor
  /// The channel that deliveries belong to: rises when it is opened anew.
  private var generation = 0

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
    generation += 1
    link.onReadable = { [weak self] in self?.assumeIsolated { $0.drain() } }
  }

  /// Whether there is a connection.
  public var isConnected: Bool { link.state != nil }

  /// Closes the connection.
  public func close() { link.close() }

  /// Takes the next message of a queue, or `nil` when there is none.
  public func get(_ queue: String) throws(AMQPError) -> AMQPDelivery? {
    let state = try openedChannel()
    let reply = try withBytes(queue) { name throws(AMQPError) in
      amqp_basic_get(state, AMQPLink.channel, name, 0)
    }
    try link.check(reply, "cannot take from queue \(queue)")
    guard reply.reply.id == AMQPLink.basicGetOK, let decoded = reply.reply.decoded else { return nil }
    let tag = decoded.assumingMemoryBound(to: amqp_basic_get_ok_t.self).pointee.delivery_tag
    var message = amqp_message_t()
    try link.check(amqp_read_message(state, AMQPLink.channel, &message, 0), "cannot read a message")
    // The message is the library's until here.
    defer {
      amqp_destroy_message(&message)
      amqp_maybe_release_buffers(state)
    }
    let body = Array(UnsafeRawBufferPointer(start: message.body.bytes, count: message.body.len))
    return AMQPDelivery(body: body, tag: tag, generation: generation)
  }

  /// Says that the message's work is done or recorded elsewhere.
  /// - Throws: `connectionLost` for a delivery of an earlier connection, which the broker hands out again.
  public func acknowledge(_ delivery: AMQPDelivery) throws(AMQPError) {
    try settle(delivery) { state in amqp_basic_ack(state, AMQPLink.channel, delivery.tag, 0) }
  }

  /// Refuses a message; without `requeue` it goes to the dead-letter exchange.
  public func reject(_ delivery: AMQPDelivery, requeue: Bool) throws(AMQPError) {
    try settle(delivery) { state in amqp_basic_reject(state, AMQPLink.channel, delivery.tag, requeue ? 1 : 0) }
  }

  private func settle(_ delivery: AMQPDelivery, _ call: (amqp_connection_state_t) -> Int32) throws(AMQPError) {
    guard delivery.generation == generation, link.channelIsOpen, let state = link.state else {
      throw link.error(.connectionLost, "the delivery belongs to an earlier connection")
    }
    guard call(state) == AMQP_STATUS_OK.rawValue else {
      link.abandon()
      throw link.error(.connectionLost, "the connection broke")
    }
  }

  private func openedChannel() throws(AMQPError) -> amqp_connection_state_t {
    if link.state != nil, !link.channelIsOpen { generation += 1 }
    return try link.opened()
  }

  /// Serves heartbeats and learns that the broker has closed something.
  private func drain() {
    guard link.state != nil else { return }
    let isAlive = link.drain { frame in
      guard frame.frame_type == UInt8(AMQP_FRAME_METHOD) else { return }
      switch frame.payload.method.id {
      case AMQPLink.channelClose: link.channelClosedByBroker()
      case AMQPLink.connectionClose: link.abandon()
      default: break
      }
    }
    if !isAlive { link.abandon() }
  }
}

import CRabbitMQ
import ThreadExecutor

/// Messages that wait on a queue, and who takes them.
public struct QueueDepth: Sendable, Equatable {
  /// Messages that are ready to be delivered.
  public let ready: Int
}

/// Publishes with confirms, on a connection of its own, so that a broker that blocks publishers cannot stop anything
/// else.
public actor AMQPPublisher {
  private let link: AMQPLink
  private nonisolated let executor: ThreadExecutor
  private let window: Int
  private var nextTag: UInt64 = 1
  private var unconfirmed: [UInt64: CheckedContinuation<Result<Void, AMQPError>, Never>] = [:]
  private var lowestTag: UInt64 = 1
  private var unroutable: Set<UInt64> = []
  private var waiters: [CheckedContinuation<Void, Never>] = []
  /// Whether the broker has said that it takes no messages for now: it is short of memory or disk.
  public private(set) var isBlocked = false

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A publisher that is not connected yet.
  /// - Parameter window: messages that may be unconfirmed at once; further callers wait.
  public init(_ configuration: AMQPConfiguration, window: Int = 256) {
    let link = AMQPLink(configuration)
    self.link = link
    self.window = max(1, window)
    executor = ThreadExecutor(name: "amqp-publish", wait: { link.turn() }, wake: { link.wake() })
  }

  isolated deinit {
    link.close()
    executor.stop()
  }

  /// Connects, anew if there was a connection. What was unconfirmed then counts as lost.
  public func connect() throws(AMQPError) {
    fail(link.error(.connectionLost, "connecting anew"))
    try link.open()
    (nextTag, lowestTag, isBlocked) = (1, 1, false)
    let state = try link.opened()
    amqp_confirm_select(state, AMQPLink.channel)
    try link.check("cannot turn publisher confirms on")
    link.onReadable = { [weak self] in self?.assumeIsolated { $0.drain() } }
  }

  /// Whether there is a connection.
  public var isConnected: Bool { link.state != nil }

  /// Closes the connection.
  public func close() {
    fail(link.error(.connectionLost, "closed"))
    link.close()
  }

  /// Declares a durable exchange.
  public func declareExchange(_ name: String, type: String) throws(AMQPError) {
    let state = try link.opened()
    try withBytes(name) { name throws(AMQPError) in
      try withBytes(type) { type throws(AMQPError) in
        _ = amqp_exchange_declare(state, AMQPLink.channel, name, type, 0, 1, 0, 0, amqp_table_t())
      }
    }
    try checkAndConfirm("cannot declare exchange \(name)")
  }

  /// Declares a quorum queue and binds it to an exchange.
  public func declareQueue(
    _ name: String, deadLetterExchange: String?, boundTo exchange: String, routingKey: String
  ) throws(AMQPError) {
    let state = try link.opened()
    _ = crmsync_amqp_declare_quorum(state, AMQPLink.channel, name, deadLetterExchange)
    try checkAndConfirm("cannot declare queue \(name)")
    try withBytes(name) { name throws(AMQPError) in
      try withBytes(exchange) { exchange throws(AMQPError) in
        try withBytes(routingKey) { key throws(AMQPError) in
          _ = amqp_queue_bind(state, AMQPLink.channel, name, exchange, key, amqp_table_t())
        }
      }
    }
    try checkAndConfirm("cannot bind queue \(name)")
  }

  /// How deep a queue is; `nil` when it does not exist.
  public func depth(of queue: String) throws(AMQPError) -> QueueDepth? {
    let state = try link.opened()
    let declared = try withBytes(queue) { name throws(AMQPError) in
      amqp_queue_declare(state, AMQPLink.channel, name, 1, 0, 0, 0, amqp_table_t())
    }
    do {
      try checkAndConfirm("cannot look at queue \(queue)")
    } catch  where error.kind == .noSuchQueue {
      return nil
    }
    return declared.map { QueueDepth(ready: Int($0.pointee.message_count)) }
  }

  /// Publishes a persistent message; returns once the broker has confirmed that it is on a queue.
  public func publish(_ body: [UInt8], exchange: String, routingKey: String) async throws(AMQPError) {
    while unconfirmed.count >= window || isBlocked, link.state != nil {
      await withCheckedContinuation { waiters.append($0) }
    }
    let tag = nextTag
    try write(body, exchange: exchange, routingKey: routingKey, messageID: tag)
    nextTag += 1
    let outcome = await withCheckedContinuation { unconfirmed[tag] = $0 }
    try outcome.get()
  }

  private func write(
    _ body: [UInt8], exchange: String, routingKey: String, messageID: UInt64
  ) throws(AMQPError) {
    let state = try link.opened()
    let status = try withBytes(exchange) { exchange throws(AMQPError) in
      try withBytes(routingKey) { key throws(AMQPError) in
        try withBytes(String(messageID)) { id throws(AMQPError) in
          var properties = amqp_basic_properties_t()
          properties._flags = amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG)
          properties.delivery_mode = 2
          properties.message_id = id
          return body.withUnsafeBytes { bytes in
            amqp_basic_publish(
              state, AMQPLink.channel, exchange, key, 1, 0, &properties,
              amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress)))
          }
        }
      }
    }
    guard status == AMQP_STATUS_OK.rawValue else {
      let error = link.error(.connectionLost, "the connection broke while publishing")
      link.abandon()
      fail(error)
      throw error
    }
  }

  /// Checks the answer to a call. A channel that was closed takes its unconfirmed messages and its confirm mode along.
  private func checkAndConfirm(_ what: String) throws(AMQPError) {
    do {
      try link.check(what)
    } catch {
      fail(error)
      if link.state != nil, (try? link.openChannel()) != nil, let state = link.state {
        (nextTag, lowestTag) = (1, 1)
        amqp_confirm_select(state, AMQPLink.channel)
        // If this fails, so does the next call, which says so.
        try? link.check("cannot turn publisher confirms on")
      }
      throw error
    }
  }

  /// Takes what the broker has sent: confirms, returns, alarms, the end.
  private func drain() {
    guard link.state != nil else { return }
    let isAlive = link.drain { frame in take(frame) }
    if !isAlive {
      link.abandon()
      fail(link.error(.connectionLost, "the connection broke"))
    }
    wakeWaiters()
  }

  private func take(_ frame: amqp_frame_t) {
    if frame.frame_type == UInt8(AMQP_FRAME_HEADER) {
      // The header of a returned message: its id says which one it was.
      if let decoded = frame.payload.properties.decoded {
        let properties = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
        if let tag = UInt64(properties.message_id.string) { unroutable.insert(tag) }
      }
      return
    }
    guard frame.frame_type == UInt8(AMQP_FRAME_METHOD), let decoded = frame.payload.method.decoded else { return }
    switch frame.payload.method.id {
    case AMQPLink.basicAck:
      let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
      settle(ack.delivery_tag, multiple: ack.multiple != 0, .success(()))
    case AMQPLink.basicNack:
      let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
      let error = link.error(.nacked, "the broker could not take a message")
      settle(nack.delivery_tag, multiple: nack.multiple != 0, .failure(error))
    case AMQPLink.connectionBlocked: isBlocked = true
    case AMQPLink.connectionUnblocked: isBlocked = false
    case AMQPLink.channelClose:
      link.channelClosedByBroker()
      fail(link.error(.channelClosed, "the broker closed the channel"))
      try? connect()
    case AMQPLink.connectionClose:
      link.abandon()
      fail(link.error(.connectionLost, "the broker closed the connection"))
    default: break
    }
  }

  private func settle(_ tag: UInt64, multiple: Bool, _ outcome: Result<Void, AMQPError>) {
    let first = multiple ? min(lowestTag, tag) : tag
    for settled in first...tag {
      guard let waiting = unconfirmed.removeValue(forKey: settled) else { continue }
      let wasReturned = unroutable.remove(settled) != nil
      waiting.resume(
        returning: wasReturned ? .failure(link.error(.unroutable, "no queue takes the message")) : outcome)
    }
    if multiple { lowestTag = tag + 1 }
  }

  /// Ends everything that waits.
  private func fail(_ error: AMQPError) {
    let lost = unconfirmed.values
    unconfirmed = [:]
    unroutable = []
    for waiting in lost { waiting.resume(returning: .failure(error)) }
    wakeWaiters()
  }

  private func wakeWaiters() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.resume() }
  }
}

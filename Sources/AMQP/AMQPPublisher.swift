import CRabbitMQ
import ThreadExecutor

/// Publishes with confirms, on a connection of its own, so that a broker that blocks publishers cannot stop anything
/// else.
public actor AMQPPublisher {
  /// Messages go out on one channel; questions and declarations, which the broker answers with closing the channel
  /// when it does not like them, on another.
  static let messages: amqp_channel_t = 1
  static let questions: amqp_channel_t = 2

  let link: AMQPLink
  private nonisolated let executor: ThreadExecutor
  private let timeout: Duration
  private let onBlocked: @Sendable (String?) -> Void
  private var outbox: Outbox
  /// Whether the broker has refused a message on the channel as it is.
  private var wasRefused = false
  private var callers: [Outbox.Ticket: CheckedContinuation<Result<Outbox.Outcome, AMQPError>, Never>] = [:]

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A publisher that is not connected yet.
  /// - Parameters:
  ///   - window: messages that may be unconfirmed at once; further callers wait.
  ///   - timeout: how long a caller waits for its confirm at most.
  ///   - onBlocked: told why the broker takes no messages any more, and with `nil` that it takes them again.
  public init(
    _ configuration: AMQPConfiguration, window: Int = 256, timeout: Duration = .seconds(30),
    onBlocked: @escaping @Sendable (String?) -> Void = { _ in }
  ) {
    let link = AMQPLink(configuration)
    self.link = link
    self.timeout = timeout
    self.onBlocked = onBlocked
    outbox = Outbox(window: window)
    executor = ThreadExecutor(name: "amqp-publish", wait: { link.turn() }, wake: { link.wake() })
  }

  isolated deinit {
    link.close()
    executor.stop()
  }

  // MARK: Connection

  /// Connects, anew if there was a connection. Whoever waits for a confirm then is told that the connection was lost.
  public func connect() throws(AMQPError) {
    fail(outbox.forgetAll(), link.error(.connectionLost, "connecting anew"))
    try link.open()
    do {
      try openMessages()
    } catch {
      link.abandon()
      throw error
    }
    link.onTurn = { [weak self] in self?.assumeIsolated { $0.serve() } }
    serve()
  }

  private func openMessages() throws(AMQPError) {
    wasRefused = false
    let state = try link.opened(Self.messages)
    amqp_confirm_select(state, Self.messages)
    try link.check(Self.messages, "cannot turn publisher confirms on")
  }

  /// Whether there is a connection.
  public var isConnected: Bool { link.state != nil }

  /// Whether the broker takes no messages for now: it is short of memory or disk.
  ///
  /// RabbitMQ: says so to a connection once that publishes.
  public var isBlocked: Bool { link.blocked != nil }

  /// Closes the connection.
  public func close() {
    fail(outbox.forgetAll(), link.error(.connectionLost, "closed"))
    link.close()
  }

  /// Callers that wait for their confirm.
  var waiting: Int { callers.count }

  // MARK: Publishing

  /// Publishes a persistent message; returns once the broker has confirmed that it is on its queues.
  ///
  /// Callers are served in order. After a timeout, a cancellation or a lost connection the message may or may not be
  /// on its queues.
  /// - Parameter isMandatory: whether it is an error that no queue takes the message.
  /// - Throws: `unroutable`, `nacked`, `timeout`, `connectionLost`, `channelClosed`, `cancelled`.
  public func publish(
    _ message: AMQPMessage, exchange: String, routingKey: String, isMandatory: Bool = true
  ) async throws(AMQPError) {
    guard link.state != nil else { throw link.error(.connectionLost, "not connected") }
    let ticket = outbox.add(
      message, exchange: exchange, routingKey: routingKey, isMandatory: isMandatory,
      deadline: .now.advanced(by: timeout))
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { caller in
        callers[ticket] = caller
        pump()
      }
    } onCancel: {
      Task { await self.cancel(ticket) }
    }
    switch try result.get() {
    case .confirmed: return
    case .unroutable: throw link.error(.unroutable, "no queue takes what is published as '\(routingKey)'")
    case .nacked: throw link.error(.nacked, "the broker could not take what was published as '\(routingKey)'")
    case .timedOut:
      let why = link.blocked.map { "takes nothing for now: \($0)" } ?? "did not confirm in time"
      throw link.error(.timeout, "the broker \(why)")
    }
  }

  private func cancel(_ ticket: Outbox.Ticket) {
    guard callers[ticket] != nil else { return }
    outbox.cancel(ticket)
    fail([ticket], link.error(.cancelled, "cancelled while publishing"))
    pump()
  }

  /// Writes as long as there are messages, the window is open, and the broker reads.
  private func pump() {
    link.wantsRoom = false
    if wasRefused, !outbox.isAwaited, link.state != nil, link.blocked == nil { return reopenMessages() }
    while let state = link.state, link.blocked == nil, !wasRefused {
      guard link.hasRoom else {
        link.wantsRoom = true
        break
      }
      guard let (departure, tag) = outbox.next() else { break }
      let status = write(departure, tag: tag, to: state)
      guard status == AMQP_STATUS_OK.rawValue else {
        let text = String(cString: amqp_error_string2(status))
        link.abandon()
        fail(outbox.forgetAll(), link.error(.connectionLost, "the connection broke while publishing: \(text)"))
        break
      }
    }
    link.ticks = !callers.isEmpty
  }

  /// Begins a new channel once nobody waits for a confirm on the old one.
  ///
  /// RabbitMQ 3.10: a channel to which a quorum queue has refused a message may refuse by itself what follows, long
  /// after the queue has room again.
  private func reopenMessages() {
    _ = outbox.forgetInFlight()
    do {
      try link.closeChannel(Self.messages)
      try openMessages()
    } catch {
      fail(outbox.forgetAll(), error)
    }
    // The library keeps what the broker says meanwhile: nothing on the socket would tell of it.
    serve()
  }

  private func write(_ departure: Outbox.Departure, tag: UInt64, to state: amqp_connection_state_t) -> Int32 {
    let message = departure.message
    return withBytes(departure.exchange) { exchange in
      withBytes(departure.routingKey) { key in
        // Comes back with a returned message: pairs it with its confirm.
        withBytes(String(tag)) { tag in
          withBytes(message.messageID ?? "") { id in
            withBytes(message.contentType ?? "") { type in
              var properties = amqp_basic_properties_t()
              var flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG
              if message.messageID != nil { flags |= AMQP_BASIC_MESSAGE_ID_FLAG }
              if message.contentType != nil { flags |= AMQP_BASIC_CONTENT_TYPE_FLAG }
              properties._flags = amqp_flags_t(flags)
              properties.delivery_mode = 2
              (properties.correlation_id, properties.message_id, properties.content_type) = (tag, id, type)
              return message.body.withUnsafeBytes { body in
                amqp_basic_publish(
                  state, Self.messages, exchange, key, departure.isMandatory ? 1 : 0, 0, &properties,
                  amqp_bytes_t(lending: body))
              }
            }
          }
        }
      }
    }
  }

  // MARK: What the broker says

  /// Takes what the broker has said by itself, gives up what took too long, and writes what there is room for.
  func serve() {
    for event in link.drain() { take(event) }
    if !callers.isEmpty { finish(outbox.expire(at: .now)) }
    pump()
  }

  private func take(_ event: AMQPEvent) {
    switch event {
    case .confirmed(let tag, let multiple):
      finish(outbox.settle(tag, multiple: multiple, isAcknowledged: true))
    case .refused(let tag, let multiple):
      wasRefused = true
      finish(outbox.settle(tag, multiple: multiple, isAcknowledged: false))
    case .returned(let correlationID):
      if let tag = UInt64(correlationID) { outbox.markReturned(tag) }
    case .channelClosed(Self.messages, let code, let text):
      fail(outbox.forgetInFlight(), link.error(.channelClosed, "the broker closed the channel: \(text)", code: code))
      do { try openMessages() } catch { fail(outbox.forgetAll(), error) }
    case .connectionClosed(let code, let text):
      fail(outbox.forgetAll(), link.error(.connectionLost, "the connection broke: \(text)", code: code))
    case .blocked(let reason): onBlocked(reason)
    case .unblocked: onBlocked(nil)
    case .channelClosed: break
    }
  }

  private func finish(_ outcomes: [(Outbox.Ticket, Outbox.Outcome)]) {
    for (ticket, outcome) in outcomes { callers.removeValue(forKey: ticket)?.resume(returning: .success(outcome)) }
  }

  private func fail(_ tickets: [Outbox.Ticket], _ error: AMQPError) {
    for ticket in tickets { callers.removeValue(forKey: ticket)?.resume(returning: .failure(error)) }
  }
}

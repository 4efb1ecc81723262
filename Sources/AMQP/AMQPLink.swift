import CRabbitMQ
import Foundation

/// One connection as rabbitmq-c has it, its channels, and the wait between its owner's jobs.
///
/// Confined to the thread of one actor's executor: `turn` is called there between jobs, the rest by the actor's
/// jobs. Only `wake` may be called from any thread.
// Sendable: by the sentence above; `event` is immutable.
final class AMQPLink: @unchecked Sendable {
  private static let connectSeconds = 10
  private static let answerSeconds = 20
  private static let farewellSeconds = 1

  let configuration: AMQPConfiguration
  /// Owned: made by `open`, freed by `close`.
  private(set) var state: amqp_connection_state_t?
  /// The open channels, each with a number that no other opening has: what was received on an earlier one means
  /// nothing to it.
  private var epochs: [amqp_channel_t: Int] = [:]
  private var lastEpoch = 0
  /// The reason why the broker reads nothing from this connection, if so.
  private(set) var blocked: String?

  /// Called between jobs when there is I/O, and when time has passed.
  var onTurn: (() -> Void)?
  /// Whether the owner waits for room to write.
  var wantsRoom = false
  /// Whether the owner has something to do each second.
  var ticks = false
  private let event = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
  private var lastTurn = ContinuousClock.now

  init(_ configuration: AMQPConfiguration) { self.configuration = configuration }

  deinit {
    close()
    _ = Glibc.close(event)
  }

  // MARK: Waiting

  /// Waits for the broker, for `wake`, or until a heartbeat or a tick is due.
  func turn() {
    var sources = [
      pollfd(fd: event, events: Int16(POLLIN), revents: 0),
      pollfd(fd: socket, events: Int16(POLLIN | (wantsRoom ? POLLOUT : 0)), revents: 0),
    ]
    // A heartbeat is sent when half its time has passed: looked for more often than that.
    let patience = min(configuration.heartbeat * 1000 / 4, ticks ? 1000 : .max)
    poll(&sources, nfds_t(sources.count), Int32(patience))
    if sources[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(event, &count, MemoryLayout.size(ofValue: count))
    }
    let now = ContinuousClock.now
    guard sources[1].revents != 0 || now - lastTurn >= .milliseconds(patience) else { return }
    lastTurn = now
    onTurn?()
  }

  /// Ends a wait, or the next one.
  func wake() {
    var one: UInt64 = 1
    _ = write(event, &one, MemoryLayout.size(ofValue: one))
  }

  private var socket: Int32 { state.map { amqp_get_sockfd($0) } ?? -1 }

  /// Whether a small message can be written without waiting for the broker to read.
  var hasRoom: Bool {
    var source = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    // Trouble counts as room: writing then fails, and says why.
    return poll(&source, 1, 0) != 0
  }

  // MARK: Connection

  /// Connects and logs in, anew if there was a connection.
  func open() throws(AMQPError) {
    close()
    guard let fresh = amqp_new_connection() else { throw error(.connect, "out of memory") }
    state = fresh
    do {
      try connect(fresh)
      try login(fresh)
    } catch {
      abandon()
      throw error
    }
  }

  private func connect(_ state: amqp_connection_state_t) throws(AMQPError) {
    let plug = configuration.usesTLS ? try tlsSocket(state) : amqp_tcp_socket_new(state)
    guard let plug else { throw error(.connect, "cannot make a socket") }
    var limit = timeval(tv_sec: Self.connectSeconds, tv_usec: 0)
    let status = amqp_socket_open_noblock(plug, configuration.host, Int32(configuration.port), &limit)
    guard status == AMQP_STATUS_OK.rawValue else {
      throw error(Self.isTLS(status) ? .tls : .connect, "cannot connect: \(Self.text(status))")
    }
    var answer = timeval(tv_sec: Self.answerSeconds, tv_usec: 0)
    amqp_set_rpc_timeout(state, &answer)
    // A broker in an alarm does not read, and the library waits without end for room to write. The system then ends
    // the connection, even though the broker still answers for its closed window (Linux: tcp(7), TCP_USER_TIMEOUT).
    var patience = UInt32(Self.answerSeconds * 1000)
    setsockopt(
      amqp_get_sockfd(state), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience,
      socklen_t(MemoryLayout.size(ofValue: patience)))
  }

  private func tlsSocket(_ state: amqp_connection_state_t) throws(AMQPError) -> OpaquePointer? {
    guard let plug = amqp_ssl_socket_new(state) else { return nil }
    amqp_ssl_socket_set_verify_peer(plug, 1)
    amqp_ssl_socket_set_verify_hostname(plug, 1)
    amqp_ssl_socket_set_ssl_versions(plug, AMQP_TLSv1_2, AMQP_TLSvLATEST)
    let file = configuration.authorityFile ?? "/etc/ssl/certs/ca-certificates.crt"
    guard amqp_ssl_socket_set_cacert(plug, file) == AMQP_STATUS_OK.rawValue else {
      throw error(.tls, "cannot read the certificates in \(file)")
    }
    return plug
  }

  private func login(_ state: amqp_connection_state_t) throws(AMQPError) {
    let reply = crmsync_amqp_login(
      state, configuration.virtualHost, Int32(configuration.heartbeat), configuration.name, configuration.user,
      configuration.password)
    guard reply.reply_type != AMQP_RESPONSE_NORMAL else { return }
    let answer = AMQPAnswer(reply)
    // RabbitMQ: 403 during login is the password, afterwards it is the virtual host, which is 530 if it is not there.
    let kind: AMQPError.Kind =
      switch answer.code {
      case 403 where answer.text.contains("Login was refused"): .authentication
      case 403, 530: .accessRefused
      default: .connect
      }
    throw error(kind, "cannot log in: \(answer.text)", code: answer.code)
  }

  /// Takes leave of the broker and closes the connection.
  func close() {
    if let state, blocked == nil {
      var patience = timeval(tv_sec: Self.farewellSeconds, tv_usec: 0)
      amqp_set_rpc_timeout(state, &patience)
      // A farewell on a broken connection fails, which changes nothing.
      amqp_connection_close(state, Int32(AMQP_REPLY_SUCCESS))
    }
    abandon()
  }

  /// Closes a connection that is of no more use, without a farewell.
  func abandon() {
    epochs = [:]
    blocked = nil
    wantsRoom = false
    guard let state else { return }
    self.state = nil
    amqp_destroy_connection(state)
  }

  // MARK: Channels

  /// The connection, with that channel open.
  func opened(_ channel: amqp_channel_t) throws(AMQPError) -> amqp_connection_state_t {
    guard let state else { throw error(.connectionLost, "not connected") }
    guard epochs[channel] == nil else { return state }
    // The broker would not hear it, and the answer be waited for in vain.
    if let blocked { throw error(.timeout, "the broker takes nothing for now: \(blocked)") }
    amqp_channel_open(state, channel)
    try check(channel, "cannot open a channel")
    lastEpoch += 1
    epochs[channel] = lastEpoch
    return state
  }

  /// Closes a channel; asking for it opens it afresh.
  func closeChannel(_ channel: amqp_channel_t) throws(AMQPError) {
    guard let state, epochs[channel] != nil else { return }
    let reply = amqp_channel_close(state, channel, Int32(AMQP_REPLY_SUCCESS))
    epochs[channel] = nil
    try check(reply, channel, "cannot close a channel")
  }

  /// Which opening of a channel this is; `nil` when it is closed.
  func epoch(of channel: amqp_channel_t) -> Int? { epochs[channel] }

  /// Answers the broker's close of a channel; without that it cannot be opened again.
  private func channelClosedByBroker(_ channel: amqp_channel_t) {
    epochs[channel] = nil
    guard let state else { return }
    var answer = amqp_channel_close_ok_t()
    amqp_send_method(state, channel, Method.channelCloseOK, &answer)
  }

  private func connectionClosedByBroker() {
    if let state {
      var answer = amqp_connection_close_ok_t()
      amqp_send_method(state, 0, Method.connectionCloseOK, &answer)
    }
    abandon()
  }

  // MARK: Answers

  /// Checks the answer to the call just made.
  func check(_ channel: amqp_channel_t, _ what: String) throws(AMQPError) {
    guard let state else { throw error(.connectionLost, "\(what): not connected") }
    try check(amqp_get_rpc_reply(state), channel, what)
  }

  /// Checks an answer. A channel that the broker closed can be opened again afterwards; a broken connection is closed.
  func check(_ reply: amqp_rpc_reply_t, _ channel: amqp_channel_t, _ what: String) throws(AMQPError) {
    guard reply.reply_type != AMQP_RESPONSE_NORMAL else { return }
    let answer = AMQPAnswer(reply)
    switch answer.end {
    case .channel: channelClosedByBroker(channel)
    case .connection: connectionClosedByBroker()
    case .library: abandon()
    }
    throw error(answer.kind, "\(what): \(answer.text)", code: answer.code)
  }

  /// Reads what the broker has said by itself, and does what the connection itself needs.
  /// - Returns: what was said, in order; the last one may be that the connection is gone.
  func drain() -> [AMQPEvent] {
    var events: [AMQPEvent] = []
    while let state {
      var frame = amqp_frame_t()
      var now = timeval()
      let status = amqp_simple_wait_frame_noblock(state, &frame, &now)
      if status == AMQP_STATUS_TIMEOUT.rawValue { break }
      guard status == AMQP_STATUS_OK.rawValue else {
        abandon()
        events.append(.connectionClosed(code: 0, text: Self.text(status)))
        break
      }
      let event = AMQPEvent(frame)
      // The frame's contents live until here.
      amqp_maybe_release_buffers(state)
      guard let event else { continue }
      events.append(event)
      obey(event)
    }
    return events
  }

  private func obey(_ event: AMQPEvent) {
    switch event {
    case .channelClosed(let channel, _, _): channelClosedByBroker(channel)
    case .connectionClosed: connectionClosedByBroker()
    case .blocked(let reason): blocked = reason
    case .unblocked: blocked = nil
    case .confirmed, .refused, .returned: break
    }
  }

  func error(_ kind: AMQPError.Kind, _ what: String, code: Int? = nil) -> AMQPError {
    AMQPError(kind: kind, what: what, replyCode: code, broker: configuration.description)
  }

  private static func text(_ status: Int32) -> String { String(cString: amqp_error_string2(status)) }

  private static func isTLS(_ status: Int32) -> Bool {
    (AMQP_STATUS_SSL_SET_ENGINE_FAILED.rawValue...AMQP_STATUS_SSL_ERROR.rawValue).contains(status)
  }
}

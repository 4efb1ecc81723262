import CRabbitMQ
import Foundation

/// One connection with one channel, as rabbitmq-c has it, and the wait between its owner's jobs.
///
/// Confined to the thread of one actor's executor: `turn` is called there between jobs, the rest by the actor's
/// jobs. Only `wake` may be called from any thread.
// Sendable: by the sentence above.
final class AMQPLink: @unchecked Sendable {
  static let channel: amqp_channel_t = 1
  private static let connectSeconds = 10
  private static let answerSeconds = 20

  let configuration: AMQPConfiguration
  /// Owned: made by `open`, freed by `close`.
  private(set) var state: amqp_connection_state_t?
  /// Rises with each connection: deliveries and confirms of an earlier one mean nothing to a later one.
  private(set) var generation = 0
  private(set) var channelIsOpen = false
  /// Called between jobs when the broker has sent something, or a heartbeat may be due.
  var onReadable: (() -> Void)?
  private let event = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))

  init(_ configuration: AMQPConfiguration) { self.configuration = configuration }

  deinit {
    close()
    _ = Glibc.close(event)
  }

  /// Waits for the broker, for `wake`, or until a heartbeat is due.
  func turn() {
    var sources = [
      pollfd(fd: event, events: Int16(POLLIN), revents: 0),
      pollfd(fd: state.map { amqp_get_sockfd($0) } ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let ready = poll(&sources, nfds_t(sources.count), Int32(configuration.heartbeat * 1000 / 3))
    if sources[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(event, &count, 8)
    }
    if ready == 0 || sources[1].revents != 0 { onReadable?() }
  }

  func wake() {
    var one: UInt64 = 1
    _ = write(event, &one, 8)
  }

  /// Opens connection and channel, anew if they were open.
  func open() throws(AMQPError) {
    close()
    guard let fresh = amqp_new_connection() else { throw error(.connect, "out of memory") }
    state = fresh
    do {
      try connect(fresh)
      try login(fresh)
      try openChannel()
    } catch {
      close()
      throw error
    }
    generation += 1
  }

  private func connect(_ state: amqp_connection_state_t) throws(AMQPError) {
    let socket = configuration.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state)
    guard let socket else { throw error(.connect, "cannot make a socket") }
    if configuration.usesTLS {
      amqp_ssl_socket_set_verify_peer(socket, 1)
      amqp_ssl_socket_set_verify_hostname(socket, 1)
      let file = configuration.caFile ?? "/etc/ssl/certs/ca-certificates.crt"
      guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
        throw error(.connect, "cannot read the certificates in \(file)")
      }
    }
    var limit = timeval(tv_sec: Self.connectSeconds, tv_usec: 0)
    let status = amqp_socket_open_noblock(socket, configuration.host, Int32(configuration.port), &limit)
    guard status == AMQP_STATUS_OK.rawValue else {
      throw error(.connect, "cannot connect: \(Self.text(status)); check that the broker runs and the URL is right")
    }
    var answer = timeval(tv_sec: Self.answerSeconds, tv_usec: 0)
    amqp_set_rpc_timeout(state, &answer)
  }

  private func login(_ state: amqp_connection_state_t) throws(AMQPError) {
    let reply = crmsync_amqp_login(
      state, configuration.virtualHost, Int32(configuration.heartbeat), configuration.name, configuration.user,
      configuration.password)
    guard reply.reply_type != AMQP_RESPONSE_NORMAL else { return }
    let lost =
      reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
      && reply.library_error != AMQP_STATUS_CONNECTION_CLOSED.rawValue
    throw error(
      lost ? .connect : .refused,
      "login refused: \(text(of: reply)); check user, password, virtual host and permissions")
  }

  /// Opens the channel, again after the broker has closed it.
  func openChannel() throws(AMQPError) {
    guard let state else { throw error(.connectionLost, "not connected") }
    amqp_channel_open(state, Self.channel)
    try check("cannot open a channel")
    channelIsOpen = true
  }

  func close() {
    guard let state else { return }
    // A farewell on a broken connection fails, which changes nothing.
    if channelIsOpen { amqp_connection_close(state, Int32(AMQP_REPLY_SUCCESS)) }
    amqp_destroy_connection(state)
    self.state = nil
    channelIsOpen = false
  }

  /// The open connection.
  func opened() throws(AMQPError) -> amqp_connection_state_t {
    guard let state else { throw error(.connectionLost, "not connected") }
    if !channelIsOpen { try openChannel() }
    return state
  }

  /// Checks the answer to the call just made.
  func check(_ what: String) throws(AMQPError) {
    guard let state else { throw error(.connectionLost, what) }
    try check(amqp_get_rpc_reply(state), what)
  }

  /// Checks an answer. A channel that the broker closed is acknowledged, so that it can be opened again; a broken
  /// connection is closed.
  func check(_ reply: amqp_rpc_reply_t, _ what: String) throws(AMQPError) {
    guard reply.reply_type != AMQP_RESPONSE_NORMAL else { return }
    let message = "\(what): \(text(of: reply))"
    if reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, reply.reply.id == Self.channelClose {
      let code = closeCode(of: reply)
      channelClosedByBroker()
      throw error(code == 404 ? .noSuchQueue : code == 403 ? .refused : .channelClosed, message)
    }
    let isTimeout =
      reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_TIMEOUT.rawValue
    abandon()
    throw error(isTimeout ? .timeout : .connectionLost, message)
  }

  /// Closes a connection that is of no more use, without a farewell.
  func abandon() {
    channelIsOpen = false
    close()
  }

  /// Answers the broker's close of the channel; without that it cannot be opened again.
  func channelClosedByBroker() {
    channelIsOpen = false
    guard let state else { return }
    var answer = amqp_channel_close_ok_t()
    amqp_send_method(state, Self.channel, Self.channelCloseOK, &answer)
  }

  /// Reads frames that came by themselves and hands them over, until there are none.
  /// - Returns: `false` when the connection broke.
  func drain(_ take: (amqp_frame_t) -> Void) -> Bool {
    guard let state else { return false }
    while true {
      var frame = amqp_frame_t()
      var now = timeval()
      let status = amqp_simple_wait_frame_noblock(state, &frame, &now)
      if status == AMQP_STATUS_TIMEOUT.rawValue { break }
      guard status == AMQP_STATUS_OK.rawValue else { return false }
      take(frame)
      // The frame's contents live until here.
      amqp_maybe_release_buffers(state)
      if self.state == nil { return false }
    }
    return true
  }

  func error(_ kind: AMQPError.Kind, _ what: String) -> AMQPError {
    AMQPError(kind: kind, what: what, broker: configuration.description)
  }

  private func closeCode(of reply: amqp_rpc_reply_t) -> UInt16 {
    reply.reply.decoded.map { $0.assumingMemoryBound(to: amqp_channel_close_t.self).pointee.reply_code } ?? 0
  }

  private func text(of reply: amqp_rpc_reply_t) -> String {
    switch reply.reply_type {
    case AMQP_RESPONSE_LIBRARY_EXCEPTION: return Self.text(reply.library_error)
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      guard let decoded = reply.reply.decoded else { return "the broker closed" }
      if reply.reply.id == Self.channelClose {
        return decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee.reply_text.string
      }
      if reply.reply.id == Self.connectionClose {
        return decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee.reply_text.string
      }
      return "the broker closed"
    default: return "no answer"
    }
  }

  private static func text(_ status: Int32) -> String { String(cString: amqp_error_string2(status)) }

  // Method numbers of AMQP 0-9-1.
  static let channelClose: amqp_method_number_t = 0x0014_0028
  static let channelCloseOK: amqp_method_number_t = 0x0014_0029
  static let connectionClose: amqp_method_number_t = 0x000A_0032
  static let connectionBlocked: amqp_method_number_t = 0x000A_003C
  static let connectionUnblocked: amqp_method_number_t = 0x000A_003D
  static let basicReturn: amqp_method_number_t = 0x003C_0032
  static let basicGetOK: amqp_method_number_t = 0x003C_0047
  static let basicAck: amqp_method_number_t = 0x003C_0050
  static let basicNack: amqp_method_number_t = 0x003C_0078
}

extension amqp_bytes_t {
  /// The bytes as text, copied.
  var string: String { String(decoding: UnsafeRawBufferPointer(start: bytes, count: len), as: UTF8.self) }
}

/// Lends a text to a call as the library's bytes, which borrow it.
func withBytes<R>(_ text: String, _ body: (amqp_bytes_t) throws(AMQPError) -> R) throws(AMQPError) -> R {
  let copy = Array(text.utf8)
  let result = copy.withUnsafeBytes { buffer in
    Result { () throws(AMQPError) in
      try body(amqp_bytes_t(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress)))
    }
  }
  return try result.get()
}

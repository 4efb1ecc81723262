import CRabbitMQ

/// What a broker says without being asked.
enum AMQPEvent: Equatable {
  /// It has taken responsibility for a message, or, with `multiple`, for all up to it.
  case confirmed(tag: UInt64, multiple: Bool)
  /// It could not.
  case refused(tag: UInt64, multiple: Bool)
  /// No queue took the message with this correlation id. Its confirm follows.
  case returned(correlationID: String)
  case channelClosed(amqp_channel_t, code: Int, text: String)
  case connectionClosed(code: Int, text: String)
  /// It reads no more from this connection until `unblocked`.
  case blocked(reason: String)
  case unblocked

  /// Reads a frame, whose contents may go away afterwards; `nil` when it says nothing new.
  init?(_ frame: amqp_frame_t) {
    switch Int32(frame.frame_type) {
    case AMQP_FRAME_HEADER:
      // Nothing is consumed by subscription, so content that comes by itself is a returned message.
      guard let decoded = frame.payload.properties.decoded else { return nil }
      let properties = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
      guard properties._flags & amqp_flags_t(AMQP_BASIC_CORRELATION_ID_FLAG) != 0 else { return nil }
      self = .returned(correlationID: properties.correlation_id.string)
    case AMQP_FRAME_METHOD:
      self.init(frame.payload.method, on: frame.channel)
    default: return nil
    }
  }

  private init?(_ method: amqp_method_t, on channel: amqp_channel_t) {
    guard let decoded = method.decoded else { return nil }
    func read<T>(_ type: T.Type) -> T { decoded.assumingMemoryBound(to: type).pointee }
    switch method.id {
    case Method.basicAck:
      let ack = read(amqp_basic_ack_t.self)
      self = .confirmed(tag: ack.delivery_tag, multiple: ack.multiple != 0)
    case Method.basicNack:
      let nack = read(amqp_basic_nack_t.self)
      self = .refused(tag: nack.delivery_tag, multiple: nack.multiple != 0)
    case Method.channelClose:
      let close = read(amqp_channel_close_t.self)
      self = .channelClosed(channel, code: Int(close.reply_code), text: close.reply_text.string)
    case Method.connectionClose:
      let close = read(amqp_connection_close_t.self)
      self = .connectionClosed(code: Int(close.reply_code), text: close.reply_text.string)
    case Method.connectionBlocked:
      self = .blocked(reason: read(amqp_connection_blocked_t.self).reason.string)
    case Method.connectionUnblocked: self = .unblocked
    default: return nil
    }
  }
}

/// Method numbers: class and method of AMQP 0-9-1, 16 bits each.
enum Method {
  static let connectionClose: amqp_method_number_t = 0x000A_0032
  static let connectionCloseOK: amqp_method_number_t = 0x000A_0033
  static let connectionBlocked: amqp_method_number_t = 0x000A_003C
  static let connectionUnblocked: amqp_method_number_t = 0x000A_003D
  static let channelClose: amqp_method_number_t = 0x0014_0028
  static let channelCloseOK: amqp_method_number_t = 0x0014_0029
  static let basicGetOK: amqp_method_number_t = 0x003C_0047
  static let basicAck: amqp_method_number_t = 0x003C_0050
  static let basicNack: amqp_method_number_t = 0x003C_0078
}

extension amqp_bytes_t {
  /// The bytes as text, copied.
  var string: String { String(decoding: UnsafeRawBufferPointer(start: bytes, count: len), as: UTF8.self) }
}

/// Lends a text to a call as the library's bytes, which borrow it.
func withBytes<R>(_ text: String, _ body: (amqp_bytes_t) -> R) -> R {
  Array(text.utf8).withUnsafeBytes { body(amqp_bytes_t(lending: $0)) }
}

extension amqp_bytes_t {
  /// Bytes that are valid as long as the buffer; the library does not write to what it is given to send.
  init(lending buffer: UnsafeRawBufferPointer) {
    self.init(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
  }
}

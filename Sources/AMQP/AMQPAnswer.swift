import CRabbitMQ

/// A failed call, as the broker or the library put it.
struct AMQPAnswer {
  /// What came to an end by it.
  enum End {
    case channel
    case connection
    /// No word from the broker: the connection is of no use.
    case library
  }

  let end: End
  let kind: AMQPError.Kind
  /// A reply code of AMQP 0-9-1.
  let code: Int?
  let text: String

  init(_ reply: amqp_rpc_reply_t) {
    guard reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, let decoded = reply.reply.decoded else {
      self.init(library: reply.library_error)
      return
    }
    switch reply.reply.id {
    case Method.channelClose:
      let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
      self.init(.channel, Int(close.reply_code), ofClass: close.class_id, close.reply_text.string)
    case Method.connectionClose:
      let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
      self.init(.connection, Int(close.reply_code), ofClass: close.class_id, close.reply_text.string)
    default: self.init(library: AMQP_STATUS_WRONG_METHOD.rawValue)
    }
  }

  private init(_ end: End, _ code: Int, ofClass number: UInt16, _ text: String) {
    self.end = end
    self.code = code
    self.text = text
    kind =
      switch code {
      case 403: .accessRefused
      case 404: .notFound
      // What is declared differs from what exists. Of other classes, 406 speaks of deliveries.
      case 405,
        406 where [40, 50].contains(number):
        .precondition
      default: end == .channel ? .channelClosed : .connectionLost
      }
  }

  private init(library status: Int32) {
    end = .library
    code = nil
    text = String(cString: amqp_error_string2(status))
    kind = status == AMQP_STATUS_TIMEOUT.rawValue ? .timeout : .connectionLost
  }
}

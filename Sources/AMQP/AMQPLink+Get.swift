import CRabbitMQ

extension AMQPLink {
  /// Takes the next message of a queue, or `nil` when there is none.
  func get(
    _ queue: String, on channel: amqp_channel_t, from state: amqp_connection_state_t, acknowledged: Bool
  ) throws(AMQPError) -> AMQPDelivery? {
    let reply = withBytes(queue) { amqp_basic_get(state, channel, $0, acknowledged ? 1 : 0) }
    try check(reply, channel, "cannot take from queue \(queue)")
    guard reply.reply.id == Method.basicGetOK, let decoded = reply.reply.decoded, let epoch = epoch(of: channel) else {
      return nil
    }
    let got = decoded.assumingMemoryBound(to: amqp_basic_get_ok_t.self).pointee
    var message = amqp_message_t()
    try check(amqp_read_message(state, channel, &message, 0), channel, "cannot read a message of queue \(queue)")
    // The message is the library's until here.
    defer { amqp_destroy_message(&message) }
    let hasID = message.properties._flags & amqp_flags_t(AMQP_BASIC_MESSAGE_ID_FLAG) != 0
    return AMQPDelivery(
      body: Array(UnsafeRawBufferPointer(start: message.body.bytes, count: message.body.len)),
      messageID: hasID ? message.properties.message_id.string : nil, isRedelivered: got.redelivered != 0,
      tag: got.delivery_tag, channel: channel, epoch: epoch)
  }
}

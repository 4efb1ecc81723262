import CRabbitMQ

extension AMQPPublisher {
  /// Declares a durable exchange.
  /// - Throws: `precondition` when there is another one of that name, `accessRefused`, and what any call throws.
  public func declareExchange(_ name: String, type: String) throws(AMQPError) {
    try ask("cannot declare exchange \(name)") { state in
      withBytes(name) { name in
        withBytes(type) { type in
          _ = amqp_exchange_declare(state, Self.questions, name, type, 0, 1, 0, 0, amqp_table_t())
        }
      }
    }
  }

  /// Declares a quorum queue and binds it to an exchange.
  /// - Throws: `precondition` when there is another one of that name, `accessRefused`, and what any call throws.
  public func declareQueue(
    _ name: String, deadLetterExchange: String?, boundTo exchange: String, routingKey: String
  ) throws(AMQPError) {
    try ask("cannot declare queue \(name)") { state in
      _ = crmsync_amqp_declare_quorum(state, Self.questions, name, deadLetterExchange)
    }
    try bind(name, to: exchange, routingKey: routingKey)
  }

  /// Declares a queue that this connection alone can use, and that ends with it.
  public func declareTemporaryQueue(_ name: String, boundTo exchange: String, routingKey: String) throws(AMQPError) {
    try ask("cannot declare queue \(name)") { state in
      withBytes(name) { name in _ = amqp_queue_declare(state, Self.questions, name, 0, 0, 1, 1, amqp_table_t()) }
    }
    try bind(name, to: exchange, routingKey: routingKey)
  }

  private func bind(_ queue: String, to exchange: String, routingKey: String) throws(AMQPError) {
    try ask("cannot bind queue \(queue) to exchange \(exchange)") { state in
      withBytes(queue) { queue in
        withBytes(exchange) { exchange in
          withBytes(routingKey) { key in
            _ = amqp_queue_bind(state, Self.questions, queue, exchange, key, amqp_table_t())
          }
        }
      }
    }
  }

  /// Deletes a queue with what is on it; one that does not exist is fine.
  public func deleteQueue(_ name: String) throws(AMQPError) {
    try ask("cannot delete queue \(name)") { state in
      withBytes(name) { name in _ = amqp_queue_delete(state, Self.questions, name, 0, 0) }
    }
  }

  /// How deep a queue is; `nil` when it does not exist.
  public func depth(of queue: String) throws(AMQPError) -> QueueDepth? {
    do {
      return try ask("cannot look at queue \(queue)") { state in
        let declared = withBytes(queue) { name in
          amqp_queue_declare(state, Self.questions, name, 1, 0, 0, 0, amqp_table_t())
        }
        return declared.map {
          QueueDepth(ready: Int($0.pointee.message_count), consumers: Int($0.pointee.consumer_count))
        }
      }
    } catch  where error.kind == .notFound {
      return nil
    }
  }

  /// Takes one message off a queue for good; `nil` when it is empty.
  public func take(from queue: String) throws(AMQPError) -> [UInt8]? {
    let state = try unblocked()
    defer { serve() }
    return try link.get(queue, on: Self.questions, from: state, acknowledged: true)?.body
  }

  /// Makes a call that the broker answers.
  private func ask<R>(_ what: String, _ call: (amqp_connection_state_t) -> R) throws(AMQPError) -> R {
    let state = try unblocked()
    // The library keeps what the broker says meanwhile: nothing on the socket would tell of it.
    defer { serve() }
    let answer = call(state)
    try link.check(Self.questions, what)
    return answer
  }

  /// A blocked broker does not hear a question, and the library would wait for the answer in vain.
  private func unblocked() throws(AMQPError) -> amqp_connection_state_t {
    serve()
    if let blocked = link.blocked { throw link.error(.timeout, "the broker takes nothing for now: \(blocked)") }
    return try link.opened(Self.questions)
  }
}

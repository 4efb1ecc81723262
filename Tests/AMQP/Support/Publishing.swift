import CRabbitMQ
import Testing

@testable import AMQP

extension AMQPPublisher {
  /// A connected publisher.
  static func connected(
    _ configuration: AMQPConfiguration, window: Int = 256, timeout: Duration = .seconds(30),
    onBlocked: @escaping @Sendable (String?) -> Void = { _ in }
  ) async throws -> AMQPPublisher {
    let publisher = AMQPPublisher(configuration, window: window, timeout: timeout, onBlocked: onBlocked)
    try await publisher.connect()
    return publisher
  }

  /// Declares a quorum queue that is bound by its name to the exchange of these tests.
  func declareTestQueue(_ queue: String, deadLetterExchange: String? = nil) throws {
    try declareExchange(Self.testExchange, type: "direct")
    try declareQueue(
      queue, deadLetterExchange: deadLetterExchange, boundTo: Self.testExchange, routingKey: queue)
  }

  static var testExchange: String { "test.direct" }

  /// Declares a classic queue that refuses what it has no room for.
  func declareRefusingQueue(_ queue: String, room: Int32) throws {
    let state = try link.opened(Self.questions)
    withBytes("x-max-length") { length in
      withBytes("x-overflow") { overflow in
        withBytes("reject-publish") { reject in
          var entries = [amqp_table_entry_t](repeating: amqp_table_entry_t(), count: 2)
          entries[0].key = length
          entries[0].value.kind = UInt8(AMQP_FIELD_KIND_I32.rawValue)
          entries[0].value.value.i32 = room
          entries[1].key = overflow
          entries[1].value.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
          entries[1].value.value.bytes = reject
          entries.withUnsafeMutableBufferPointer { entries in
            let table = amqp_table_t(num_entries: 2, entries: entries.baseAddress)
            _ = withBytes(queue) { amqp_queue_declare(state, Self.questions, $0, 0, 0, 1, 1, table) }
          }
        }
      }
    }
    try link.check(Self.questions, "cannot declare \(queue)")
  }

  /// Publishes several at once; how each ended.
  nonisolated func publishAll(_ keys: [String], body: [UInt8] = [1], exchange: String) async -> [AMQPError.Kind?] {
    await withTaskGroup(of: (Int, AMQPError.Kind?).self) { group in
      for (index, key) in keys.enumerated() {
        group.addTask {
          do throws(AMQPError) {
            try await self.publish(AMQPMessage(body), exchange: exchange, routingKey: key)
            return (index, nil)
          } catch {
            return (index, error.kind)
          }
        }
      }
      var kinds = [AMQPError.Kind?](repeating: nil, count: keys.count)
      for await (index, kind) in group { kinds[index] = kind }
      return kinds
    }
  }
}

/// The error that something throws.
func errorOf(_ body: () async throws -> Void) async -> AMQPError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? AMQPError
  }
}

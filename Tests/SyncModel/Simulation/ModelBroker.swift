/// What travels on the queue.
struct Message: Sendable {
  var job: Int
  var dispatch: Int64
}

/// A queue that may do to its messages whatever a broker may do.
struct ModelBroker: Sendable {
  private(set) var ready: [Message] = []

  mutating func publish(_ message: Message) { ready.append(message) }

  /// Hands a message out; any of them, when order is not kept.
  mutating func take(at index: Int) -> Message { ready.remove(at: index) }

  mutating func duplicate(at index: Int) { ready.append(ready[index]) }

  mutating func wipe() { ready.removeAll(keepingCapacity: true) }
}

/// Waits for something, and says what it was when it does not come.
func within<T: Sendable>(
  _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
  try await withThrowingTaskGroup(of: T.self) { group in
    group.addTask(operation: body)
    group.addTask {
      try await Task.sleep(for: limit)
      throw TooLate(what: what, limit: limit)
    }
    defer { group.cancelAll() }
    guard let first = try await group.next() else { throw CancellationError() }
    return first
  }
}

/// Waits until something holds that other tasks bring about.
func until(_ what: String, within limit: Duration = .seconds(10), _ holds: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now.advanced(by: limit)
  while try await !holds() {
    guard .now < deadline else { throw TooLate(what: what, limit: limit) }
    await Task.yield()
  }
}

struct TooLate: Error, CustomStringConvertible {
  let what: String
  let limit: Duration
  var description: String { "waited \(limit) for: \(what)" }
}

/// The next value of a stream; `nil` at its end.
func next<T: Sendable>(of stream: AsyncStream<T>) async -> T? {
  var iterator = stream.makeAsyncIterator()
  return await iterator.next()
}

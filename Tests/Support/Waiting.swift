/// What was waited for did not happen in time.
public struct TooLate: Error, CustomStringConvertible {
  public let description: String
}

/// Runs a body that must end in time.
///
/// Does not wait for a body that hangs even when it is cancelled: the test fails, and says what it waited for.
/// - Parameter report: what else there is to say when it comes too late.
public func within<R: Sendable>(
  _ limit: Duration, _ what: String, report: @escaping @Sendable () -> String = { "" },
  _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
  let outcome = AsyncThrowingStream<R, any Error>.makeStream()
  let work = Task {
    do {
      outcome.continuation.yield(try await body())
      outcome.continuation.finish()
    } catch {
      outcome.continuation.finish(throwing: error)
    }
  }
  // Not a wait for something to happen, but the limit of one: it ends with the body.
  let timer = Task {
    try await Task.sleep(for: limit)
    outcome.continuation.finish(throwing: TooLate(description: "waited \(limit) for \(what) \(report().suffix(3000))"))
  }
  defer {
    timer.cancel()
    work.cancel()
  }
  for try await value in outcome.stream { return value }
  throw CancellationError()
}

/// Gives way until something holds that other tasks or a server bring about.
public nonisolated(nonsending) func until(
  _ what: String, within limit: Duration = .seconds(10), _ holds: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now.advanced(by: limit)
  while try await !holds() {
    guard .now < deadline else { throw TooLate(description: "waited \(limit) for \(what)") }
    await Task.yield()
  }
}

/// Waits until something holds that other tasks or the broker bring about.
func until(_ what: String, within limit: Duration = .seconds(20), _ holds: () async throws -> Bool) async throws {
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

/// Does some work while a second task prolongs its lease; ends the work when the lease is lost.
///
/// Pages prolong the lease when they are committed. This is for what takes longer than a lease.
/// - Parameters:
///   - fenced: how the work has ended when the lease is lost.
///   - renew: prolongs the lease; `false` when it is no longer held.
///   - isAway: told of a renewal that could not be made: the lease outlives two of them.
func holding<Ending: Sendable>(
  lease: Duration, fenced: Ending, renew: @escaping @Sendable () async throws -> Bool,
  isAway: @escaping @Sendable (any Error) -> Void, _ work: @escaping @Sendable () async -> Ending
) async -> Ending {
  await withTaskGroup(of: Ending?.self) { group in
    group.addTask { await work() }
    group.addTask { await isLost(lease, renew, isAway) ? fenced : nil }
    defer { group.cancelAll() }
    while let ending = await group.next() {
      if let ending { return ending }
    }
    // Not reached: the work always ends with something.
    return fenced
  }
}

/// Prolongs a lease, three times within its length, until it is lost or the task is cancelled.
private func isLost(
  _ lease: Duration, _ renew: @Sendable () async throws -> Bool, _ isAway: @Sendable (any Error) -> Void
) async -> Bool {
  while true {
    do {
      // By time alone does a lease run out.
      try await Task.sleep(for: lease / 3)
      if try await !renew() { return true }
    } catch is CancellationError {
      return false
    } catch {
      isAway(error)
    }
  }
}

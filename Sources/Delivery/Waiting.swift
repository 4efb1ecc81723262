/// Waits in the slot, but no longer than until a stop: Marketo announces neither the end of an import nor that its window
/// has moved on.
func wait(_ pause: Duration, _ isStopping: @Sendable () -> Bool) async throws {
  let end = ContinuousClock.now + pause
  while ContinuousClock.now < end, !isStopping() {
    try await Task.sleep(for: min(.milliseconds(500), end - .now))
  }
}

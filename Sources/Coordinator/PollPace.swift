import Synchronization

/// When to ask after bulk jobs again: soon at first, then twice as late each time that nothing is new, since every
/// question is an API call.
final class PollPace: Sendable {
  private struct State {
    var misses = 0
    var next = ContinuousClock.now
    /// Questions in a row that brought an error, by bulk job.
    var refusals: [String: Int] = [:]
  }
  private let state = Mutex(State())
  private let first: Duration
  private let longest: Duration

  init(first: Duration = .milliseconds(100), longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// How long until the next question; zero when it is due.
  var wait: Duration { state.withLock { max(.zero, $0.next - .now) } }

  /// A question was answered.
  func asked(isNews: Bool) {
    state.withLock { state in
      state.misses = isNews ? 0 : min(state.misses + 1, 20)
      let doubled = first * Int(1 << state.misses)
      state.next = .now + min(longest, doubled)
    }
  }

  /// A question after a bulk job brought an error.
  /// - Returns: how many did in a row.
  func refused(_ bulkJob: String) -> Int {
    state.withLock { state in
      state.refusals[bulkJob, default: 0] += 1
      return state.refusals[bulkJob] ?? 0
    }
  }

  /// A question after a bulk job brought an answer, or the job is asked after no more.
  func answered(_ bulkJob: String) { state.withLock { $0.refusals[bulkJob] = nil } }
}

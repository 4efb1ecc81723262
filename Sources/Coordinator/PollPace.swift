import Synchronization

/// When to ask after bulk jobs again: soon at first, then twice as late each time that nothing is new, since every
/// question is an API call.
final class PollPace: Sendable {
  private struct State {
    var misses = 0
    var next = ContinuousClock.now
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
}

import NIOConcurrencyHelpers

/// Lets so many jobs run at once; others wait in the order in which they came.
final class Turnstile: Sendable {
  private struct State {
    var inside = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = NIOLockedValueBox(State())

  /// Returns when there is room; ``leave()`` has to follow.
  func enter(most: Int) async {
    await withCheckedContinuation { continuation in
      let now = state.withLockedValue { state in
        if state.inside < most {
          state.inside += 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if now { continuation.resume() }
    }
  }

  func leave() {
    let next = state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.inside -= 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }

  /// Lets all in that wait.
  func open() {
    let waiting = state.withLockedValue { state in
      defer { state.waiting = [] }
      state.inside += state.waiting.count
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

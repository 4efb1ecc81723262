import NIOConcurrencyHelpers

/// A point where work stops while a test wants it to, so that what overlaps does so for certain.
final class HoldPoint: Sendable {
  private struct State {
    var holds = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = NIOLockedValueBox(State())

  /// Goes on at once, or when the hold ends.
  func pass() async {
    await withCheckedContinuation { continuation in
      let goes = state.withLockedValue { state in
        if state.holds { state.waiting.append(continuation) }
        return !state.holds
      }
      if goes { continuation.resume() }
    }
  }

  func set(_ holds: Bool) {
    let released = state.withLockedValue { state in
      state.holds = holds
      guard !holds else { return [CheckedContinuation<Void, Never>]() }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in released { continuation.resume() }
  }

  var holds: Bool { state.withLockedValue { $0.holds } }
  /// How much waits there.
  var waiting: Int { state.withLockedValue { $0.waiting.count } }
}

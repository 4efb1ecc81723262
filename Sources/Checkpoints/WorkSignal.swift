import Synchronization

/// Wakes a loop that waits for work. Raised while nobody waits, it wakes the next wait at once.
public final class WorkSignal: Sendable {
  private struct State {
    var isRaised = false
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var next: UInt64 = 0
  }
  private let state = Mutex(State())

  /// A signal that is not raised.
  public init() {}

  /// Wakes everyone who waits, or the next who will.
  public func raise() {
    let woken = state.withLock { state in
      defer { state.waiting = [:] }
      state.isRaised = state.waiting.isEmpty
      return Array(state.waiting.values)
    }
    for continuation in woken { continuation.resume() }
  }

  /// Waits until the signal is raised, the time is over, or the task is cancelled.
  public func wait(atMost limit: Duration) async {
    let ticket = state.withLock { state in
      state.next += 1
      return state.next
    }
    let timer = Task {
      try? await Task.sleep(for: limit)
      wake(ticket)
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { state in
          if state.isRaised || Task.isCancelled {
            state.isRaised = false
            return true
          }
          state.waiting[ticket] = continuation
          return false
        }
        if now { continuation.resume() }
      }
    } onCancel: {
      wake(ticket)
    }
    timer.cancel()
  }

  private func wake(_ ticket: UInt64) {
    state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
  }
}

import Synchronization

/// Wakes a loop that waits for work. Raised while nobody waits, it wakes the next wait at once.
public final class WorkSignal: Sendable {
  /// A wait may end before its continuation is known: its time can be over by then.
  private enum Wait {
    case begun
    case over
    case waiting(CheckedContinuation<Void, Never>)
  }

  private struct State {
    var isRaised = false
    var waits: [UInt64: Wait] = [:]
    var next: UInt64 = 0
    var followers: [Follower] = []
  }

  private struct Follower {
    weak var signal: WorkSignal?
  }
  private let state = Mutex(State())

  /// A signal that is not raised.
  public init() {}

  /// A signal that is raised whenever this one is, for a loop of its own: of several loops that share a signal, one
  /// that is busy while others wait would miss it.
  public func follower() -> WorkSignal {
    let signal = WorkSignal()
    state.withLock { state in
      state.followers.removeAll { $0.signal == nil }
      state.followers.append(Follower(signal: signal))
    }
    return signal
  }

  /// Wakes everyone who waits, or the next who will.
  public func raise() {
    let (waits, followers) = state.withLock { state in
      state.isRaised = state.waits.isEmpty
      let waits = Array(state.waits.values)
      for ticket in state.waits.keys { state.waits[ticket] = .over }
      return (waits, state.followers.compactMap(\.signal))
    }
    for case .waiting(let continuation) in waits { continuation.resume() }
    for follower in followers { follower.raise() }
  }

  /// Waits until the signal is raised, the time is over, or the task is cancelled.
  public func wait(atMost limit: Duration) async {
    let ticket = state.withLock { state in
      state.next += 1
      state.waits[state.next] = .begun
      return state.next
    }
    let timer = Task {
      try? await Task.sleep(for: limit)
      wake(ticket)
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { state in
          if case .over? = state.waits[ticket] { return true }
          if state.isRaised || Task.isCancelled {
            state.isRaised = false
            return true
          }
          state.waits[ticket] = .waiting(continuation)
          return false
        }
        if now { continuation.resume() }
      }
    } onCancel: {
      wake(ticket)
    }
    timer.cancel()
    state.withLock { _ = $0.waits.removeValue(forKey: ticket) }
  }

  private func wake(_ ticket: UInt64) {
    let wait = state.withLock { state -> Wait? in
      guard let wait = state.waits[ticket] else { return nil }
      state.waits[ticket] = .over
      return wait
    }
    if case .waiting(let continuation)? = wait { continuation.resume() }
  }
}

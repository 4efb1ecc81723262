import Foundation
import Synchronization

/// One line on a terminal's standard error that says how far something has come; nothing elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    var isShown = false
    var lastAt: ContinuousClock.Instant?
  }
  private let state = Mutex(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1

  /// Shows a line in place of the one before, a few times a second at most.
  func show(_ text: String) {
    guard isTerminal else { return }
    state.withLock { state in
      if let last = state.lastAt, .now - last < .milliseconds(200) { return }
      state.lastAt = .now
      state.isShown = true
      FileHandle.standardError.write(Data("\r\u{1B}[2K\(text)".utf8))
    }
  }

  /// Takes the line away.
  func clear() {
    state.withLock { state in
      guard state.isShown else { return }
      state = State()
      FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8))
    }
  }
}

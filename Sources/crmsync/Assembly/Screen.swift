import Foundation
import Synchronization

/// Prints a block of lines over the one before, on a terminal; elsewhere now and then a block below it.
final class Screen: Sendable {
  private struct State {
    var shown = 0
    var lastAt: ContinuousClock.Instant?
  }
  private let state = Mutex(State())
  private let isTerminal: Bool

  init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// Shows a block.
  func show(_ lines: [String], isLast: Bool = false) {
    state.withLock { state in
      if isTerminal {
        let up = state.shown > 0 ? "\u{1B}[\(state.shown)A" : ""
        let text = lines.map { "\u{1B}[2K\($0)\n" }.joined()
        FileHandle.standardOutput.write(Data((up + text + "\u{1B}[J").utf8))
        state.shown = lines.count
      } else if isLast || state.lastAt.map({ .now - $0 > .seconds(30) }) ?? true {
        FileHandle.standardOutput.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        state.lastAt = .now
      }
    }
  }
}

import Foundation
import Glibc
import Operations
import Synchronization

/// Prints a block of lines over the one before, on a terminal; elsewhere now and then a block below it.
final class Screen: Sendable {
  private struct State {
    /// Columns that each line shown takes.
    var shown: [Int] = []
    var lastAt: ContinuousClock.Instant?
  }
  private let state = Mutex(State())
  private let isTerminal: Bool

  init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// Shows a block.
  func show(_ lines: [String], isLast: Bool = false) {
    state.withLock { state in
      if isTerminal {
        draw(lines, &state)
      } else if isLast || state.lastAt.map({ .now - $0 > .seconds(30) }) ?? true {
        FileHandle.standardOutput.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        state.lastAt = .now
      }
    }
  }

  private func draw(_ lines: [String], _ state: inout State) {
    let columns = Self.columns
    let lines = lines.map { TerminalLine.cut($0, to: columns) }
    // A terminal that has become narrower has broken the lines that it shows.
    let rows = state.shown.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    let up = rows > 0 ? "\u{1B}[\(rows)A" : ""
    let text = lines.map { "\u{1B}[2K\($0)\n" }.joined()
    FileHandle.standardOutput.write(Data((up + text + "\u{1B}[J").utf8))
    state.shown = lines.map(TerminalLine.width)
  }

  /// Columns of the terminal as it is now; it may have been resized.
  private static var columns: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }
}

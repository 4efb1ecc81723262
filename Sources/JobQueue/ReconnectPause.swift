/// How long to leave a broker alone that could not be reached: doubled with each failure, with jitter so that processes
/// do not come back at the same moment.
///
/// Pure: time and chance are arguments.
struct ReconnectPause {
  static let first = Duration.milliseconds(200)
  static let longest = Duration.seconds(5)

  private var failures = 0
  private var end: ContinuousClock.Instant?

  func isOver(at now: ContinuousClock.Instant) -> Bool { end.map { $0 <= now } ?? true }

  /// - Parameter chance: from 0 to 1, evenly spread.
  /// - Returns: the pause that begins now.
  @discardableResult
  mutating func failed(at now: ContinuousClock.Instant, chance: Double) -> Duration {
    let full = min(Self.first * (1 << min(failures, 20)), Self.longest)
    failures += 1
    let pause = full * (0.5 + 0.5 * chance)
    end = now.advanced(by: pause)
    return pause
  }

  mutating func succeeded() { self = ReconnectPause() }
}

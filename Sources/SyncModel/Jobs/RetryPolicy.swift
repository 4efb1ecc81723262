/// What kind of trouble stopped a job's work, as far as deciding what follows goes.
public enum FailureKind: Sendable, Equatable {
  /// May pass by itself: the network, an overloaded server, a lock.
  case transient
  /// Would fail the same way every time.
  case hopeless
}

/// Decides what follows a failure: another try after a while, or the dead letter.
public struct RetryPolicy: Sendable, Equatable {
  /// Failures, without a page committed between, after which a job becomes a dead letter.
  public var maxFailures: Int
  public var backoff: Backoff

  /// Longest wait after an interruption: what was away comes back without a word, and waiting longer gains nothing.
  public static let longestInterruption = Duration.seconds(60)

  /// A policy.
  public init(maxFailures: Int = 8, backoff: Backoff = Backoff()) {
    self.maxFailures = maxFailures
    self.backoff = backoff
  }

  /// What follows.
  /// - Parameters:
  ///   - failures: failures before this one.
  ///   - chance: from 0 up to, not including, 1.
  public func decide(_ kind: FailureKind, failures: Int, chance: Double) -> RetryDecision {
    guard kind == .transient, failures + 1 < maxFailures else { return .deadLetter }
    return .retry(after: backoff.delay(attempt: failures, chance: chance))
  }

  /// How long to wait after an interruption, however many there have been: they never lead to the dead letter.
  /// - Parameters:
  ///   - interruptions: interruptions before this one.
  ///   - chance: from 0 up to, not including, 1.
  public func wait(afterInterruptions interruptions: Int, chance: Double) -> Duration {
    Backoff(first: backoff.first, longest: min(backoff.longest, Self.longestInterruption))
      .delay(attempt: interruptions, chance: chance)
  }
}

/// Exponential backoff with jitter.
public struct Backoff: Sendable, Equatable {
  /// The longest first delay.
  public var first: Duration
  /// No delay is longer.
  public var longest: Duration

  /// A backoff that starts at `first` and doubles up to `longest`.
  public init(first: Duration = .seconds(1), longest: Duration = .seconds(900)) {
    self.first = first
    self.longest = longest
  }

  /// The delay before another try: between half and the whole of `first × 2^attempt`, never above `longest`.
  /// - Parameters:
  ///   - attempt: from 0.
  ///   - chance: from 0 up to, not including, 1.
  public func delay(attempt: Int, chance: Double) -> Duration {
    let doublings = max(0, min(attempt, 40))
    let whole = min(Self.seconds(longest), Self.seconds(first) * Double(UInt64(1) << UInt64(doublings)))
    let share = 0.5 + 0.5 * (chance > 0 ? min(1, chance) : 0)
    return .milliseconds(Int64(whole * share * 1000))
  }

  /// From nothing to a century, so that no configuration leaves what integers can hold.
  private static func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return max(0, min(3.2e9, Double(seconds) + Double(attoseconds) / 1e18))
  }
}

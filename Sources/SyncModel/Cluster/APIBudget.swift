/// How much of the org's API allowance is used, shared by all processes of the cluster.
///
/// Fed by what the server says with each answer (`Sforce-Limit-Info`), which counts everybody's calls.
public struct APIBudget: Sendable, Equatable, Codable {
  /// Calls of the last 24 hours, everybody's.
  public var used: Int
  /// Calls allowed in 24 hours; 0 while unknown.
  public var allowed: Int
  /// When the server said so.
  public var observedAt: Instant?
  /// No call before this moment: the server refused one.
  public var blockedUntil: Instant?
  /// Why.
  public var blockedBecause: Reason?

  /// Why calls have to wait.
  public enum Reason: String, Sendable, Codable {
    case dailyLimit = "the org's API requests of the last 24 hours are used up"
    case ourShare = "our share of the org's API requests is used up"
    case concurrency = "too many long requests run in the org at once"
  }

  /// Whether a call may be made now.
  public enum Permit: Sendable, Equatable {
    case go
    case wait(until: Instant, Reason)
  }

  /// How long a used-up allowance is left alone before one call finds out whether it has eased.
  public static let recheck = Duration.seconds(60)
  /// How long to hold back after a refusal for concurrency.
  public static let concurrencyPause = Duration.seconds(5)

  /// Nothing is known yet.
  public init() {
    used = 0
    allowed = 0
  }

  /// An answer told the usage. Older news than what is known is ignored.
  public mutating func answered(used: Int, allowed: Int, at now: Instant) {
    if let observedAt, observedAt > now { return }
    self.used = used
    self.allowed = allowed
    observedAt = now
    if blockedBecause != .concurrency {
      blockedUntil = nil
      blockedBecause = nil
    }
  }

  /// A call was refused. A shorter pause never cuts a longer one short.
  public mutating func refused(_ reason: Reason, at now: Instant) {
    let until = now.advanced(by: reason == .concurrency ? Self.concurrencyPause : Self.recheck)
    if let blockedUntil, blockedUntil > until { return }
    blockedUntil = until
    blockedBecause = reason
  }

  /// Whether a call may be made.
  /// - Parameter share: the part of the allowance that is ours to use up, from 0 to 1.
  public func permit(share: Double, at now: Instant) -> Permit {
    if let until = blockedUntil, until > now, let reason = blockedBecause { return .wait(until: until, reason) }
    guard allowed > 0, let observedAt, Double(used) >= Double(allowed) * share else { return .go }
    let until = observedAt.advanced(by: Self.recheck)
    return until > now ? .wait(until: until, .ourShare) : .go
  }
}

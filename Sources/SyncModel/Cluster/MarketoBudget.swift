/// What the cluster may ask of one Marketo instance: calls at a time, calls in a sliding window, calls in a day.
///
/// All processes share one. No answer tells what is left, so calls are counted here, and refusals correct the count:
/// others use the instance, too.
///
/// Marketo counts a call when it arrives, which is some time after its permit. A call is therefore held against the
/// window until a window's length after it *ended*: whatever the network's delays, no window at Marketo then holds
/// more calls than are allowed.
public struct MarketoBudget: Sendable, Equatable, Codable {
  /// What the instance allows us.
  public struct Limits: Sendable, Equatable {
    /// Calls in a window.
    public var callsPerWindow: Int
    /// Length of the sliding window.
    public var window: Duration
    /// Calls at a time.
    public var concurrent: Int
    /// Calls in a day.
    public var callsPerDay: Int

    /// Limits; Marketo's own unless given (Marketo REST API, "Rate limits").
    public init(
      callsPerWindow: Int = 100, window: Duration = .seconds(20), concurrent: Int = 10, callsPerDay: Int = 50_000
    ) {
      self.callsPerWindow = callsPerWindow
      self.window = window
      self.concurrent = concurrent
      self.callsPerDay = callsPerDay
    }
  }

  /// A limit, as the reason to wait.
  public enum Reason: String, Sendable, Codable {
    case rate = "the instance's calls per 20 seconds are used up"
    case concurrency = "as many calls as the instance allows run at once"
    case daily = "the instance's calls of the day are used up; it is midnight US Central that resets them"
  }

  /// Whether a call may be made now.
  public enum Permit: Sendable, Equatable {
    /// The call's end has to be told with this ticket.
    case go(ticket: Int64)
    case wait(until: Instant, Reason)
  }

  /// A call that runs, or that the window still holds.
  struct Call: Sendable, Equatable, Codable {
    let ticket: Int64
    /// When it stops running: told, or else its lease's end, since who made it may have died.
    var ends: Instant
  }

  private(set) var calls: [Call] = []
  private var lastTicket: Int64 = 0
  /// The day that `usedToday` is of, in days since 1970, US Central.
  private var day: Int64 = 0
  /// Calls of the day as far as known.
  public private(set) var usedToday = 0
  /// No call before this moment: the instance refused one.
  public private(set) var blockedUntil: Instant?
  /// Why.
  public private(set) var blockedBecause: Reason?
  /// Refusals in a row, those of calls that were under way together counted once.
  private var refusals = 0

  /// How long to wait for a slot before looking again.
  public static let slotPause = Duration.milliseconds(50)
  /// The first pause after a refusal for concurrency; it doubles up to ``longestSlotPause``.
  static let refusedSlotPause = Duration.milliseconds(500)
  static let longestSlotPause = Duration.seconds(8)

  /// Nothing has been called.
  public init() {}

  /// Asks for a call.
  /// - Parameter lease: how long the call may run at most; past it, it counts as ended.
  public mutating func begin(lasting lease: Duration, within limits: Limits, at now: Instant) -> Permit {
    roll(to: now)
    if let until = blockedUntil, until > now, let reason = blockedBecause { return .wait(until: until, reason) }
    calls.removeAll { $0.ends.advanced(by: limits.window) <= now }
    if usedToday >= limits.callsPerDay { return .wait(until: USCentral.nextMidnight(after: now), .daily) }
    if calls.count(where: { $0.ends > now }) >= limits.concurrent {
      return .wait(until: now.advanced(by: Self.slotPause), .concurrency)
    }
    if calls.count >= limits.callsPerWindow { return .wait(until: nextRoom(limits, now), .rate) }
    lastTicket += 1
    usedToday += 1
    calls.append(Call(ticket: lastTicket, ends: now.advanced(by: lease)))
    return .go(ticket: lastTicket)
  }

  /// When the first call leaves the window. One that runs leaves it no sooner than a window from now.
  private func nextRoom(_ limits: Limits, _ now: Instant) -> Instant {
    let first = calls.map(\.ends).min() ?? now
    return min(first, now).advanced(by: limits.window)
  }

  /// A call ended.
  /// - Parameter isAnswered: whether an answer came. Without one Marketo may still be working: the call keeps its slot
  ///   for ``unansweredSlot``, but no longer than its lease.
  public mutating func end(_ ticket: Int64, isAnswered: Bool, at now: Instant) {
    guard let place = calls.firstIndex(where: { $0.ticket == ticket }) else { return }
    let end = isAnswered ? now : now.advanced(by: Self.unansweredSlot)
    calls[place].ends = min(calls[place].ends, end)
  }

  /// How long a call that got no answer keeps its slot.
  public static let unansweredSlot = Duration.seconds(5)

  /// The instance refused a call, which counts nevertheless. A shorter pause never cuts a longer one short.
  public mutating func refused(_ reason: Reason, within limits: Limits, at now: Instant) {
    roll(to: now)
    if let blockedUntil, blockedUntil.advanced(by: limits.window) < now { refusals = 0 }
    if refusals == 0 || blockedUntil.map({ $0 <= now }) ?? true { refusals = min(refusals + 1, 16) }
    let factor = 1 << (refusals - 1)
    let until: Instant
    switch reason {
    case .rate: until = now.advanced(by: min(limits.window, limits.window / 8 * factor))
    case .concurrency: until = now.advanced(by: min(Self.longestSlotPause, Self.refusedSlotPause * factor))
    case .daily: until = USCentral.nextMidnight(after: now)
    }
    if let blockedUntil, blockedUntil > until { return }
    blockedUntil = until
    blockedBecause = reason
  }

  /// The instance told how many calls everybody has made today.
  public mutating func told(usedToday: Int, at now: Instant) {
    roll(to: now)
    self.usedToday = max(self.usedToday, usedToday)
  }

  /// Calls of the day that it is now, as far as known.
  public func used(at now: Instant) -> Int { USCentral.day(of: now) > day ? 0 : usedToday }

  private mutating func roll(to now: Instant) {
    let today = USCentral.day(of: now)
    guard today > day else { return }
    day = today
    usedToday = 0
  }
}

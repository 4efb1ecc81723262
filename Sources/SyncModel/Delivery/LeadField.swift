/// One two-way field of one lead as marketing's side knows it while Marketo's feed of changes is read, and the rules by
/// which an entry of the feed is told to be a marketer's change or the echo of a delivery.
///
/// | the feed shows | what follows |
/// | --- | --- |
/// | an entry that was seen before, or is older than one that was seen | nothing |
/// | a value that a delivery was bringing at that moment | our own echo; where the mirror has another value by now and no later delivery brings it, Marketo gets that again |
/// | the mirror's value | both sides have it |
/// | a change by somebody who could see the mirror's value | the mirror takes it |
/// | anything else | the mirror has changed meanwhile, and wins: Marketo gets its value again, and the other is recorded |
///
/// Each entry is told at least once, and may come late: only the latest one of a field says what Marketo has.
///
/// Where marketing owns the field, nothing is delivered and nothing else can win: the mirror takes every new value.
public struct LeadField<Value: Equatable & Sendable>: Sendable, Equatable {
  /// A delivery that may show up in the feed.
  public struct Delivery: Sendable, Equatable {
    /// Tells it from others.
    public let batch: String
    public let value: Value
    /// When it was claimed.
    public let began: Instant
    /// When it can be at work no more; `nil` while it can.
    public let ended: Instant?

    /// A delivery.
    public init(batch: String, value: Value, began: Instant, ended: Instant?) {
      (self.batch, self.value, self.began, self.ended) = (batch, value, began, ended)
    }

    func covers(_ date: Instant, _ tolerance: Duration) -> Bool {
      began <= date.advanced(by: tolerance) && (ended.map { date <= $0.advanced(by: tolerance) } ?? true)
    }
  }

  /// An entry of the feed.
  public struct Change: Sendable, Equatable {
    /// Marketo's id of the entry.
    public let guid: String
    /// By Marketo's clock, in whole seconds.
    public let date: Instant
    public let old: Value
    public let new: Value
    /// Whether the column can hold the new value.
    public let isHoldable: Bool

    /// An entry.
    public init(guid: String, date: Instant, old: Value, new: Value, isHoldable: Bool = true) {
      (self.guid, self.date, self.old, self.new, self.isHoldable) = (guid, date, old, new, isHoldable)
    }
  }

  /// What is remembered of the entries that were seen.
  public struct Seen: Sendable, Equatable {
    /// The date of the latest.
    public var date: Instant
    /// Those of that date.
    public var guids: [String]
    /// The mirror's value once it was dealt with.
    public var mirror: Value

    /// What was seen.
    public init(date: Instant, guids: [String], mirror: Value) {
      (self.date, self.guids, self.mirror) = (date, guids, mirror)
    }
  }

  /// What follows from an entry.
  public enum Meaning: Sendable, Equatable {
    case nothing
    /// The mirror takes the value.
    case take(Value)
    /// The mirror's value wins, and is to be delivered again.
    case overruled(lost: Value)
    /// The column cannot hold the value: it stays in Marketo alone.
    case refused(Value)
    /// Marketo shows what the mirror had earlier: what it has now is to be delivered again.
    case deliverAgain
  }

  /// The mirror's value.
  public private(set) var mirror: Value
  /// Since when Marketo has had the mirror's value by a delivery; `nil` where it waits for one, or is not known to have
  /// been delivered.
  public let deliveredAt: Instant?
  /// Deliveries whose echo may still come, oldest first.
  public private(set) var deliveries: [Delivery]
  public private(set) var seen: Seen?
  /// By how much Marketo's clock and ours may differ.
  private let tolerance: Duration
  private let isOwned: Bool

  /// A field.
  public init(
    mirror: Value, deliveredAt: Instant?, deliveries: [Delivery], seen: Seen?,
    tolerance: Duration = .seconds(120), isOwned: Bool = false
  ) {
    self.mirror = mirror
    self.deliveredAt = deliveredAt
    self.deliveries = deliveries.sorted { ($0.began, $0.batch) < ($1.began, $1.batch) }
    self.seen = seen
    self.tolerance = tolerance
    self.isOwned = isOwned
  }

  /// Takes in an entry.
  public mutating func meet(_ change: Change) -> Meaning {
    guard isNew(change) else { return .nothing }
    let isSameDate = seen?.date == change.date
    let guids = (isSameDate ? seen?.guids ?? [] : []) + [change.guid]
    let meaning = meaning(of: change)
    if case .take(let value) = meaning { mirror = value }
    seen = Seen(date: change.date, guids: guids, mirror: mirror)
    return meaning
  }

  private func isNew(_ change: Change) -> Bool {
    guard let seen else { return true }
    return change.date > seen.date || (change.date == seen.date && !seen.guids.contains(change.guid))
  }

  private mutating func meaning(of change: Change) -> Meaning {
    if let place = deliveries.firstIndex(where: { $0.value == change.new && $0.covers(change.date, tolerance) }) {
      let echo = deliveries.remove(at: place)
      let isOnItsWay = deliveries.contains { $0.value == mirror && $0.began > echo.began }
      return change.new == mirror || isOnItsWay ? .nothing : .deliverAgain
    }
    if change.new == mirror { return .nothing }
    guard isOwned || couldSeeMirror(change) else { return .overruled(lost: change.new) }
    return change.isHoldable ? .take(change.new) : .refused(change.new)
  }

  /// Whether Marketo had the mirror's value, or something newer, when the change was made.
  private func couldSeeMirror(_ change: Change) -> Bool {
    change.old == mirror || seen?.mirror == mirror || deliveredAt.map { $0 < change.date } ?? false
  }
}

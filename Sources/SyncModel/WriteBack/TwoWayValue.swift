/// One field of one person that changes on both sides, as marketing's side knows it, and the rules by which the two
/// sides come to agree. Veeva wins where both have changed.
///
/// A marketer's change is *pending* until Veeva has it. What is sent to Veeva is remembered before it is sent, so that
/// it is recognised when it comes back, whether or not anybody heard that it was taken:
///
/// | Veeva shows | what follows |
/// | --- | --- |
/// | a version from before the last write | nothing: both sides have agreed on something newer |
/// | a value that was sent | our own echo: both sides have agreed on it; a later change stays pending |
/// | the agreed value | nothing: marketing's value stays, and stays pending if it differs |
/// | marketing's own value | both sides agree |
/// | anything else | Veeva's value is taken; a pending one has lost, which is recorded |
///
/// A bulk job may last, and what it carries may be written after Veeva has changed the value. What it carries therefore
/// stays a value that was sent until the job has ended: it is known for our own when it comes back, and Veeva's value,
/// which marketing has taken, is then pending and is written again.
///
/// The same table serves each delta's page and the reading just before a write.
///
/// Where marketing owns the field, nothing that Veeva shows replaces marketing's value: anything else is what both sides
/// last agreed on, and marketing's value is due to be written over it. Where that was taken and replaced again too often
/// (``mostReplaced``), without having been seen in between, it is the org that does so, and the value counts as refused.
public struct TwoWayValue<Value: Equatable & Sendable>: Sendable, Equatable {
  /// A moment by the source's clock.
  public typealias Stamp = Int64

  /// Marketing's value.
  public private(set) var value: Value
  /// The last value that both sides are known to have had.
  public private(set) var agreed: Value
  /// Values that may have been written and are not confirmed, in the order in which they were sent; several only after
  /// answers that never came.
  public private(set) var sent: [Value] = []
  /// The value that a bulk job carries, which may be written at any time until the job has ended.
  public private(set) var underWay: Value?
  /// Versions of the record from before this moment are older than what was agreed.
  public private(set) var writtenAt: Stamp?
  /// A value that the org has refused: not sent again until a marketer changes it.
  public private(set) var refused: Value?
  /// Whether Veeva was seen to have changed the value, which the next delta brings: nothing is sent until then, or until
  /// a pause has passed (``waited()``).
  public private(set) var isOvertaken = false
  /// Whether marketing owns the field.
  public let isOwned: Bool
  /// How often in a row Veeva has shown another value in place of an owned one that it was believed to have.
  public private(set) var replaced = 0

  /// So often an owned value that Veeva has replaced is written again.
  public static var mostReplaced: Int { 3 }

  /// A value that both sides have.
  public init(_ value: Value, isOwned: Bool = false) {
    self.value = value
    agreed = value
    self.isOwned = isOwned
  }

  /// A value as it was stored.
  public init(value: Value, agreed: Value, sent: [Value], isOwned: Bool = false) {
    (self.value, self.agreed, self.sent, self.isOwned) = (value, agreed, sent, isOwned)
  }

  /// Whether marketing has a value that Veeva does not have.
  public var isPending: Bool { value != agreed }

  /// Whether there is something to write to Veeva.
  public var isDue: Bool { isPending && refused != value && !isOvertaken }

  /// What became of a value that Veeva showed.
  public enum Meeting: Sendable, Equatable {
    /// Nothing changes on marketing's side.
    case kept
    /// Marketing takes the value; what marketing had was agreed before.
    case taken
    /// Marketing takes the value, and its own change is lost.
    case overruled(lost: Value)
    /// Nothing changes on marketing's side, which owns the field; the org has replaced its value once too often, and it
    /// is not sent again.
    case refused
  }

  /// What to do about a pending value once Veeva's is known.
  public enum Step: Sendable, Equatable {
    case write(Value)
    /// Veeva has the value already: see ``written(_:at:)``.
    case nothing
    /// Veeva has changed it, too, and wins: see ``overtaken(_:)``.
    case giveWay
  }

  /// A marketer changes the value.
  public mutating func edit(_ new: Value) {
    guard new != value else { return }
    value = new
    refused = nil
    isOvertaken = false
    replaced = 0
  }

  /// Takes the value to be sent: to be stored before anything is sent.
  /// - Returns: `nil` when nothing is due.
  public mutating func send() -> Value? {
    guard isDue else { return nil }
    if !sent.contains(value) { sent.append(value) }
    return value
  }

  /// Decides about a value that was taken to be sent, given what Veeva holds just before.
  public func step(whenVeevaShows shown: Value) -> Step {
    var copy = self
    _ = copy.meet(shown)
    if copy.isPending { return .write(copy.value) }
    return shown == value ? .nothing : .giveWay
  }

  /// Veeva shows its value.
  /// - Parameter stamp: the record's version; newer than all that is known when `nil`.
  public mutating func meet(_ shown: Value, stamp: Stamp? = nil) -> Meeting {
    if let stamp, let writtenAt, stamp < writtenAt { return .kept }
    isOvertaken = false
    if shown == value { replaced = 0 }
    if let place = sent.firstIndex(of: shown) {
      agree(on: shown, later: Array(sent[(place + 1)...]))
      return .kept
    }
    if shown == agreed { return .kept }
    if isOwned { return insist(on: value, against: shown) }
    let mine = value
    let wasPending = isPending
    value = shown
    agree(on: shown, later: underWay.map { [$0] } ?? [])
    if shown == mine { return .kept }
    return wasPending ? .overruled(lost: mine) : .taken
  }

  /// The org has taken a value, or had it.
  /// - Parameter moment: the source's clock when Veeva's value was read, before this one was sent; where the org had it,
  ///   the stamp of the version that showed it, since a transaction with an older one may still become visible.
  public mutating func written(_ taken: Value, at moment: Stamp) {
    // Without it Veeva's own change or the echo has come first, and nothing is left to be confirmed.
    guard let place = sent.firstIndex(of: taken) else { return }
    agree(on: taken, later: Array(sent[(place + 1)...]))
    writtenAt = max(writtenAt ?? moment, moment)
  }

  /// A bulk job sets out with a value that was taken to be sent.
  public mutating func setOut(_ value: Value) { underWay = value }

  /// Nothing of the job is under way any more.
  public mutating func arrived() { underWay = nil }

  /// Veeva was seen to have changed the value meanwhile.
  public mutating func overtaken(_ value: Value) {
    if sent.contains(value) { isOvertaken = true }
  }

  /// The pause after ``overtaken(_:)`` has passed. Without its end a change could wait for ever: what was seen may have
  /// come in a page that was merged before the worker told.
  public mutating func waited() { isOvertaken = false }

  /// The org has refused a value for good: marketing keeps it.
  public mutating func refused(_ value: Value) {
    guard let place = sent.firstIndex(of: value) else { return }
    sent.remove(at: place)
    refused = value
  }

  /// Keeps an owned value, to be written over what Veeva has.
  private mutating func insist(on mine: Value, against shown: Value) -> Meeting {
    let wasTaken = !isPending
    if wasTaken { replaced += 1 }
    agree(on: shown, later: underWay.map { [$0] } ?? [])
    guard replaced > Self.mostReplaced else { return .kept }
    refused = mine
    return wasTaken ? .refused : .kept
  }

  private mutating func agree(on shown: Value, later: [Value]) {
    agreed = shown
    sent = later
    refused = nil
    isOvertaken = false
  }
}

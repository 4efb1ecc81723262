import SyncModel
import TestSupport

/// One field of one person in the mirror and in Marketo, with everybody who changes or carries it, each thing happening
/// at any time.
struct LeadWorld {
  private struct Claim {
    let batch: String
    let value: Int
    let began: Int64
    var isDone = false
  }

  private(set) var marketo = 0
  private(set) var mirror = 0
  private(set) var edits: [Int] = []
  private(set) var taken: [Int] = []
  private(set) var lost: [Int] = []
  private(set) var history: [String] = []
  private var feed: [LeadField<Int>.Change] = []
  private var read = 0
  private var seen: LeadField<Int>.Seen?
  private var sent: [LeadField<Int>.Delivery] = []
  /// What Marketo has by a settled delivery, and since when; an impossible value where it is to be delivered again.
  private var delivered = (value: 0, at: Int64(0))
  private var wanted = 0
  private var claim: Claim?
  private var clock: Int64 = 1000
  private var last = 0
  private var chance: Chance
  private let hasVeeva: Bool

  var seed: UInt64 { chance.seed }

  init(_ chance: Chance, hasVeeva: Bool) {
    self.chance = chance
    self.hasVeeva = hasVeeva
  }

  mutating func happen() {
    clock += 10
    switch chance.below(10) {
    case 0, 1: marketerEdits()
    case 2 where hasVeeva: veevaChanges()
    case 2, 3: begin(always: chance.below(2) == 0)
    case 4: perform()
    case 5: end()
    case 6, 7, 8: readOne()
    default: repeatOne()
    }
  }

  /// Lets everything come to its end.
  mutating func settle() {
    for _ in 0..<200 {
      clock += 10
      perform()
      end()
      while read < feed.count { readOne() }
      begin(always: false)
      if claim == nil, read == feed.count, delivered.value == wanted { return }
    }
  }

  private mutating func set(_ value: Int, by who: String) {
    guard value != marketo else { return }
    feed.append(.init(guid: "\(feed.count)", date: Instant(seconds: clock), old: marketo, new: value))
    history.append("\(clock) \(who) \(marketo)->\(value)")
    marketo = value
  }

  private mutating func marketerEdits() {
    last += 1
    edits.append(last)
    set(last, by: "marketer")
  }

  private mutating func veevaChanges() {
    last += 1
    mirror = last
    wanted = mirror
    history.append("\(clock) veeva \(mirror)")
  }

  /// Claims the record: because it waits, or because another of its fields does.
  private mutating func begin(always: Bool) {
    guard claim == nil, always || wanted != delivered.value else { return }
    wanted = mirror
    let new = Claim(batch: "\(clock)", value: mirror, began: clock)
    claim = new
    sent.append(.init(batch: new.batch, value: new.value, began: Instant(seconds: clock), ended: nil))
    history.append("\(clock) claim \(mirror)")
  }

  private mutating func perform() {
    guard let current = claim, !current.isDone else { return }
    claim?.isDone = true
    set(current.value, by: "delivery")
  }

  private mutating func end() {
    guard let current = claim, current.isDone else { return }
    claim = nil
    delivered = (current.value, clock)
    if let place = sent.firstIndex(where: { $0.batch == current.batch }) {
      sent[place] = .init(
        batch: current.batch, value: current.value, began: Instant(seconds: current.began),
        ended: Instant(seconds: clock))
    }
    history.append("\(clock) settled \(current.value)")
  }

  private mutating func readOne() {
    guard read < feed.count else { return }
    meet(feed[read])
    read += 1
  }

  /// Feeds tell entries at least once.
  private mutating func repeatOne() {
    guard read > 0 else { return }
    meet(feed[chance.below(read)])
  }

  private mutating func meet(_ change: LeadField<Int>.Change) {
    let isDelivered = delivered.value == mirror
    var field = LeadField(
      mirror: mirror, deliveredAt: isDelivered ? Instant(seconds: delivered.at) : nil, deliveries: sent, seen: seen,
      tolerance: .seconds(1))
    let meaning = field.meet(change)
    (seen, sent) = (field.seen, field.deliveries)
    history.append("\(clock) read \(change.old)->\(change.new): \(meaning)")
    switch meaning {
    case .nothing: break
    case .take(let value):
      mirror = value
      taken.append(value)
    case .overruled(let value):
      lost.append(value)
      deliverAgain()
    case .refused: break
    case .deliverAgain: deliverAgain()
    }
  }

  private mutating func deliverAgain() {
    wanted = mirror
    delivered.value = -1
  }
}

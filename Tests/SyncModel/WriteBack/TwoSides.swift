import SyncModel
import TestSupport

/// One field on both sides, with everybody who changes or carries it, each thing happening at any time.
struct TwoSides {
  struct Version: Equatable {
    var value: Int
    var stamp: Int64
  }

  /// How far a worker is.
  enum Work {
    case idle
    case claimed(TwoWayValue<Int>)
    /// A bulk job carries the value, which was read before at a moment.
    case carried(Int, readAt: Int64)
    case wrote(Int, at: Int64)
    case had(Int, at: Int64)
    case refused(Int)
    case overtaken(Int)
  }

  private(set) var veeva = Version(value: 0, stamp: 0)
  private(set) var marketing: TwoWayValue<Int>
  private(set) var rowStamp: Int64 = 0
  private(set) var writes: [Int] = []
  private(set) var lost: [Int] = []
  private(set) var refusals: [Int] = []
  private(set) var superseded: Set<Int> = []
  private(set) var edits: [Int] = []
  private(set) var givenUp: Set<Int> = []
  private(set) var changesInVeeva = 0
  private var pages: [Version] = []
  private var workers: [Work] = [.idle, .idle]
  private var clock: Int64 = 0
  private var chance: Chance
  private var last = 0
  /// Values that people choose from; without end when `nil`, so that each stands for one edit.
  private let alphabet: Int?
  /// Events that share a tick of the source's clock.
  private let eventsPerTick: Int
  /// Whether a worker may go on with a claim that another worker has taken over.
  private let outlivesLease: Bool
  private let usesJobs: Bool

  init(
    _ chance: Chance, alphabet: Int?, eventsPerTick: Int = 1, outlivesLease: Bool, usesJobs: Bool = false,
    isOwned: Bool = false
  ) {
    self.chance = chance
    marketing = TwoWayValue(0, isOwned: isOwned)
    self.alphabet = alphabet
    self.eventsPerTick = eventsPerTick
    self.outlivesLease = outlivesLease
    self.usesJobs = usesJobs
  }

  /// The org refuses these.
  static func isRefused(_ value: Int) -> Bool { value % 7 == 3 }

  private mutating func value() -> Int {
    if let alphabet { return chance.below(alphabet) }
    last += 1
    return last
  }

  private mutating func tick() { if chance.below(eventsPerTick) == 0 { clock += 1 } }

  mutating func happen() {
    tick()
    if chance.below(20) == 0 { marketing.waited() }
    switch chance.below(10) {
    case 0: edit()
    case 1:
      veeva = Version(value: value(), stamp: clock)
      changesInVeeva += 1
    case 2, 3: pages.append(veeva)
    case 4, 5: if !pages.isEmpty { merge(pages.remove(at: chance.below(pages.count))) }
    default: work(chance.below(workers.count))
    }
  }

  private mutating func edit() {
    let new = value()
    if marketing.isPending, marketing.value != new { superseded.insert(marketing.value) }
    edits.append(new)
    marketing.edit(new)
  }

  /// As the destination does: a page replaces only a row that is not newer.
  private mutating func merge(_ page: Version) {
    guard page.stamp >= rowStamp else { return }
    rowStamp = page.stamp
    switch marketing.meet(page.value, stamp: page.stamp) {
    case .overruled(let value): lost.append(value)
    case .refused: givenUp.insert(marketing.value)
    case .kept, .taken: break
    }
  }

  private var isLeased: Bool {
    workers.contains { if case .idle = $0 { false } else { true } }
  }

  private mutating func work(_ place: Int) {
    if chance.below(8) == 0 {
      // A worker dies; of a job, its results were lost, or it did not come to the record.
      workers[place] = .idle
      if usesJobs, !isLeased { marketing.arrived() }
      return
    }
    switch workers[place] {
    case .idle:
      guard outlivesLease || !isLeased else { return }
      if marketing.send() != nil { workers[place] = .claimed(marketing) }
    case .claimed(let claim): workers[place] = usesJobs ? setOut(claim) : write(claim)
    case .carried(let value, let moment):
      guard !Self.isRefused(value) else {
        workers[place] = .refused(value)
        return
      }
      veeva = Version(value: value, stamp: clock)
      writes.append(value)
      workers[place] = .wrote(value, at: moment)
    case .wrote(let value, let moment), .had(let value, let moment):
      marketing.written(value, at: moment)
      marketing.arrived()
      workers[place] = .idle
    case .refused(let value):
      marketing.refused(value)
      marketing.arrived()
      refusals.append(value)
      workers[place] = .idle
    case .overtaken(let value):
      marketing.overtaken(value)
      workers[place] = .idle
    }
  }

  private mutating func setOut(_ claim: TwoWayValue<Int>) -> Work {
    switch claim.step(whenVeevaShows: veeva.value) {
    case .nothing: return .had(claim.value, at: veeva.stamp)
    case .giveWay: return .overtaken(claim.value)
    case .write(let value):
      marketing.setOut(value)
      return .carried(value, readAt: clock)
    }
  }

  private mutating func write(_ claim: TwoWayValue<Int>) -> Work {
    switch claim.step(whenVeevaShows: veeva.value) {
    case .nothing: return .had(claim.value, at: veeva.stamp)
    case .giveWay: return .overtaken(claim.value)
    case .write(let value) where Self.isRefused(value): return .refused(value)
    case .write(let value):
      let moment = clock
      tick()
      veeva = Version(value: value, stamp: clock)
      writes.append(value)
      return .wrote(value, at: moment)
    }
  }

  /// What is under way ends; then nobody changes anything any more, and the sync runs a round.
  mutating func round() {
    for place in workers.indices { workers[place] = .idle }
    marketing.arrived()
    clock += 1
    for page in pages { merge(page) }
    pages = []
    merge(veeva)
    marketing.waited()
    if marketing.send() != nil {
      workers[0] = write(marketing)
      if case .wrote(let value, let moment) = workers[0] { marketing.written(value, at: moment) }
      if case .had(let value, let moment) = workers[0] { marketing.written(value, at: moment) }
      if case .refused(let value) = workers[0] {
        marketing.refused(value)
        refusals.append(value)
      }
    }
    workers[0] = .idle
    merge(veeva)
  }

  /// Whether both sides agree, or differ by what the org has refused.
  var isSettled: Bool {
    marketing.value == veeva.value || (marketing.refused == marketing.value && Self.isRefused(marketing.value))
  }
}

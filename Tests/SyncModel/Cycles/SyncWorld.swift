import SyncModel

/// A job, as far as cycles ask.
struct ReadJob: Sendable {
  enum State: Int, Sendable { case runnable, leased, done, dead }

  let cycle: Int64
  let kind: CycleKind
  let extent: BackfillExtent
  let window: DeltaWindow
  let range: Range<Int>
  let isBulk: Bool
  /// Number of the mapping it reads by.
  var mapping: Int
  var state = State.runnable
  /// Rises with each claim, and when the job is superseded.
  var token = 0
  var leaseUntil: Int64 = 0
  var dueAt: Int64 = 0
  var failures = 0
  /// A bulk job's results, as they were when it was made.
  var extract: [PageRecord]?
  /// How much of them is committed.
  var taken = 0
  var after: Keyset?
  var pages = 0
  /// Told by the referee, who needs no token for it.
  var isSuperseded = false
}

/// A worker with a job, and perhaps a page in hand.
struct Reader: Sendable {
  var job: Int?
  var token = 0
  var mapping = 0
  var page: [PageRecord]?
  var isLast = false
  var next: Keyset?
  /// Nothing happens before, whatever goes on around it.
  var frozenUntil: Int64 = 0
}

/// What a planner has in memory between two steps.
struct PlanInHand: Sendable {
  let serverTime: Instant
  let watermark: Instant?
  var hasBegun = false
}

/// What the mapping of a time selects.
struct ModelMapping: Sendable, Equatable {
  var hasField: Bool
  /// The selected record types, all of them where it is empty.
  var types: [Int]
}

/// One object of a source, the rules of its cycles, workers and a table, in one value. Time is virtual; one step is one
/// thing that one process does.
///
/// The rules of cycles, windows and back-fills are the product's own; only what they drive is a model.
struct SyncWorld {
  let scenario: SyncScenario
  let defect: CycleDefect
  var chance: ScheduleChance

  /// True time in seconds.
  var now: Int64 = 1_000_000
  var org = ModelOrg()
  var table: ModelTable
  var object: ObjectSync
  var jobs: [ReadJob] = []
  var readers: [Reader]
  var plans: [Int64: PlanInHand] = [:]
  var mappings: [ModelMapping] = []
  /// What the configuration selects.
  var selection: ModelMapping
  /// When somebody last asked for a cycle, by the database's clock.
  var hurriedAt: Instant?
  /// No more changes, faults or delays.
  var isQuiet = false
  var deltas = 0
  var story: Story?

  init(_ scenario: SyncScenario, defect: CycleDefect, seed: UInt64) {
    self.scenario = scenario
    self.defect = defect
    chance = ScheduleChance(seed: seed)
    table = ModelTable(flagsDeleted: scenario.flagsDeleted, defect: defect)
    readers = [Reader](repeating: Reader(), count: scenario.workers)
    selection = ModelMapping(hasField: true, types: scenario.flagsDeleted ? [0] : [])
    object = ObjectSync(now: Instant(seconds: now + scenario.databaseOffset))
    org.clockOffset = scenario.clockOffset
    for _ in 0..<scenario.records {
      let age = Int64(chance.below(4000))
      org.create(randomRecord(), at: now - age, delay: 0)
    }
  }

  /// The database's clock.
  var databaseTime: Instant { Instant(seconds: now + scenario.databaseOffset) }

  mutating func randomRecord() -> OrgRecord {
    OrgRecord(
      stamp: 0, value: chance.below(1000), field: chance.below(1000), type: chance.below(ModelOrg.types))
  }

  func note(_ text: @autoclosure () -> String) { story?.lines.append("\(now): \(text())") }

  /// Lets an event happen to the object.
  @discardableResult
  mutating func apply(_ event: ObjectEvent) throws(CycleViolation) -> Bool {
    let before = object
    guard ObjectLifecycle.apply(event, to: &object, now: databaseTime) else { return false }
    spoil(event, before)
    if story != nil, object != before { note("\(event)") }
    try referee(event, before)
    return true
  }

  /// The planted bugs that are mistakes of the rules.
  private mutating func spoil(_ event: ObjectEvent, _ before: ObjectSync) {
    switch (defect, event) {
    case (.watermarkMovedWhenRecorded, .recorded(let cycle, _)):
      if let main = object.main, main.id == cycle, main.kind == .delta { object.watermark = main.window?.to }
    case (.copyWatermarkAtItsEnd, .closed):
      if before.copiedAt == nil, object.copiedAt != nil { object.watermark = Instant(seconds: org.clock(now)) }
    case (.backfillWithoutReread, .closed):
      if closedNow(object.fill, before.fill) { object.watermark = max(before.watermark, object.watermark) }
    case (.deltaPassesBackfill, .closed):
      if object.main?.kind == .delta, closedNow(object.main, before.main), !isRemapped {
        object.watermark = max(object.watermark, object.main?.window?.to)
      }
    case (.deltaPassesNewMapping, .closed):
      if object.main?.kind == .delta, closedNow(object.main, before.main), isRemapped,
        !closedNow(object.fill, before.fill)
      {
        object.watermark = max(object.watermark, object.main?.window?.to)
      }
    case (.stoppedBackfillForgotten, .stopped(let cycle, _)):
      if object.fill?.id == cycle, object.fill?.jobs.isEmpty == false { object.backfill = before.backfill }
    case (.newFieldNotFilled, .schemaRead): if object.backfill != .everything { object.backfill = before.backfill }
    case (.narrowScopeReadsSelected, .schemaRead):
      if object.backfill == .everything { object.backfill = before.backfill ?? .selected }
    case (.hurryLost, .closed(let pause, _)):
      if closedNow(object.main, before.main) { object.nextDue = databaseTime.advanced(by: pause) }
    default: break
    }
  }

  private var isRemapped: Bool {
    guard let main = object.main, let mapped = object.mappedAt else { return false }
    return mapped >= main.startedAt
  }

  private func max(_ one: Instant?, _ other: Instant?) -> Instant? {
    guard let one, let other else { return one ?? other }
    return Swift.max(one, other)
  }

  func closedNow(_ cycle: ObjectCycle?, _ before: ObjectCycle?) -> Bool {
    guard let cycle, let before, cycle.id == before.id else { return false }
    return cycle.phase == .done && before.phase != .done
  }

  private mutating func referee(_ event: ObjectEvent, _ before: ObjectSync) throws(CycleViolation) {
    if object.main?.id != before.main?.id, let old = before.main { supersede(old.id) }
    if object.fill?.id != before.fill?.id, let old = before.fill { supersede(old.id) }
    if before.copiedAt == nil, object.copiedAt != nil { table.beginEvents() }
    guard case .closed = event, closedNow(object.main, before.main), let main = object.main else { return }
    if main.kind == .delta { deltas += 1 }
    if let hurriedAt, object.isSelected, hurriedAt > main.startedAt, object.nextDue > databaseTime {
      throw CycleViolation(.hurryIsHeard, "cycle \(main.id) is followed by a pause")
    }
  }

  private mutating func supersede(_ cycle: Int64) {
    for job in jobs.indices where jobs[job].cycle == cycle {
      if jobs[job].state != .done, defect != .supersededNotFenced {
        jobs[job].state = .done
        jobs[job].token += 1
      }
      jobs[job].isSuperseded = true
    }
  }
}

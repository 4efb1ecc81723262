import Checkpoints
import PostgreSQL
import SyncModel
import TestSupport

/// One object, twice: as rows and as the pure type, driven by the same events.
///
/// Pauses are either over at once or never, unless an event ends them: what is due does not depend on how fast the
/// test runs.
final class ObjectWorld {
  private static let never = Duration.seconds(1_000_000)
  private static let tenant = "acme"

  private let store: CheckpointStore
  private var leader: LeaderStamp
  private var formerLeader: LeaderStamp?
  private var chance: Chance
  private var object: ObjectSync
  private var now = Instant(seconds: 1_000_000)
  private var mapping: StoredMapping
  /// Every state in which a cycle was seen: a planner may act on what is no longer so.
  private var seen: [OpenCycle] = []
  private var held: [ClaimedJob] = []
  private var formerlyHeld: [ClaimedJob] = []
  private var cycleOfJob: [Int64: Int64] = [:]
  private(set) var applied: [String: Int] = [:]
  /// The last event, for messages.
  private(set) var event = "none"

  init(seed: UInt64) async throws {
    store = try await TestStore.make()
    chance = Chance(seed: seed)
    guard let term = try await store.lead(as: "test 0", lease: .seconds(3600)) else { throw WorldFailure() }
    leader = LeaderStamp(holder: "test 0", term: term)
    try await store.register(tenant: Self.tenant, destination: "here")
    try await store.select([.users], tenant: Self.tenant, leader: leader)
    mapping = try Self.mapping(hasField: false, types: [])
    try await store.store(mapping, tenant: Self.tenant, leader: leader)
    object = ObjectSync(now: now)
    object.mappingVersion = 1
    object.mappedAt = now
    try await execute(
      """
      create function crmsync.long_pause() returns trigger language plpgsql as
        'begin new.finished_at := new.finished_at + interval ''1 day''; return new; end';
      create trigger long_pause before update on crmsync.cycle for each row
        when (new.kind = 'backfill' and new.phase = 'failed' and old.phase <> 'failed')
        execute function crmsync.long_pause()
      """)
  }

  private static func mapping(hasField: Bool, types: [String]) throws -> StoredMapping {
    let plain = try TestStore.mapping(further: hasField ? ["FirstName"] : [])
    return StoredMapping(
      mapping: plain.mapping, scope: SelectionScope(recordTypes: types), conditions: [], rules: plain.rules)
  }

  /// Lets one random event happen on both sides.
  func step() async throws {
    now = now.advanced(by: .milliseconds(1))
    // Dead letters are rare, and soon superseded.
    let hasDeadLetters = [object.main, object.fill].contains { $0.map { $0.jobs.dead > 0 } ?? false }
    if hasDeadLetters, chance.below(12) == 0 { return try await decide() }
    if object.underWay.isEmpty, chance.below(4) == 0 { return try await endPauses() }
    switch chance.below(39) {
    case 0..<8: try await look()
    case 8..<10: try await learn()
    case 10..<21: try await plan()
    case 21..<28: try await work()
    case 28..<33: try await close()
    case 33: try await endPauses()
    case 34: try await select()
    case 35:
      let count = try await store.hurry(tenant: Self.tenant, object: nil)
      try expect(pure(.hurried) == (count == 1))
    case 36:
      guard try await asLeader({ try await $0.flagSchema(of: .users, tenant: Self.tenant, leader: $1) }) else { return }
      pure(.schemaDrifted)
    case 37:
      event = "forget"
      _ = try await asLeader { _ = try await $0.forgetCycles(tenant: Self.tenant, olderThan: .zero, leader: $1) }
    default: try await changeLeader()
    }
  }

  /// Forgets all that was copied: a first copy happens once, and must be met in all its states.
  func startOver() async throws {
    event = "a new beginning"
    try await execute(
      """
      delete from crmsync.job;
      delete from crmsync.cycle;
      update crmsync.object_sync set watermark = null, copied_at = null, synced_at = null, backfill = null,
        next_due = clock_timestamp()
      """)
    var fresh = ObjectSync(now: now)
    fresh.isSelected = object.isSelected
    fresh.mappingVersion = object.mappingVersion
    fresh.mappedAt = object.mappedAt
    fresh.needsSchema = object.needsSchema
    fresh.lastCycle = object.lastCycle
    object = fresh
    seen = []
    held = []
  }

  @discardableResult
  private func pure(_ event: ObjectEvent) -> Bool {
    self.event = "\(event)"
    let fits = ObjectLifecycle.apply(event, to: &object, now: now)
    if fits { applied[String(self.event.prefix { $0 != "(" }), default: 0] += 1 }
    return fits
  }

  private func expect(_ holds: Bool) throws {
    if !holds { throw Disagreement(event: event) }
  }

  /// Lets the leader act, or now and then one whose term is over, who must change nothing.
  /// - Returns: whether it was the leader.
  private func asLeader(_ body: (CheckpointStore, LeaderStamp) async throws -> Void) async throws -> Bool {
    guard let formerLeader, chance.below(20) == 0 else {
      try await body(store, leader)
      return true
    }
    do { try await body(store, formerLeader) } catch is LeadershipLost { return false }
    throw Disagreement(event: "a write of a former leader")
  }

  private func changeLeader() async throws {
    guard chance.below(3) == 0 else { return }
    try await store.stepDown(leader)
    formerLeader = leader
    let name = "test \(leader.term)"
    guard let term = try await store.lead(as: name, lease: .seconds(3600)) else { throw WorldFailure() }
    leader = LeaderStamp(holder: name, term: term)
  }

  // MARK: The leader

  private func look() async throws {
    var open: [OpenCycle] = []
    let isLeader = try await asLeader {
      open = try await $0.openCycles(of: .users, tenant: Self.tenant, leader: $1)
    }
    guard isLeader else { return }
    pure(.looked)
    try expect(open.map(\.id) == object.underWay.map(\.id))
    try expect(open.map(\.phase) == object.underWay.map(\.phase))
    seen = (open + seen.prefix(6))
  }

  private func learn() async throws {
    let types = [[], ["A"], ["A", "B"], ["B"]][chance.below(4)]
    let new = try Self.mapping(hasField: chance.below(2) == 0, types: types)
    guard try await asLeader({ try await $0.store(new, tenant: Self.tenant, leader: $1) }) else { return }
    let isNew = new.mapping != mapping.mapping || new.scope != mapping.scope
    let asks = BackfillExtent.after((mapping.mapping, mapping.scope), (new.mapping, new.scope))
    pure(.schemaRead(isNew: isNew, asks: asks))
    mapping = new
  }

  private func plan() async throws {
    guard !seen.isEmpty else { return }
    let cycle = chance.below(4) == 0 ? seen[chance.below(seen.count)] : seen[0]
    let pause = chance.below(2) == 0 ? .zero : Self.never
    switch chance.below(12) {
    case 0..<5:
      let from = Instant(seconds: Int64(chance.below(1000)))
      let window = DeltaWindow(from: from, to: from.advanced(by: .seconds(chance.below(1000))))
      let isLeader = try await asLeader {
        try await $0.begin(cycle, window: window, raisesEvents: false, tenant: Self.tenant, leader: $1)
      }
      if isLeader { pure(.windowDecided(cycle: cycle.id, window)) }
    case 5:
      let isLeader = try await asLeader {
        try await $0.beginSampling(cycle.id, job: "750", rowsExpected: 1, leader: $1)
      }
      if isLeader { pure(.sampled(cycle: cycle.id)) }
    case 6..<10: try await record(cycle)
    case 10:
      if try await asLeader({ try await $0.countFailure(of: cycle.id, leader: $1) }) {
        pure(.planningFailed(cycle: cycle.id))
      }
    default:
      let isLeader = try await asLeader {
        try await $0.fail(cycle, error: "planted", tenant: Self.tenant, retryAfter: pause, leader: $1)
      }
      if isLeader { pure(.stopped(cycle: cycle.id, retryAfter: pause)) }
    }
  }

  private func record(_ cycle: OpenCycle) async throws {
    // Jobs read a window: the planner records none before it is decided.
    guard [object.main, object.fill].contains(where: { $0?.id == cycle.id && $0?.window != nil }) else { return }
    let jobs = chance.below(3)
    let plan = CyclePlan(
      ranges: Array(repeating: .all, count: jobs), method: .rest, lane: "delta", rowsExpected: jobs, apiCalls: jobs)
    var recorded = 0
    guard try await asLeader({ recorded = try await $0.record(plan, of: cycle.id, leader: $1) }) else { return }
    try expect(pure(.recorded(cycle: cycle.id, jobs: jobs)) ? recorded == jobs : recorded == 0)
  }

  private func close() async throws {
    let pause = chance.below(2) == 0 ? .zero : Self.never
    let failurePause = chance.below(2) == 0 ? .zero : Self.never
    var closed: [ClosedCycle] = []
    let isLeader = try await asLeader {
      closed = try await $0.closeCycles(tenant: Self.tenant, pause: pause, failurePause: failurePause, leader: $1)
    }
    guard isLeader else { return }
    try expect(pure(.closed(pause: pause, failurePause: failurePause)) == !closed.isEmpty)
  }

  // MARK: Workers and people

  private func work() async throws {
    switch chance.below(8) {
    case 0..<3:
      event = "claim"
      let jobs = try await store.dispatch(
        tenant: Self.tenant, lane: "delta", outstanding: 100, queued: 1, leader: leader)
      guard let job = jobs.first, let claim = try await store.claim(job.id, worker: "w", lease: .seconds(3600)) else {
        return
      }
      cycleOfJob[claim.id] = claim.cycle
      held.append(claim)
    case 3, 4:
      guard let claim = takeHeld() else { return }
      let page = PageCheckpoint(position: Position(pages: 1), rows: 1, rejects: [], isLast: true)
      let isCommitted = try await store.commitPage(page, of: claim, lease: .seconds(3600))
      try expect(pure(.jobDone(cycle: claim.cycle)) == isCommitted)
    case 5, 6:
      guard let claim = takeHeld() else { return }
      let isParked = try await store.fail(claim, retry: .deadLetter, error: "planted")
      try expect(pure(.jobDead(cycle: claim.cycle)) == isParked)
    default:
      guard !formerlyHeld.isEmpty else { return }
      event = "a page of a former claim"
      let page = PageCheckpoint(position: Position(pages: 1), rows: 1, rejects: [], isLast: true)
      let claim = formerlyHeld[chance.below(formerlyHeld.count)]
      try expect(try await !store.commitPage(page, of: claim, lease: .seconds(3600)))
    }
  }

  private func takeHeld() -> ClaimedJob? {
    guard !held.isEmpty else { return nil }
    let claim = held.remove(at: chance.below(held.count))
    formerlyHeld = [claim] + formerlyHeld.prefix(9)
    return claim
  }

  private func decide() async throws {
    let parked = try await store.deadLetters(tenant: Self.tenant, object: nil)
    guard !parked.isEmpty else { return }
    let job = parked[chance.below(parked.count)].job
    guard let cycle = cycleOfJob[job] else { throw WorldFailure() }
    if chance.below(2) == 0 {
      let count = try await store.retryDeadLetters([job])
      try expect(pure(.deadLettersRetried(cycle: cycle, jobs: 1)) == (count == 1))
    } else {
      let count = try await store.discardDeadLetters([job])
      try expect(pure(.deadLettersDiscarded(cycle: cycle, jobs: 1)) == (count == 1))
    }
  }

  private func select() async throws {
    let isSelected = !object.isSelected || chance.below(3) == 0
    let isLeader = try await asLeader {
      try await $0.select(isSelected ? [.users] : [], tenant: Self.tenant, leader: $1)
    }
    if isLeader { pure(isSelected ? .selected : .deselected) }
  }

  /// Ends the pause between cycles, or that after a back-fill failed.
  private func endPauses() async throws {
    event = "the end of a pause"
    if chance.below(2) == 0 {
      try await execute(
        "update crmsync.object_sync set next_due = clock_timestamp() where next_due > clock_timestamp()")
      if object.nextDue > now { object.nextDue = now }
    } else {
      try await execute(
        "update crmsync.cycle set finished_at = finished_at - interval '2 days' where kind = 'backfill' and phase = 'failed'"
      )
      if var fill = object.fill, fill.phase == .failed {
        fill.finishedAt = fill.finishedAt?.advanced(by: .seconds(-2 * 86_400))
        object.fill = fill
      }
    }
  }

  private func execute(_ statements: String) async throws {
    _ = try await store.pool.withConnection { try await $0.execute(statements) }
  }

  // MARK: Comparing

  /// What differs between the rows and the pure object.
  func difference() async throws -> String? {
    let stored = try await store.pool.withConnection { try await $0.query(Self.state) }
    guard let row = stored.first else { return "the row is gone" }
    var differences: [String] = []
    func compare(_ column: String, _ pure: String?) throws {
      let stored = try row.string(column)
      if stored != pure { differences.append("\(column): stored \(stored ?? "nil"), pure \(pure ?? "nil")") }
    }
    func word(_ value: Bool) -> String { value ? "t" : "f" }
    func seconds(_ instant: Instant?) -> String? { instant.map { String($0.milliseconds / 1000) } }
    try compare("is_selected", word(object.isSelected))
    try compare("mapping_version", "\(object.mappingVersion)")
    try compare("needs_schema", word(object.needsSchema))
    try compare("watermark", seconds(object.watermark))
    try compare("is_copied", word(object.copiedAt != nil))
    try compare("is_synced", word(object.syncedAt != nil))
    try compare("is_due", word(object.nextDue <= now))
    try compare("backfill", object.backfill?.rawValue)
    for (prefix, cycle) in [("main", object.main), ("fill", object.fill)] {
      guard let cycle else { continue }
      try compare("\(prefix)_id", "\(cycle.id)")
      try compare("\(prefix)_kind", cycle.kind.rawValue)
      try compare("\(prefix)_phase", cycle.phase.rawValue)
      try compare("\(prefix)_extent", cycle.extent.rawValue)
      try compare("\(prefix)_from", seconds(cycle.window?.from))
      try compare("\(prefix)_to", seconds(cycle.window?.to))
      try compare("\(prefix)_failures", "\(cycle.failures)")
      try compare("\(prefix)_is_finished", word(cycle.finishedAt != nil))
      try compare("\(prefix)_open", "\(cycle.jobs.open)")
      try compare("\(prefix)_dead", "\(cycle.jobs.dead)")
      try compare("\(prefix)_done", "\(cycle.jobs.done)")
    }
    try compare("under_way", "\(object.underWay.count)")
    if let main = object.main { try compare("is_rested", word(object.nextDue <= main.startedAt)) }
    return differences.isEmpty ? nil : differences.joined(separator: "; ")
  }

  private static let state: String = {
    func cycle(_ prefix: String, _ condition: String) -> String {
      """
      left join lateral (
        select c.id as \(prefix)_id, c.kind as \(prefix)_kind, c.phase as \(prefix)_phase, c.extent as \(prefix)_extent,
          extract(epoch from c.window_from)::bigint as \(prefix)_from, c.started_at as \(prefix)_started_at,
          extract(epoch from c.window_to)::bigint as \(prefix)_to, c.failures as \(prefix)_failures,
          c.finished_at is not null as \(prefix)_is_finished,
          (select count(*) from crmsync.job j where j.cycle = c.id and j.state not in ('done', 'dead')) as \(prefix)_open,
          (select count(*) from crmsync.job j where j.cycle = c.id and j.state = 'dead') as \(prefix)_dead,
          (select count(*) from crmsync.job j where j.cycle = c.id and j.state = 'done') as \(prefix)_done
        from crmsync.cycle c where \(condition) order by id desc limit 1
      ) \(prefix) on true
      """
    }
    return """
      select o.is_selected, o.mapping_version, o.needs_schema, o.backfill,
        extract(epoch from o.watermark)::bigint as watermark, o.copied_at is not null as is_copied,
        o.synced_at is not null as is_synced, o.next_due <= clock_timestamp() as is_due, main.*, fill.*,
        o.next_due <= main_started_at as is_rested,
        (select count(*) from crmsync.cycle where phase in ('waiting', 'planning', 'copying')) as under_way
      from (select is_selected, mapping_version, needs_schema, watermark, copied_at, synced_at, next_due, backfill
        from crmsync.object_sync) o
      \(cycle("main", "c.kind <> 'backfill'")) \(cycle("fill", "c.kind = 'backfill'"))
      """
  }()
}

/// The rows and the pure object decided differently.
struct Disagreement: Error, CustomStringConvertible {
  let event: String
  var description: String { "the database and the pure rules disagree about \(event)" }
}

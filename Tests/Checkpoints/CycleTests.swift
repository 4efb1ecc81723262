import Checkpoints
import PostgreSQL
import SyncModel
import Testing

/// Cycles of one object, as the leader drives them, against a real database.
@Suite("Cycles", .timeLimit(.minutes(2)))
struct CycleTests {
  @Test("a first copy opens once, and its watermark is where it began")
  func first() async throws {
    let world = try await CycleWorld()
    let cycle = try #require(try await world.open().first)
    #expect(cycle.kind == .initial && cycle.phase == .waiting)
    #expect(try await world.open() == [cycle])
    try await world.copy(cycle, at: 1000)
    #expect(try await world.watermark() == 1000)
  }

  @Test("the first delta follows the copy at once, the next after the pause")
  func rhythm() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    #expect(delta.kind == .delta && delta.watermark == Instant(seconds: 1000))
    try await world.copy(delta, at: 500, to: 2000)
    #expect(try await world.open().isEmpty)
    #expect(try await world.store.nextCycle(of: .users, tenant: "acme").map { $0 > .seconds(3000) } == true)
  }

  @Test("the watermark moves when the last page of a window is committed, and no sooner")
  func watermark() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    try await world.record(delta, from: 500, to: 2000, jobs: 2)
    try await world.finishOneJob()
    #expect(try await world.close().isEmpty)
    #expect(try await world.watermark() == 1000)
    try await world.finishOneJob()
    #expect(try await world.close().map(\.phase) == [.done])
    #expect(try await world.watermark() == 2000)
  }

  @Test("a delta without changes ends without a job, and moves the watermark")
  func empty() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    try await world.record(delta, from: 500, to: 2000, jobs: 0)
    #expect(try await world.close().map(\.kind) == [.delta])
    #expect(try await world.watermark() == 2000)
  }

  @Test("the watermark never goes back, though the source's clock did")
  func clockSetBack() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    try await world.copy(delta, at: 100, to: 900)
    #expect(try await world.watermark() == 1000)
  }

  @Test("a delta that failed is followed by one that reads all of it again; its jobs are fenced")
  func superseded() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    try await world.record(delta, from: 500, to: 2000, jobs: 2)
    let claim = try #require(try await world.claim())
    try await world.store.fail(
      delta, error: "planted", tenant: "acme", retryAfter: .zero, leader: world.leader)
    let next = try #require(try await world.open().first)
    #expect(next.id > delta.id && next.watermark == Instant(seconds: 1000))
    let page = PageCheckpoint(position: Position(pages: 1), rows: 1, rejects: [], isLast: true)
    #expect(try await world.store.commitPage(page, of: claim, lease: .seconds(60)) == false)
    #expect(
      try await world.number("select count(*) as number from crmsync.job where cycle = \(delta.id) and state <> 'done'")
        == 0)
  }

  @Test("planning that failed is tried again in the same cycle, and its reason stays until it has come further")
  func planningFailed() async throws {
    let world = try await CycleWorld()
    let cycle = try #require(try await world.open().first)
    try await world.store.fail(cycle, error: "hidden", tenant: "acme", retryAfter: .zero, leader: world.leader)
    #expect(try await world.store.objectStatuses().first?.phase == .failed)
    let again = try #require(try await world.open().first)
    #expect(again.id == cycle.id && again.phase == .waiting)
    #expect(try await world.store.objectStatuses().first?.error == "hidden")
    try await world.copy(again, at: 1000)
    #expect(try await world.store.objectStatuses().first?.error == nil)
  }

  @Test("a first copy with dead letters waits for a person, and goes on when one is sent back to work")
  func deadLetters() async throws {
    let world = try await CycleWorld()
    let cycle = try #require(try await world.open().first)
    try await world.record(cycle, from: 1000, to: 1000, jobs: 1)
    let claim = try #require(try await world.claim())
    _ = try await world.store.fail(claim, retry: .deadLetter, error: "planted")
    #expect(try await world.close().map(\.phase) == [.failed])
    try await world.makeDue()
    #expect(try await world.open().isEmpty)
    let parked = try await world.store.deadLetters(tenant: "acme", object: nil)
    #expect(try await world.store.retryDeadLetters(parked.map(\.job)) == 1)
    #expect(try await world.open().map(\.phase) == [.copying])
  }

  @Test("sync now during a cycle is followed by another cycle at once")
  func hurriedDuring() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    let delta = try #require(try await world.open().first)
    #expect(try await world.store.hurry(tenant: "acme", object: nil) == 1)
    try await world.copy(delta, at: 500, to: 2000)
    #expect(try await world.open().first?.kind == .delta)
  }

  @Test("a new field is filled beside the deltas, once; one that went away asks for nothing")
  func backfill() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    try await world.map(further: ["FirstName"])
    let cycles = try await world.open()
    #expect(Set(cycles.map(\.kind)) == [.delta, .backfill])
    for cycle in cycles { try await world.copy(cycle, at: cycle.kind == .backfill ? 1500 : 500, to: 2000) }
    // What the back-fill has read may be older than what the delta has removed: the next delta looks again.
    #expect(try await world.watermark() == 1500)
    try await world.map(further: [])
    try await world.makeDue()
    #expect(try await world.open().map(\.kind) == [.delta])
  }

  @Test("a field that comes while the first copy runs is filled after it")
  func backfillAfterCopy() async throws {
    let world = try await CycleWorld()
    let cycle = try #require(try await world.open().first)
    try await world.record(cycle, from: 1000, to: 1000, jobs: 1)
    try await world.map(further: ["FirstName"])
    #expect(try await world.open().map(\.kind) == [.initial])
    try await world.finishOneJob()
    _ = try await world.close()
    #expect(Set(try await world.open().map(\.kind)) == [.delta, .backfill])
  }

  @Test("an object that is no longer selected rests, and goes on from its watermark when it is selected again")
  func deselected() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    try await world.store.select([], tenant: "acme", leader: world.leader)
    #expect(try await world.open().isEmpty)
    #expect(try await world.store.objectStatuses().isEmpty)
    try await world.store.select([.users], tenant: "acme", leader: world.leader)
    #expect(try await world.open().first?.watermark == Instant(seconds: 1000))
  }

  @Test("old deltas are forgotten, the newest one and the first copy are not")
  func forgotten() async throws {
    let world = try await CycleWorld()
    try await world.copyFirst(at: 1000)
    for round in 1...4 {
      let delta = try #require(try await world.open().first)
      try await world.copy(delta, at: 500, to: 1000 + Int64(round))
      try await world.makeDue()
    }
    #expect(try await world.store.forgetCycles(tenant: "acme", olderThan: .zero, leader: world.leader) == 3)
    #expect(try await world.number("select count(*) as number from crmsync.cycle") == 2)
  }

  @Test("a leader whose term is over opens, records and closes nothing")
  func fenced() async throws {
    let world = try await CycleWorld()
    try await world.store.stepDown(world.leader)
    _ = try await world.store.lead(as: "other", lease: .seconds(60))
    await #expect(throws: LeadershipLost.self) { try await world.open() }
    await #expect(throws: LeadershipLost.self) { try await world.close() }
    #expect(try await world.number("select count(*) as number from crmsync.cycle") == 0)
  }
}

/// One object of one tenant, and a leader.
final class CycleWorld: Sendable {
  let store: CheckpointStore
  let leader: LeaderStamp

  init() async throws {
    store = try await TestStore.make()
    guard let term = try await store.lead(as: "test", lease: .seconds(3600)) else { throw WorldFailure() }
    leader = LeaderStamp(holder: "test", term: term)
    try await store.register(tenant: "acme", destination: "here")
    try await store.select([.users], tenant: "acme", leader: leader)
    try await map(further: [])
  }

  func map(further: [String]) async throws {
    try await store.store(TestStore.mapping(further: further), tenant: "acme", leader: leader)
  }

  @discardableResult
  func open() async throws -> [OpenCycle] { try await store.openCycles(of: .users, tenant: "acme", leader: leader) }

  @discardableResult
  func close() async throws -> [ClosedCycle] {
    try await store.closeCycles(
      tenant: "acme", pause: .seconds(3600), failurePause: .seconds(3600), leader: leader)
  }

  func record(_ cycle: OpenCycle, from: Int64, to: Int64, jobs: Int) async throws {
    try await store.begin(
      cycle, window: DeltaWindow(from: Instant(seconds: from), to: Instant(seconds: to)), raisesEvents: false,
      tenant: "acme", leader: leader)
    let ranges = Array(repeating: IDRange.all, count: jobs)
    _ = try await store.record(
      CyclePlan(ranges: ranges, method: .rest, lane: "delta", rowsExpected: jobs, apiCalls: jobs), of: cycle.id,
      leader: leader)
  }

  /// Takes the oldest job to work.
  func claim() async throws -> ClaimedJob? {
    let jobs = try await store.dispatch(tenant: "acme", lane: "delta", outstanding: 1, queued: 1, leader: leader)
    guard let job = jobs.first else { return nil }
    return try await store.claim(job.id, worker: "w", lease: .seconds(60))
  }

  func finishOneJob() async throws {
    guard let claim = try await claim() else { throw WorldFailure() }
    let page = PageCheckpoint(position: Position(pages: 1), rows: 1, rejects: [], isLast: true)
    guard try await store.commitPage(page, of: claim, lease: .seconds(60)) else { throw WorldFailure() }
  }

  /// Takes a cycle of one job from its opening to its end.
  func copy(_ cycle: OpenCycle, at from: Int64, to: Int64? = nil) async throws {
    try await record(cycle, from: from, to: to ?? from, jobs: 1)
    try await finishOneJob()
    try await close()
  }

  func copyFirst(at seconds: Int64) async throws {
    guard let cycle = try await open().first else { throw WorldFailure() }
    try await copy(cycle, at: seconds)
  }

  /// Ends the pause, also that after a failure.
  func makeDue() async throws {
    _ = try await number("update crmsync.object_sync set next_due = '-infinity' returning 1 as number")
  }

  func watermark() async throws -> Int64 {
    try await number("select extract(epoch from watermark)::bigint as number from crmsync.object_sync")
  }

  func number(_ statement: String) async throws -> Int64 {
    try await store.pool.withConnection {
      let rows = try await $0.query(statement)
      guard let row = rows.first else { return 0 }
      return try row.int("number") ?? 0
    }
  }
}

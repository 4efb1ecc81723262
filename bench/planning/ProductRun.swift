import Checkpoints
import JobQueue
import Logging
import PostgreSQL
import SyncModel

/// The life of a cycle's jobs as coordinator and worker drive it, but for the records: nothing is read or written
/// between claim and checkpoint.
struct ProductRun {
  private let setup: Setup
  private let store: CheckpointStore
  private let publisher: JobPublisher
  private let puller: JobPuller

  init(_ setup: Setup) {
    let logger = Logger(label: "crmsync-bench")
    self.setup = setup
    store = CheckpointStore(pool: PostgresPool(setup.database, size: Setup.slots + 2))
    publisher = JobPublisher(setup.broker, tenants: [Setup.tenant], logger: logger)
    puller = JobPuller(setup.broker, logger: logger)
  }

  func run() async throws -> Timings {
    let timings = Timings(jobs: setup.jobs)
    let (cycle, leader) = try await openCycle()
    let ranges = (0..<setup.jobs).map { IDRange(from: id($0), to: id($0 + 1)) }
    let plan = CyclePlan(
      ranges: ranges, method: .rest, lane: Lane.initial.rawValue, rowsExpected: setup.jobs, apiCalls: setup.jobs)
    let recorded = try await timings.time("record") { try await store.record(plan, of: cycle.id, leader: leader) }
    guard recorded == setup.jobs else { throw Unfinished(step: "record", jobs: recorded) }
    try await publisher.start()
    var done = 0
    while done < setup.jobs {
      let batch = try await runBatch(leader, timings)
      guard batch > 0 else { throw Unfinished(step: "dispatch", jobs: done) }
      done += batch
    }
    let closed = try await timings.time("close") {
      try await store.closeCycles(
        tenant: Setup.tenant, pause: .seconds(60), failurePause: .seconds(60), leader: leader)
    }
    guard closed.first?.phase == .done else { throw Unfinished(step: "close", jobs: done) }
    return timings
  }

  /// - Returns: how many jobs were taken from runnable to done.
  private func runBatch(_ leader: LeaderStamp, _ timings: Timings) async throws -> Int {
    let jobs = try await timings.time("dispatch") {
      try await store.dispatch(
        tenant: Setup.tenant, lane: Lane.initial.rawValue, outstanding: Setup.batch, queued: Setup.batch,
        leader: leader)
    }
    try await timings.time("publish") { try await publish(jobs) }
    var pulled: [PulledJob] = []
    try await timings.time("take") {
      let queue = JobTopology.queue(tenant: Setup.tenant, lane: .initial)
      while pulled.count < jobs.count, let job = try await puller.pull(from: [queue]) { pulled.append(job) }
    }
    let claims = try await timings.time("claim") { [store] in
      try await bySlots(pulled.map(\.job)) { try await store.claim($0, worker: "bench", lease: .seconds(60)) }
    }.compactMap { $0 }
    let committed = try await timings.time("checkpoint") { [store] in
      let page = PageCheckpoint(position: Position(pages: 1), rows: 1, rejects: [], isLast: true)
      return try await bySlots(claims) { try await store.commitPage(page, of: $0, lease: .seconds(60)) }
    }
    await timings.time("acknowledge") { for job in pulled { await puller.finish(job) } }
    return committed.count { $0 }
  }

  private func publish(_ jobs: [DispatchedJob]) async throws {
    try await withThrowingDiscardingTaskGroup { [publisher] group in
      for job in jobs {
        group.addTask {
          try await publisher.publish(
            JobMessage(job: job.id, tenant: job.tenant, object: job.object, lane: .initial, dispatch: job.dispatch))
        }
      }
    }
  }

  private func openCycle() async throws -> (OpenCycle, LeaderStamp) {
    try await store.migrate()
    guard let term = try await store.lead(as: "bench", lease: .seconds(3600)) else {
      throw Unfinished(step: "lead", jobs: 0)
    }
    let leader = LeaderStamp(holder: "bench", term: term)
    try await store.register(tenant: Setup.tenant, destination: "nowhere")
    try await store.select([.users], tenant: Setup.tenant, leader: leader)
    guard let cycle = try await store.openCycles(of: .users, tenant: Setup.tenant, leader: leader).first else {
      throw Unfinished(step: "open", jobs: 0)
    }
    try await store.store(try mapping(), tenant: Setup.tenant, leader: leader)
    let start = DeltaWindow(from: Instant(seconds: 0), to: Instant(seconds: 0))
    try await store.begin(cycle, window: start, raisesEvents: false, tenant: Setup.tenant, leader: leader)
    return (cycle, leader)
  }

  /// Thirty fields: every claim reads them.
  private func mapping() throws -> StoredMapping {
    let fields =
      [SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime)]
      + (1...28).map { SourceField(name: "Measured_\($0)__c", type: .string) }
    let schema = SourceObjectSchema(name: SourceObject.users.apiName, fields: fields)
    let mapping = try ObjectMapping(ObjectSelection(.users), schema)
    return StoredMapping(
      mapping: mapping, scope: SelectionScope(), conditions: [],
      rules: ChangeRules(object: .users, fields: mapping.fields, schema: schema))
  }

  private func id(_ place: Int) -> String {
    let digits = String(place)
    return "0055g" + String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
  }
}

/// A step that did not do all of its work: its time says nothing.
struct Unfinished: Error, CustomStringConvertible {
  let step: String
  let jobs: Int

  var description: String { "the step '\(step)' ended with \(jobs) jobs" }
}

import Checkpoints
import PostgreSQL
import SyncModel

/// One job, twice: as a row and as the pure type, driven by the same events.
final class LifecycleWorld {
  private let store: CheckpointStore
  private let leader: LeaderStamp
  private var random: SplitMix64
  private var job: Job
  private var claim: ClaimedJob?
  private var staleClaims: [ClaimedJob] = []
  private var bulkJobs = 0
  private(set) var applied = 0

  init(seed: UInt64) async throws {
    store = try await TestStore.make()
    random = SplitMix64(seed: seed)
    guard let term = try await store.lead(as: "test", lease: .seconds(3600)) else { throw WorldFailure() }
    leader = LeaderStamp(holder: "test", term: term)
    try await store.register(tenant: "acme", destination: "here")
    try await store.select([.users], tenant: "acme", leader: leader)
    guard let cycle = try await store.openCycles(of: .users, tenant: "acme", leader: leader).first else {
      throw WorldFailure()
    }
    try await store.store(TestStore.mapping(), tenant: "acme", leader: leader)
    let start = DeltaWindow(from: Instant(seconds: 0), to: Instant(seconds: 0))
    try await store.begin(cycle, window: start, raisesEvents: false, tenant: "acme", leader: leader)
    let plan = CyclePlan(ranges: [.all], method: .bulk, lane: "initial", rowsExpected: 1, apiCalls: 1)
    _ = try await store.record(plan, of: cycle.id, leader: leader)
    job = Job(id: 1, method: .bulk, dueAt: Instant(seconds: 0))
  }

  /// Lets one random event happen on both sides.
  func step() async throws {
    let now = Instant(seconds: 1_000_000)
    // Delays are zero on both sides: what is due is compared by other tests.
    func pure(_ event: JobEvent) { if JobLifecycle.apply(event, to: &job, now: now) { applied += 1 } }
    let retry: RetryDecision = random.next() % 8 == 0 ? .deadLetter : .retry(after: .zero)
    let held = random.next() % 4 == 0 ? staleClaims.randomElement(using: &random) : claim
    switch random.next() % 15 {
    case 0:
      bulkJobs += 1
      try await store.extractCreated(1, bulkJob: "750\(bulkJobs)", leader: leader)
      pure(.extractCreated(bulkJob: "750\(bulkJobs)"))
    case 1, 2:
      let bulkJob = job.position.bulkJob ?? "none"
      try await store.extractsCompleted([bulkJob], tenant: "acme", leader: leader)
      pure(.extractCompleted(bulkJob: bulkJob))
    case 3:
      try await store.extractFailed(1, retry: retry, error: "planted", leader: leader)
      pure(.extractFailed(retry: retry))
    case 4, 5, 6:
      _ = try await store.dispatch(tenant: "acme", lane: "initial", outstanding: 1, queued: 1, leader: leader)
      pure(.dispatched)
    case 7, 8:
      let claimed = try await store.claim(1, worker: "w", lease: .seconds(3600))
      pure(.claimed(lease: .seconds(3600)))
      if let claimed {
        if let claim { staleClaims.append(claim) }
        claim = claimed
      }
    case 9: try await commit(held, pure)
    case 10:
      guard let held else { return }
      _ = try await store.handBack(held, after: .zero, reason: nil)
      pure(.handedBack(token: held.token, after: .zero))
    case 11:
      guard let held else { return }
      _ = try await store.fail(held, retry: retry, error: "planted")
      pure(.failed(token: held.token, retry: retry))
    case 12:
      guard let held else { return }
      _ = try await store.interrupt(held, after: .zero, reason: "planted")
      pure(.interrupted(token: held.token, after: .zero))
    case 13:
      guard let held, job.state == .leased, held.token == job.token else { return }
      try await expireLease()
      job.leaseUntil = Instant(seconds: 0)
      _ = try await store.sweepLeases(leader: leader)
      pure(.leaseExpired(token: held.token))
    default:
      _ = try await store.retryDeadLetters([1])
      pure(.retried)
    }
  }

  private func commit(_ held: ClaimedJob?, _ pure: (JobEvent) -> Void) async throws {
    guard let held else { return }
    var position = job.position
    position.pages += 1
    position.locator = "l\(position.pages)"
    let isLast = random.next() % 50 == 0
    _ = try await store.commitPage(
      PageCheckpoint(position: position, rows: 1, rejects: [], isLast: false), of: held, lease: .seconds(3600))
    pure(.pageCommitted(token: held.token, position: position, lease: .seconds(3600)))
    if isLast, job.state == .leased {
      // A finished job is where a life ends; a person may not revive it, so the world hands it back instead.
      _ = try await store.handBack(held, after: .zero, reason: nil)
      pure(.handedBack(token: held.token, after: .zero))
    }
  }

  private func expireLease() async throws {
    try await store.pool.withConnection {
      _ = try await $0.query("update crmsync.job set lease_until = '-infinity' where id = 1 and state = 'leased'")
    }
  }

  /// What differs between the row and the pure job.
  func difference() async throws -> String? {
    let rows = try await store.pool.withConnection {
      try await $0.query(
        """
        select state, token, dispatch, failures, interruptions, vanished, position ->> 'bulkJob' as bulk,
          position ->> 'locator' as locator, position ->> 'pages' as pages, position ->> 'mayExist' as may_exist
        from crmsync.job where id = 1
        """)
    }
    guard let row = rows.first else { return "the row is gone" }
    let stored = [
      try row.string("state"), try row.string("token"), try row.string("dispatch"), try row.string("failures"),
      try row.string("interruptions"), try row.string("vanished"), try row.string("bulk"), try row.string("locator"),
      try row.string("pages"), try row.string("may_exist"),
    ].map { $0 ?? "nil" }
    let pure = [
      job.state.rawValue, "\(job.token)", "\(job.dispatch)", "\(job.failures)", "\(job.interruptions)",
      "\(job.vanished)", job.position.bulkJob ?? "nil", job.position.locator ?? "nil", "\(job.position.pages)",
      "\(job.position.mayExist)",
    ]
    return stored == pure ? nil : "stored \(stored), pure \(pure)"
  }
}

/// The world could not be set up.
struct WorldFailure: Error {}

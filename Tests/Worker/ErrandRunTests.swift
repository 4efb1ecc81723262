import AMQP
import Checkpoints
import JobQueue
import Logging
import PostgreSQL
import SyncModel
import Synchronization
import TestSupport
import Testing

@testable import SyncConfiguration
@testable import Tenants
@testable import Worker

/// An errand that does as it is told.
private struct PlannedErrand: Errand {
  let kind = ErrandKind.delivery
  let body: @Sendable (@Sendable () -> Bool) async throws -> Void
  func demand() async throws -> ErrandDemand { ErrandDemand(workers: 1, askAgain: .seconds(5)) }
  func run(isStopping: @escaping @Sendable () -> Bool) async throws { try await body(isStopping) }
}

private struct Hopeless: Error, CustomStringConvertible {
  var description: String { "the instance does not know this key" }
}

/// What becomes of an errand in a worker's slot, on real servers.
@Suite("An errand's run", .timeLimit(.minutes(2)))
struct ErrandRunTests {
  @Test("what is done rests, and is due again at once")
  func ended() async throws {
    let ran = Mutex(0)
    let world = try await ErrandWorld(PlannedErrand { _ in ran.withLock { $0 += 1 } })
    try await world.runOnce()
    let status = try await world.status()
    #expect(ran.withLock { $0 } == 1 && status.endedAt != nil && status.error == nil && status.working == 0)
    try await world.runOnce()
    #expect(ran.withLock { $0 } == 2)
    try await world.close()
  }

  @Test("what failed rests for a while, and status says why; it never becomes a dead letter")
  func failed() async throws {
    let world = try await ErrandWorld(PlannedErrand { _ in throw Hopeless() })
    for _ in 0..<10 { try await world.runOnce() }
    let status = try await world.status()
    #expect(status.failures == 10 && status.error == "the instance does not know this key" && status.endedAt == nil)
    try await world.close()
  }

  @Test("a budget that is used up is waited for, and counts as no failure")
  func budget() async throws {
    let exhausted = BudgetExhausted(tenant: "acme", reason: .ourShare, wait: .seconds(60))
    let world = try await ErrandWorld(PlannedErrand { _ in throw exhausted })
    try await world.runOnce()
    let status = try await world.status()
    #expect(status.failures == 0 && status.error == exhausted.description)
    #expect(try await world.dispatch().isEmpty)
    try await world.close()
  }

  @Test("an errand that is asked to stop rests without having ended")
  func stopped() async throws {
    let world = try await ErrandWorld(
      PlannedErrand { isStopping in try await until("the stop") { isStopping() } })
    world.stopping.set()
    try await world.runOnce()
    let status = try await world.status()
    #expect(status.working == 0 && status.endedAt == nil && status.error == nil)
    try await world.close()
  }

  @Test("an errand whose lease was lost is ended, and lays nothing to rest")
  func fenced() async throws {
    let checkpoints = try await freshCheckpoints()
    let world = try await ErrandWorld(
      PlannedErrand { _ in
        try await checkpoints.pool.withConnection {
          _ = try await $0.query("update crmsync.errand set token = token + 1")
        }
        try await Task.sleep(for: .seconds(60))
      }, checkpoints: checkpoints, lease: .milliseconds(300))
    try await world.runOnce()
    #expect(try await world.status().working == 1)
    try await world.close()
  }
}

private func freshCheckpoints() async throws -> CheckpointStore {
  let store = CheckpointStore(pool: PostgresPool(PostgresConfiguration(url: try await freshDatabase()), size: 4))
  try await store.migrate()
  return store
}

/// One errand's way from the leader to a worker.
private struct ErrandWorld {
  let tenant = "t\(String(UInt32.random(in: .min ... .max), radix: 36))"
  let checkpoints: CheckpointStore
  let leader: LeaderStamp
  let broker: AMQPConfiguration
  let publisher: JobPublisher
  let puller: JobPuller
  let stopping = StopSignal()
  let run: ErrandRun

  init(_ errand: some Errand, checkpoints: CheckpointStore? = nil, lease: Duration = .seconds(60)) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    broker = try AMQPConfiguration(url: try testServer("CRMSYNC_TEST_RABBITMQ_URL"))
    let store = if let checkpoints { checkpoints } else { try await freshCheckpoints() }
    self.checkpoints = store
    leader = LeaderStamp(holder: "test", term: try #require(try await store.lead(as: "test", lease: .seconds(3600))))
    try await store.register(tenant: tenant, destination: "here")
    publisher = JobPublisher(broker, tenants: [tenant], logger: logger)
    puller = JobPuller(broker, logger: logger)
    var known = Tenant(
      name: tenant, settings: TenantConfiguration(), checkpoints: store, connections: 1,
      live: LiveSelections(Configuration()))
    known.errands = [errand]
    let limits = WorkerLimits(
      name: "w", slots: 1, lease: lease, jobTime: .seconds(600), pageRows: 1000,
      retry: RetryPolicy(backoff: Backoff(first: .milliseconds(1), longest: .milliseconds(1))))
    run = ErrandRun(
      checkpoints: store, puller: puller, tenants: [tenant: known], limits: limits, stopping: stopping, logger: logger)
  }

  func dispatch() async throws -> [DispatchedErrand] {
    try await checkpoints.dispatch(.delivery, parts: 1, tenant: tenant, leader: leader)
  }

  func runOnce() async throws {
    var parts: [DispatchedErrand] = []
    try await until("the errand to be due") {
      parts = try await dispatch()
      return !parts.isEmpty
    }
    for part in parts {
      try await publisher.publish(
        JobMessage(errand: "delivery", part: part.part, tenant: tenant, dispatch: part.dispatch))
    }
    var pulled: PulledJob?
    try await until("the message") {
      pulled = try await puller.pull(from: [JobTopology.queue(tenant: tenant, lane: .writeback)])
      return pulled != nil
    }
    await run.run(try #require(pulled))
  }

  func status() async throws -> ErrandStatus { try #require(try await checkpoints.errandStatuses().first) }

  func close() async throws {
    await puller.close()
    let publisher = AMQPPublisher(broker)
    try await publisher.connect()
    for lane in Lane.allCases { try await publisher.deleteQueue(JobTopology.queue(tenant: tenant, lane: lane)) }
    await publisher.close()
  }
}

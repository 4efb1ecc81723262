import Checkpoints
import JobQueue
import Logging
import PostgresDestination
import ProgressMarkers
import SyncModel
import Tenants
import Veeva

/// Brings one cycle from its opening to recorded jobs: schema, window, count, ranges. Each step is recorded, so that
/// a successor goes on where this coordinator ended.
struct ObjectPlanner: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let limits: CoordinatorLimits
  let markers: ProgressMarkers
  let logger: Logger

  /// First wait for a bulk job that lists ids.
  private static let firstPoll = Duration.milliseconds(100)
  /// Longest wait for it.
  private static let longestPoll = Duration.seconds(5)

  /// Does what the cycle's phase asks for.
  /// - Returns: how long to wait before the next look; `nil` when there is nothing more to plan.
  func advance(_ cycle: OpenCycle) async throws -> Duration? {
    switch cycle.phase {
    case .waiting: return try await start(cycle, try await readSchema(of: cycle.object))
    case .planning: return try await cutRanges(of: cycle)
    case .copying:
      if cycle.needsSchema { _ = try await readSchema(of: cycle.object) }
      return nil
    case .done, .failed: return nil
    }
  }

  /// Reads the schema, prepares the tables where it has changed, and keeps the mapping.
  private func readSchema(of object: SourceObject) async throws -> DescribedObject {
    let described = try await SchemaReader(tenant: tenant).read(object)
    let known = try await checkpoints.mapping(of: object, tenant: tenant.name)
    if known?.mapping != described.mapping {
      try await tenant.prepareTables(for: described.mapping)
      await markers.reached(.tablesPrepared)
    }
    try await checkpoints.store(described.stored, tenant: tenant.name, leader: leader)
    return described
  }

  // MARK: The first step

  /// Decides what the cycle reads.
  private func start(_ cycle: OpenCycle, _ described: DescribedObject) async throws -> Duration? {
    let now = described.serverTime
    var window = DeltaWindow(from: now, to: now)
    if cycle.kind == .backfill, let watermark = cycle.watermark {
      // What changed since may be met here before the next delta meets it.
      window = DeltaWindow(from: watermark.advanced(by: .zero - tenant.times.overlap), to: now)
    }
    if cycle.kind == .delta, let watermark = cycle.watermark {
      let times = tenant.times
      window = DeltaWindow.next(watermark: watermark, now: now, overlap: times.overlap, lag: times.lag)
      try await warnOfLostDeletions(cycle.object, watermark: watermark, now: now)
    }
    try await checkpoints.begin(
      cycle, window: window, raisesEvents: tenant.raisesEvents(in: cycle.kind), tenant: tenant.name, leader: leader)
    return try await size(cycle, extent(of: cycle, described.stored, window))
  }

  /// The recycle bin forgets after fifteen days: what was deleted before the last look then shows in no delta.
  private func warnOfLostDeletions(_ object: SourceObject, watermark: Instant, now: Instant) async throws {
    let isOld = watermark.advanced(by: .seconds(15 * 86_400)) < now
    guard isOld else { return }
    try await checkpoints.warn(
      "was last in step at \(watermark), more than 15 days ago: what was deleted since may have left the org's recycle "
        + "bin; find it with crmsync verify \(tenant.name) --repair",
      of: object, tenant: tenant.name, leader: leader)
  }

  private func extent(of cycle: OpenCycle, _ stored: StoredMapping, _ window: DeltaWindow) -> Extent {
    Extent(
      cycle.kind, extent: cycle.extent, window: window, mapping: stored.mapping, conditions: stored.conditions,
      rules: stored.rules)
  }

  /// Counts what is to be read and decides how. Little of it gets its job at once.
  private func size(_ cycle: OpenCycle, _ extent: Extent) async throws -> Duration? {
    let rows = try await tenant.count(
      cycle.object, conditions: extent.conditions, includeDeleted: extent.includesDeleted)
    if rows == 0, cycle.kind != .initial {
      return try await record([], extent.plan(rows: 0, limits.planning), cycle, 0)
    }
    let plan = extent.plan(rows: rows, limits.planning)
    guard plan.partitions > 1 else { return try await record([.all], plan, cycle, rows) }
    do {
      let sample = try await list(extent)
      try await checkpoints.beginSampling(cycle.id, job: sample, rowsExpected: rows, leader: leader)
      return Self.firstPoll
    } catch let error as VeevaError where error.code == .notForBulk {
      try tenant.requireREST(for: extent.whole, limits: limits.planning)
      return try await record([.all], extent.plan(rows: rows, isForBulk: false, limits.planning), cycle, rows)
    }
  }

  /// Lets the source list the ids.
  private func list(_ extent: Extent) async throws -> String {
    let object = extent.object.apiName
    return try await tenant.veeva.createQueryJob(
      SOQL.select(["Id"], from: object, where: extent.conditions), object: object,
      includeDeleted: extent.includesDeleted
    ).id
  }

  // MARK: The second step

  /// Cuts ranges from the list of ids, as soon as the source has made it.
  private func cutRanges(of cycle: OpenCycle) async throws -> Duration? {
    guard let job = cycle.sampleJob, let stored = try await checkpoints.mapping(of: cycle.object, tenant: tenant.name)
    else { throw PlanningGivenUp(tries: 1, reason: "cycle \(cycle.id) is being cut, but lists no ids") }
    let extent = extent(
      of: cycle, stored, cycle.window ?? DeltaWindow(from: .distantPast, to: .distantPast))
    do {
      switch try await tenant.veeva.jobState(job, object: cycle.object.apiName) {
      case .uploadComplete, .inProgress: return min(Self.longestPoll, tenant.longestPoll)
      case .failed(let message): return try await listAgain(cycle, extent, because: message)
      case .aborted: return try await listAgain(cycle, extent, because: "somebody aborted it")
      case .jobComplete: break
      }
      let sample = try await sampleIDs(of: job, cycle)
      let plan = extent.plan(rows: sample.count, limits.planning)
      let wait = try await record(sample.ranges(plan.partitions), plan, cycle, sample.count)
      // What stays behind is forgotten by the source after seven days.
      try? await tenant.veeva.delete(job, object: cycle.object.apiName)
      return wait
    } catch let error as VeevaError where error.isGone {
      return try await listAgain(cycle, extent, because: error.description)
    }
  }

  private func listAgain(_ cycle: OpenCycle, _ extent: Extent, because reason: String) async throws -> Duration {
    guard cycle.failures + 1 < limits.retry.maxFailures else {
      throw PlanningGivenUp(tries: cycle.failures + 1, reason: "the bulk job that lists ids: \(reason)")
    }
    logger.warning(
      "the bulk job that lists ids failed; asking again",
      metadata: ["tenant": "\(tenant.name)", "object": "\(cycle.object)", "error": "\(reason)"])
    try await checkpoints.countFailure(of: cycle.id, leader: leader)
    try await checkpoints.beginSampling(
      cycle.id, job: try await list(extent), rowsExpected: Int(cycle.rowsExpected ?? 0), leader: leader)
    return limits.retry.backoff.delay(attempt: cycle.failures, chance: .random(in: 0..<1))
  }

  /// Reads all ids in a stream and keeps a bounded sample.
  private func sampleIDs(of job: String, _ cycle: OpenCycle) async throws -> IDSample {
    var sample = IDSample(seed: UInt64(bitPattern: cycle.id))
    var locator: String?
    repeat {
      let page = try await tenant.veeva.results(
        of: job, object: cycle.object.apiName, fields: ["Id"], locator: locator,
        maxRecords: ExtractPlanner.idPageRows(limits.planning))
      while let batch = try await page.nextBatch() { sample.add(batch) }
      locator = page.nextLocator
    } while locator != nil
    return sample
  }

  private func record(
    _ ranges: [IDRange], _ plan: ExtractPlan, _ cycle: OpenCycle, _ rows: Int
  ) async throws -> Duration? {
    // What a worker does at one go is short work; a copy in many parts must not stand before it.
    let lane = cycle.kind == .delta && ranges.count <= 1 ? Lane.delta : .initial
    let recorded = try await checkpoints.record(
      CyclePlan(ranges: ranges, method: plan.method, lane: lane.rawValue, rowsExpected: rows, apiCalls: plan.apiCalls),
      of: cycle.id, leader: leader)
    await markers.reached(.jobsRecorded)
    logger.log(
      level: recorded == 0 ? .debug : .info, "planned",
      metadata: [
        "tenant": "\(tenant.name)", "object": "\(cycle.object)", "cycle": "\(cycle.kind.rawValue)", "rows": "\(rows)",
        "jobs": "\(recorded)", "method": "\(plan.method.rawValue)",
      ])
    return nil
  }
}

/// Planning came to the same trouble too often, though the org answers.
struct PlanningGivenUp: Error, CustomStringConvertible {
  let tries: Int
  let reason: String

  var description: String { "gave up after \(tries) tries: \(reason)" }
}

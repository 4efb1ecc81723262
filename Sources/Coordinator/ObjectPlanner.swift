import Checkpoints
import Logging
import PostgresDestination
import ProgressMarkers
import SyncModel
import Tenants
import Veeva

/// Brings one object from nothing to recorded jobs: schema, count, ranges. Each step is recorded, so that a
/// successor goes on where this coordinator ended.
struct ObjectPlanner: Sendable {
  let tenant: Tenant
  let cycle: Int64
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let limits: CoordinatorLimits
  let markers: ProgressMarkers
  let logger: Logger

  /// First wait for a bulk job that lists ids.
  private static let firstPoll = Duration.milliseconds(100)

  /// Does what the object's phase asks for.
  /// - Returns: how long to wait before the next look.
  func advance(_ progress: ObjectProgress) async throws -> Duration {
    switch progress.phase {
    case .waiting:
      let mapping = try await readSchema(of: progress.object)
      return try await size(progress.object, mapping)
    case .planning:
      return try await cutRanges(of: progress)
    case .copying where progress.needsSchema:
      _ = try await readSchema(of: progress.object)
      return .seconds(1)
    case .copying, .synced, .failed:
      return .seconds(5)
    }
  }

  /// Reads the schema, prepares the tables, and keeps the mapping.
  private func readSchema(of object: SourceObject) async throws -> ObjectMapping {
    let reader = SchemaReader(tenant: tenant)
    let described = try await reader.read(object)
    try await tenant.prepareTables(for: described.mapping)
    await markers.reached(.tablesPrepared)
    let deltaFrom = described.serverTime.advanced(by: .zero - limits.overlap)
    try await checkpoints.store(
      described.mapping, conditions: described.conditions, deltaFrom: deltaFrom, tenant: tenant.name, leader: leader)
    return described.mapping
  }

  /// Counts the object and decides how it is read. Small objects get their job at once.
  private func size(_ object: SourceObject, _ mapping: ObjectMapping) async throws -> Duration {
    guard let (_, conditions) = try await checkpoints.mapping(of: object, tenant: tenant.name) else { return .zero }
    let rows = try await tenant.count(object, conditions: conditions)
    let partition = Partition(
      object: object, method: .rest, fields: mapping.fields, conditions: conditions, range: .all)
    let plan = ExtractPlanner.plan(
      rows: rows, urlBytes: partition.longestURLBytes, limits: limits.planning)
    guard plan.partitions > 1 else {
      try await record([.all], plan, object, rows)
      return .zero
    }
    let sample = try await tenant.veeva.createQueryJob(
      SOQL.select(["Id"], from: object.apiName, where: conditions), object: object.apiName)
    try await checkpoints.beginSampling(
      object, job: sample.id, rowsExpected: rows, tenant: tenant.name, leader: leader)
    return Self.firstPoll
  }

  /// Cuts ranges from the list of ids, as soon as the source has made it.
  private func cutRanges(of progress: ObjectProgress) async throws -> Duration {
    guard let job = progress.sampleJob,
      let (mapping, conditions) = try await checkpoints.mapping(of: progress.object, tenant: tenant.name)
    else {
      return .zero
    }
    switch try await tenant.veeva.jobState(job, object: progress.object.apiName) {
    case .uploadComplete, .inProgress: return Self.firstPoll
    case .failed, .aborted: return try await resample(progress, conditions)
    case .jobComplete: break
    }
    let sample = try await sampleIDs(of: job, progress.object)
    let partition = Partition(
      object: progress.object, method: .rest, fields: mapping.fields, conditions: conditions, range: .all)
    let plan = ExtractPlanner.plan(
      rows: sample.count, urlBytes: partition.longestURLBytes, limits: limits.planning)
    try await record(sample.ranges(plan.partitions), plan, progress.object, sample.count)
    try? await tenant.veeva.delete(job, object: progress.object.apiName)
    return .zero
  }

  private func resample(_ progress: ObjectProgress, _ conditions: [String]) async throws -> Duration {
    logger.warning(
      "the bulk job that lists ids failed; asking again",
      metadata: ["tenant": "\(tenant.name)", "object": "\(progress.object)"])
    let again = try await tenant.veeva.createQueryJob(
      SOQL.select(["Id"], from: progress.object.apiName, where: conditions), object: progress.object.apiName)
    try await checkpoints.beginSampling(
      progress.object, job: again.id, rowsExpected: Int(progress.rowsExpected ?? 0), tenant: tenant.name,
      leader: leader)
    return .seconds(5)
  }

  /// Reads all ids in a stream and keeps a bounded sample.
  private func sampleIDs(of job: String, _ object: SourceObject) async throws -> IDSample {
    var sample = IDSample(seed: UInt64(bitPattern: cycle))
    var locator: String?
    repeat {
      let page = try await tenant.veeva.results(
        of: job, object: object.apiName, fields: ["Id"], locator: locator,
        maxRecords: ExtractPlanner.idPageRows(limits.planning))
      while let batch = try await page.nextBatch() { sample.add(batch) }
      locator = page.nextLocator
    } while locator != nil
    return sample
  }

  private func record(
    _ ranges: [IDRange], _ plan: ExtractPlan, _ object: SourceObject, _ rows: Int
  ) async throws {
    let recorded = try await checkpoints.record(
      ranges: ranges, method: plan.method, of: object, rowsExpected: rows, apiCalls: plan.apiCalls,
      tenant: tenant.name, cycle: cycle, leader: leader)
    await markers.reached(.jobsRecorded)
    logger.info(
      "planned",
      metadata: [
        "tenant": "\(tenant.name)", "object": "\(object)", "rows": "\(rows)", "jobs": "\(recorded)",
        "method": "\(plan.method.rawValue)",
      ])
  }
}

public import SyncModel
import Veeva

extension Tenant {
  /// Reads records of an object once, outside the life cycle of jobs: for looking, not for copying.
  ///
  /// By REST or by one bulk job, whichever costs fewer API calls.
  public func extract(
    _ object: SourceObject, fields: [String], conditions: [String], limits: PlanningLimits,
    _ take: (RecordBatch) async throws -> Void
  ) async throws {
    let rows = try await count(object, conditions: conditions)
    let partition = Partition(object: object, method: .rest, fields: fields, conditions: conditions, range: .all)
    var whole = limits
    whole.partitionRows = Int.max / 2
    let plan = ExtractPlanner.plan(rows: rows, urlBytes: partition.longestURLBytes, limits: whole)
    if plan.method == .rest { return try await extractByREST(partition, take) }
    do {
      try await extractInBulk(partition, limits, take)
    } catch let error as VeevaError where error.code == .notForBulk {
      try await extractByREST(partition, take)
    }
  }

  private func extractByREST(_ partition: Partition, _ take: (RecordBatch) async throws -> Void) async throws {
    var position = Position()
    while true {
      let rows = try await veeva.queryPage(
        partition.restStatement(after: position, limit: ExtractPlanner.restPageRows), object: partition.object.apiName,
        fields: partition.fields)
      if rows.rowCount > 0 { try await take(rows) }
      guard rows.rowCount == ExtractPlanner.restPageRows,
        let id = rows.text(row: rows.rowCount - 1, column: ObjectMapping.idColumn)
      else { return }
      position.lastID = id
    }
  }

  private func extractInBulk(
    _ partition: Partition, _ limits: PlanningLimits, _ take: (RecordBatch) async throws -> Void
  ) async throws {
    let object = partition.object.apiName
    let job = try await veeva.createQueryJob(partition.bulkStatement, object: object)
    var wait = Duration.milliseconds(100)
    waiting: while true {
      switch try await veeva.jobState(job.id, object: object) {
      case .jobComplete: break waiting
      case .failed(let message):
        throw VeevaError(code: .jobFailed, call: "bulk job", object: object, message: message)
      case .aborted:
        throw VeevaError(code: .jobAborted, call: "bulk job", object: object, message: "somebody aborted it")
      case .uploadComplete, .inProgress:
        try await Task.sleep(for: wait)
        wait = min(longestPoll, wait * 2)
      }
    }
    var locator: String?
    repeat {
      let page = try await veeva.results(
        of: job.id, object: object, fields: partition.fields, locator: locator, maxRecords: limits.pageRows)
      while let batch = try await page.nextBatch() { try await take(batch) }
      locator = page.nextLocator
    } while locator != nil
    try await veeva.delete(job.id, object: object)
  }
}

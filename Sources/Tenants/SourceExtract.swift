public import SyncModel
import Veeva

/// Reads records outside the life cycle of jobs: for looking, not for copying.
extension Tenant {
  /// How often a result page that breaks off is asked for again.
  private static let pageRepeats = 3

  /// Reads all records of an object once, by REST or by one bulk job, whichever costs fewer API calls.
  /// - Parameter includeDeleted: whether records in the recycle bin are found, too (`queryAll`).
  /// - Returns: how they were read.
  @discardableResult
  public func extract(
    _ object: SourceObject, fields: [String], conditions: [String], limits: PlanningLimits,
    includeDeleted: Bool = false, _ take: (RecordBatch) async throws -> Void
  ) async throws -> ExtractMethod {
    let rows = try await count(object, conditions: conditions)
    let partition = Partition(object: object, method: .rest, fields: fields, conditions: conditions, range: .all)
    var whole = limits
    whole.partitionRows = Int.max / 2
    let plan = ExtractPlanner.plan(rows: rows, urlBytes: partition.longestURLBytes, limits: whole)
    if plan.method == .bulk {
      do {
        try await extractInBulk(partition.bulkStatement, partition, limits, includeDeleted, take)
        return .bulk
      } catch let error as VeevaError where error.code == .notForBulk {
        try requireREST(for: partition, limits: limits)
      }
    }
    try await extractByREST(partition, includeDeleted, take)
    return .rest
  }

  /// Makes sure that an object that the Bulk API refuses can be read by REST.
  /// - Throws: ``UnsupportedObject`` where the statement is too long for a URL.
  public func requireREST(for partition: Partition, limits: PlanningLimits) throws {
    guard partition.longestURLBytes > limits.longestURL else { return }
    throw UnsupportedObject(
      tenant: name, object: partition.object.apiName,
      reason: "the Bulk API does not take it, and the statement with its \(partition.fields.count) fields is too long "
        + "for a URL (\(partition.longestURLBytes) bytes of \(limits.longestURL)), which REST needs; exclude fields of it"
    )
  }

  /// Reads the records of some ranges of ids by REST.
  /// - Parameter groups: ranges whose conditions fit one statement each.
  public func extract(
    _ groups: [[MergedRange]], of object: SourceObject, fields: [String], conditions: [String],
    _ take: (RecordBatch) async throws -> Void
  ) async throws {
    for group in groups {
      let partition = Partition(
        object: object, method: .rest, fields: fields,
        conditions: conditions + [RecordSelection.condition(ranges: group)], range: .all)
      try await extractByREST(partition, false, take)
    }
  }

  /// Reads records by their ids: by REST, or in bulk where the field list leaves no room for them in a URL.
  /// - Parameter includeDeleted: whether records in the recycle bin are found, too (`queryAll`).
  public func extract(
    ids: [String], of object: SourceObject, fields: [String], conditions: [String], limits: PlanningLimits,
    includeDeleted: Bool = false, _ take: (RecordBatch) async throws -> Void
  ) async throws {
    func partition(_ method: ExtractMethod, _ list: [String]) -> Partition {
      Partition(
        object: object, method: method, fields: fields, conditions: conditions + [RecordSelection.condition(ids: list)],
        range: .all)
    }
    let size = RecordSelection.idsPerList(
      besides: partition(.rest, []).bulkStatement, longestURL: limits.longestURL)
    if let size {
      for start in stride(from: 0, to: ids.count, by: size) {
        let list = partition(.rest, Array(ids[start..<min(start + size, ids.count)]))
        let rows = try await veeva.queryPage(
          list.bulkStatement, object: object.apiName, fields: fields, includeDeleted: includeDeleted)
        if rows.rowCount > 0 { try await take(rows) }
      }
      return
    }
    for start in stride(from: 0, to: ids.count, by: RecordSelection.idsPerBulkJob) {
      let partition = partition(.bulk, Array(ids[start..<min(start + RecordSelection.idsPerBulkJob, ids.count)]))
      try await extractInBulk(partition.bulkStatement, partition, limits, includeDeleted, take)
    }
  }

  private func extractByREST(
    _ partition: Partition, _ includeDeleted: Bool, _ take: (RecordBatch) async throws -> Void
  ) async throws {
    var position = Position()
    while true {
      let rows = try await veeva.queryPage(
        partition.restStatement(after: position, limit: ExtractPlanner.restPageRows), object: partition.object.apiName,
        fields: partition.fields, includeDeleted: includeDeleted)
      if rows.rowCount > 0 { try await take(rows) }
      guard rows.rowCount == ExtractPlanner.restPageRows,
        let id = rows.text(row: rows.rowCount - 1, column: ObjectMapping.idColumn)
      else { return }
      position.lastID = id
    }
  }

  private func extractInBulk(
    _ statement: String, _ partition: Partition, _ limits: PlanningLimits, _ includeDeleted: Bool,
    _ take: (RecordBatch) async throws -> Void
  ) async throws {
    let object = partition.object.apiName
    let job = try await veeva.createQueryJob(statement, object: object, includeDeleted: includeDeleted)
    do {
      try await waitFor(job.id, object)
      var locator: String?
      repeat {
        locator = try await readPage(of: job.id, at: locator, partition, limits, take)
      } while locator != nil
    } catch {
      // Whoever looks again makes a job of its own. A job that is still at work cannot be deleted, and ends by itself.
      try? await veeva.delete(job.id, object: object)
      throw error
    }
    do {
      try await veeva.delete(job.id, object: object)
    } catch let error as VeevaError where error.isGone {
      // Somebody has deleted it before.
    }
  }

  private func waitFor(_ job: String, _ object: String) async throws {
    var wait = Duration.milliseconds(100)
    while true {
      switch try await veeva.jobState(job, object: object) {
      case .jobComplete: return
      case .failed(let message):
        throw VeevaError(code: .jobFailed, call: "bulk job", object: object, message: message)
      case .aborted:
        throw VeevaError(code: .jobAborted, call: "bulk job", object: object, message: "somebody aborted it")
      case .uploadComplete, .inProgress:
        try await Task.sleep(for: wait)
        wait = min(longestPoll, wait * 2)
      }
    }
  }

  /// Reads a result page. The same locator gives the same page, so that one that breaks off goes on where it did.
  /// - Returns: where the next page starts.
  private func readPage(
    of job: String, at locator: String?, _ partition: Partition, _ limits: PlanningLimits,
    _ take: (RecordBatch) async throws -> Void
  ) async throws -> String? {
    var taken = 0
    var failures = 0
    while true {
      var seen = 0
      let read: Result<String?, VeevaError>
      do {
        let page = try await veeva.results(
          of: job, object: partition.object.apiName, fields: partition.fields, locator: locator,
          maxRecords: limits.pageRows)
        while let batch = try await page.nextBatch() {
          let known = min(batch.rowCount, max(0, taken - seen))
          seen += batch.rowCount
          if known < batch.rowCount { try await take(batch.dropping(known)) }
          taken = max(taken, seen)
        }
        read = .success(page.nextLocator)
      } catch let error as VeevaError {
        read = .failure(error)
      }
      failures += 1
      if case .failure(let error) = read, error.disposition == .retry, failures <= Self.pageRepeats {
        try await Task.sleep(for: error.retryAfter ?? .milliseconds(100 * failures))
        continue
      }
      return try read.get()
    }
  }
}

/// Carries an ingest job out: 200 records at a time, each refused for itself.
struct IngestRunner: Sendable {
  let org: Org
  let job: IngestJob

  /// Salesforce: records that triggers see at once.
  private static let chunk = 200
  private static let null = "#N/A"

  /// A column of the file.
  private struct Column: Sendable {
    let name: String
    /// `nil` for the record's id.
    let type: FieldType?
  }

  func run() async {
    let faults = org.faults.fire(statement: "update \(job.objectName)")
    await org.ingest.turnstile.enter(most: org.settings.concurrentJobs)
    defer { org.ingest.turnstile.leave() }
    guard job.move(from: [.uploadComplete], to: .inProgress, at: org.clock.seconds) else { return }
    do {
      try await work(faults)
    } catch let problem as UploadedTable.Problem {
      job.move(from: [.inProgress], to: .failed, at: org.clock.seconds, message: problem.message)
    } catch {
      // Aborted, or the org ends.
    }
  }

  /// Writes half of the records, takes its time, and writes the others, unless a fault ends the job before them.
  private func work(_ faults: [SimulatedFault]) async throws {
    let job = job
    let table = try await org.compute {
      try UploadedTable(job.now.upload ?? [], delimiter: job.format.delimiter, crlf: job.format.usesCRLF)
    }
    job.took(table)
    let columns = try columns(table.header)
    let half = table.records.count / 2
    try await write(0..<half, of: table, columns)
    let slow = faults.filter { $0.kind == .slowJob }.reduce(0) { $0 + ($1.milliseconds ?? 1000) }
    let begin = ContinuousClock.now
    // Settings may change while the job takes its time.
    while case let left = begin + org.settings.jobDelay + .milliseconds(slow) - .now, left > .zero {
      try await Task.sleep(for: min(left, .milliseconds(50)))
    }
    if faults.contains(where: { $0.kind == .jobFailed }) {
      throw UploadedTable.Problem(message: "InternalServerError : Retries exhausted")
    }
    if faults.contains(where: { $0.kind == .jobAborted }) {
      job.move(from: [.inProgress], to: .aborted, at: org.clock.seconds)
      return
    }
    try await write(half..<table.records.count, of: table, columns)
    job.move(from: [.inProgress], to: .jobComplete, at: org.clock.seconds)
  }

  private func columns(_ header: [String]) throws(UploadedTable.Problem) -> [Column] {
    guard let object = org.data.object(job.objectName), org.profile.shows(object) else {
      throw UploadedTable.Problem(message: "InvalidBatch : InvalidEntity : \(job.objectName)")
    }
    var columns: [Column] = []
    for name in header {
      guard let place = object.field(name), case let field = object.fields[place], org.profile.shows(field, of: object)
      else { throw UploadedTable.Problem(message: "InvalidBatch : Field name not found : \(name)") }
      columns.append(Column(name: field.name, type: field.type == .id ? nil : field.type))
    }
    return columns
  }

  private func write(_ records: Range<Int>, of table: UploadedTable, _ columns: [Column]) async throws {
    for start in stride(from: records.lowerBound, to: records.upperBound, by: Self.chunk) {
      try Task.checkCancellation()
      guard job.now.state == .inProgress else { throw CancellationError() }
      let chunk = start..<min(records.upperBound, start + Self.chunk)
      let written = try chunk.map { self.record(try table.cells($0), columns) }
      let errors = try await org.compute { [self] in update(written) }
      job.note(errors, from: start)
      for (record, error) in zip(written, errors) where error == nil { org.updates.note(record) }
    }
  }

  private func record(_ cells: [String], _ columns: [Column]) -> WrittenRecord {
    var record = WrittenRecord(object: job.objectName, id: nil, values: [:])
    for (column, cell) in zip(columns, cells) {
      if let type = column.type {
        // Salesforce: an empty cell leaves the field as it is.
        if !cell.isEmpty { record.values[column.name] = Self.value(cell, type) }
      } else if !cell.isEmpty {
        record.id = cell
      }
    }
    return record
  }

  private static func value(_ cell: String, _ type: FieldType) -> JSONScalar {
    if cell == null { return .null }
    guard type == .boolean else { return .string(cell) }
    switch cell.lowercased() {
    case "true", "1": return .bool(true)
    case "false", "0": return .bool(false)
    default: return .string(cell)
    }
  }

  private func update(_ records: [WrittenRecord]) -> [SalesforceError?] {
    let writer = RecordWriter(profile: org.profile, faults: org.faults)
    return org.changes.plan(delay: org.settings.commitDelaySeconds) { planner in
      var seen: Set<String> = []
      return records.map { record in
        if let id = record.id, !seen.insert(String(id.prefix(15))).inserted {
          return SalesforceError(status: 400, code: "DUPLICATE_VALUE", message: "duplicate id specified: \(id)")
        }
        do throws(SalesforceError) {
          try writer.update(record, on: &planner)
          return nil
        } catch {
          return Self.asInBulk(error)
        }
      }
    }
  }

  /// What has no JSON cannot be refused as JSON.
  private static func asInBulk(_ error: SalesforceError) -> SalesforceError {
    var error = error
    if error.code == "JSON_PARSER_ERROR" {
      error.code = "INVALID_TYPE_ON_FIELD_IN_RECORD"
      error.message = "invalid value for the field's type"
    }
    return error
  }
}

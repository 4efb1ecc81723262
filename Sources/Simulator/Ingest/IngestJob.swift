import NIOConcurrencyHelpers

/// One Bulk API 2.0 ingest job.
final class IngestJob: Sendable {
  struct Progress: Sendable {
    var state = BulkState.open
    var upload: [UInt8]?
    /// Known when the job has begun.
    var table: UploadedTable?
    /// Records in the order in which they were written.
    var updated: [Int] = []
    var refused: [(record: Int, error: SalesforceError)] = []
    var message: String?
    /// Seconds of the org's clock.
    var changed: Int
    var finished: Int?
  }

  /// What results are asked for.
  enum Results: String {
    case successful = "successfulresults"
    case failed = "failedresults"
    case unprocessed = "unprocessedrecords"
  }

  let id: String
  let objectName: String
  let version: String
  let created: Int
  let format: BulkFormat
  private let progress: NIOLockedValueBox<Progress>

  init(
    id: String, objectName: String, version: String, created: Int, format: BulkFormat
  ) {
    self.id = id
    self.objectName = objectName
    self.version = version
    self.created = created
    self.format = format
    progress = NIOLockedValueBox(Progress(changed: created))
  }

  var now: Progress { progress.withLockedValue { $0 } }

  /// Takes the file, once.
  /// - Returns: false when there is one.
  func take(_ upload: [UInt8]) -> Bool {
    progress.withLockedValue {
      guard $0.upload == nil else { return false }
      $0.upload = upload
      return true
    }
  }

  /// Moves from one state to another, unless it is in neither.
  @discardableResult
  func move(from before: Set<BulkState>, to state: BulkState, at seconds: Int, message: String? = nil) -> Bool {
    progress.withLockedValue {
      guard before.contains($0.state) else { return false }
      $0.state = state
      $0.changed = seconds
      $0.message = message
      if state.isTerminal { $0.finished = seconds }
      return true
    }
  }

  func took(_ table: UploadedTable) { progress.withLockedValue { $0.table = table } }

  /// Notes what became of a run of records.
  func note(_ errors: [SalesforceError?], from first: Int) {
    progress.withLockedValue { progress in
      for (place, error) in errors.enumerated() {
        if let error {
          progress.refused.append((first + place, error))
        } else {
          progress.updated.append(first + place)
        }
      }
    }
  }

  /// One of the three files of results. Their order is not that of the upload.
  func csv(_ results: Results) -> [UInt8] {
    let now = now
    guard let table = now.table ?? uploaded(now) else { return [] }
    var columns: [String] = []
    let said: [(record: Int, cells: [String])]
    switch results {
    case .successful:
      columns = ["sf__Id", "sf__Created"]
      said = shuffled(now.updated).map { (record: $0, cells: [recordID(table, $0), "false"]) }
    case .failed:
      columns = ["sf__Id", "sf__Error"]
      let errors = Dictionary(now.refused.map { ($0.record, Self.words($0.error)) }, uniquingKeysWith: { $1 })
      said = shuffled(now.refused.map(\.record)).map {
        (record: $0, cells: [recordID(table, $0), errors[$0] ?? ""])
      }
    case .unprocessed:
      let done = Set(now.updated).union(now.refused.map(\.record))
      said = shuffled(table.records.indices.filter { !done.contains($0) }).map { (record: $0, cells: []) }
    }
    return table.results(columns, said, crlf: format.usesCRLF)
  }

  /// The file of a job that never began.
  private func uploaded(_ now: Progress) -> UploadedTable? {
    now.upload.flatMap { try? UploadedTable($0, delimiter: format.delimiter, crlf: format.usesCRLF) }
  }

  private func shuffled(_ records: [Int]) -> [Int] {
    let chance = Mixing.hash(id)
    return records.map { (Mixing.mix(chance, UInt64($0)), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  private func recordID(_ table: UploadedTable, _ record: Int) -> String {
    guard let place = table.header.firstIndex(where: { $0.lowercased() == "id" }),
      let cells = try? table.cells(record)
    else { return "" }
    return cells[place]
  }

  /// Salesforce: code, message and fields of `sf__Error`.
  private static func words(_ error: SalesforceError) -> String {
    let fields = error.fields.isEmpty ? "" : error.fields.joined(separator: ", ") + " "
    return "\(error.code):\(error.message):\(fields)--"
  }

  /// The job as the wire shows it.
  /// - Parameter full: with progress, as a request for the state gives it.
  func json(full: Bool) -> JSONValue {
    let now = now
    var members: [(String, JSONValue)] = [
      ("id", .string(id)), ("operation", .string("update")), ("object", .string(objectName)),
      ("createdById", .string("0055g000001SvABAA0")), ("createdDate", .string(WireTime.json(created))),
      ("systemModstamp", .string(WireTime.json(now.changed))), ("state", .string(now.state.rawValue)),
      ("concurrencyMode", .string("Parallel")), ("contentType", .string("CSV")), ("apiVersion", .number(version)),
    ]
    if now.state == .open {
      // As the platform sends it: without a leading slash.
      members.append(("contentUrl", .string("services/data/v\(version)/jobs/ingest/\(id)/batches")))
    }
    members += format.members
    guard full else { return .object(members) }
    let time = max(0, (now.finished ?? now.changed) - created) * 1000
    members += [
      ("jobType", .string("V2Ingest")), ("numberRecordsProcessed", .int(now.updated.count + now.refused.count)),
      ("numberRecordsFailed", .int(now.refused.count)), ("retries", .int(0)), ("totalProcessingTime", .int(time)),
      ("apiActiveProcessingTime", .int(time)), ("apexProcessingTime", .int(0)),
    ]
    if let message = now.message { members.append(("errorMessage", .string(message))) }
    return .object(members)
  }
}

import NIOConcurrencyHelpers

/// One Bulk API 2.0 query job.
final class BulkJob: Sendable {
  struct Progress: Sendable {
    var state = BulkState.uploadComplete
    var rows = 0
    var message: String?
    /// Seconds of the org's clock.
    var changed: Int
    var finished: Int?
    var file: SpoolFile?
    var isCancelled = false
  }

  let id: String
  let operation: String
  let objectName: String
  let version: String
  let created: Int
  let format: BulkFormat
  let order: Materialiser.Order
  /// The header row of each page.
  let header: [UInt8]
  private let progress: NIOLockedValueBox<Progress>

  init(
    id: String, operation: String, objectName: String, version: String, created: Int, format: BulkFormat,
    order: Materialiser.Order, header: [UInt8]
  ) {
    self.id = id
    self.operation = operation
    self.objectName = objectName
    self.version = version
    self.created = created
    self.format = format
    self.order = order
    self.header = header
    progress = NIOLockedValueBox(Progress(changed: created))
  }

  var now: Progress { progress.withLockedValue { $0 } }

  /// Moves to a state, unless the job has ended.
  @discardableResult
  func move(to state: BulkState, at seconds: Int, message: String? = nil, file: SpoolFile? = nil) -> Bool {
    progress.withLockedValue {
      guard !$0.state.isTerminal else { return false }
      $0.state = state
      $0.changed = seconds
      $0.message = message
      $0.file = file
      if state.isTerminal { $0.finished = seconds }
      if state == .aborted { $0.isCancelled = true }
      return true
    }
  }

  func add(rows: Int) { progress.withLockedValue { $0.rows += rows } }

  /// Stops work on it, whatever its state.
  func cancel() { progress.withLockedValue { $0.isCancelled = true } }

  /// The job as the wire shows it.
  /// - Parameter full: with progress, as a request for the state gives it.
  func json(full: Bool) -> JSONValue {
    let now = now
    var members: [(String, JSONValue)] = [
      ("id", .string(id)), ("operation", .string(operation)), ("object", .string(objectName)),
      ("createdById", .string("0055g000001SvABAA0")), ("createdDate", .string(WireTime.json(created))),
      ("systemModstamp", .string(WireTime.json(now.changed))), ("state", .string(now.state.rawValue)),
      ("concurrencyMode", .string("Parallel")), ("contentType", .string("CSV")), ("apiVersion", .number(version)),
    ]
    if full {
      members += [("jobType", .string("V2Query"))] + format.members
      members += [
        ("numberRecordsProcessed", .int(now.rows)), ("retries", .int(0)),
        ("totalProcessingTime", .int(max(0, (now.finished ?? now.changed) - created) * 1000)),
        ("isPkChunkingSupported", .bool(true)),
      ]
      if let message = now.message { members.append(("errorMessage", .string(message))) }
    } else {
      members += format.members
    }
    return .object(members)
  }
}

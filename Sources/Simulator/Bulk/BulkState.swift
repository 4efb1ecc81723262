/// Where a Bulk API 2.0 job stands.
enum BulkState: String, Sendable {
  /// Waits for its file; query jobs have none.
  case open = "Open"
  case uploadComplete = "UploadComplete"
  case inProgress = "InProgress"
  case aborted = "Aborted"
  case jobComplete = "JobComplete"
  case failed = "Failed"

  var isTerminal: Bool { self == .aborted || self == .jobComplete || self == .failed }
}

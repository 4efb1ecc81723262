/// A bulk import (reference 11).
struct ImportJob: Sendable {
  enum Status: String, Sendable {
    case queued = "Queued"
    case importing = "Importing"
    case complete = "Complete"
    case failed = "Failed"
  }

  struct Row: Sendable {
    var cells: [String]
    var reason: String
  }

  var id = 0
  /// `nil` for leads.
  let object: MarketoObject?
  let delimiter: UInt8
  /// By the instance's clock.
  let created: Double
  /// Field that leads are found by.
  var lookup = ""
  var partition: Int?
  /// Static list that the leads join.
  var list: String?
  var status = Status.queued
  var header: [String] = []
  /// Rows imported, those with a warning among them.
  var processed = 0
  var failures: [Row] = []
  var warnings: [Row] = []
  var problem: String?
  /// How long it took.
  var seconds = 0

  init(object: MarketoObject?, delimiter: UInt8, created: Double) {
    self.object = object
    self.delimiter = delimiter
    self.created = created
  }

  var isEnded: Bool { status == .complete || status == .failed }

  /// By id, an import only updates (11).
  var action: LeadRequest.Action { lookup == "id" ? .updateOnly : .createOrUpdate }

  var message: String {
    if let problem { return problem }
    switch status {
    case .queued: return "Import queued"
    case .importing: return "Import in progress"
    case .failed: return "Import failed"
    case .complete:
      let outcome = failures.isEmpty ? "Import succeeded" : "Import completed with errors"
      return "\(outcome), \(processed) records imported (\(processed) members), \(failures.count) failed"
    }
  }

  /// Rows with the column that says what was wrong with them, in the format of the import.
  func file(_ rows: [Row], _ column: String) -> [UInt8] {
    var bytes: [UInt8] = []
    DelimitedText.write(header + [column], delimiter: delimiter, to: &bytes)
    for row in rows { DelimitedText.write(row.cells + [row.reason], delimiter: delimiter, to: &bytes) }
    return bytes
  }
}

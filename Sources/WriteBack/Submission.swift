import PostgresDestination
import SyncModel
import Veeva

/// A claimed change, with the field that it is of.
struct FieldChange: Sendable, Equatable {
  let change: CapturedChange
  /// API name of the field.
  let field: String
  let type: ValueType

  init(change: CapturedChange, field: String, type: ValueType) {
    (self.change, self.field, self.type) = (change, field, type)
  }

  /// - Returns: `nil` when its column is not two-way.
  init?(_ change: CapturedChange, in columns: [String: MappedColumn]) {
    guard let column = columns[change.column] else { return nil }
    self.init(change: change, field: column.field, type: column.type)
  }

  /// What to do about it, given what Veeva holds.
  func step(whenVeevaShows shown: String?) -> TwoWayValue<String?>.Step {
    func canonical(_ text: String?) -> String? { TwoWaySpelling.canonical(text, as: type) }
    let state = change.state
    return TwoWayValue(
      value: canonical(state.value), agreed: canonical(state.agreed), sent: state.sent.map(canonical),
      isOwned: state.isOwned
    ).step(whenVeevaShows: canonical(shown))
  }

  var written: WrittenValue {
    guard let value = change.value, !value.isEmpty else { return type == .boolean ? .boolean(false) : .null }
    let text = TwoWaySpelling.wire(value, as: type)
    return switch type {
    case .boolean: .boolean(text == "true")
    case .integer, .decimal: .number(text)
    default: .text(text)
    }
  }
}

/// Changes of one record that are written together.
struct Submission: Sendable, Equatable {
  let recordID: String
  let changes: [FieldChange]

  var update: RecordUpdate {
    RecordUpdate(id: recordID, values: changes.map { ($0.field, $0.written) })
  }

  /// Each change for itself.
  var apart: [Submission] { changes.map { Submission(recordID: recordID, changes: [$0]) } }

  /// The changes of each record together, in the order in which they came.
  static func byRecord(_ changes: [FieldChange]) -> [Submission] {
    var order: [String] = []
    var records: [String: [FieldChange]] = [:]
    for change in changes {
      let id = change.change.recordID
      if records[id] == nil { order.append(id) }
      records[id, default: []].append(change)
    }
    return order.map { Submission(recordID: $0, changes: records[$0] ?? []) }
  }
}

/// What is still to be sent, call by call: no call holds a record twice.
struct SubmissionQueue: Sendable {
  private var waiting: [Submission] = []
  /// Calls of their own.
  private var groups: [[Submission]] = []

  init(_ submissions: [Submission]) { waiting = submissions }

  /// Adds what goes into any call.
  mutating func add(_ submissions: [Submission]) { waiting += submissions }

  /// Adds the parts of a call that the org did not take as a whole, each a call of its own: one of them is at fault.
  /// - Returns: `false` when it has no parts.
  mutating func split(_ call: [Submission]) -> Bool {
    if call.count > 1 {
      groups.append(Array(call[..<(call.count / 2)]))
      groups.append(Array(call[(call.count / 2)...]))
      return true
    }
    guard let only = call.first, only.changes.count > 1 else { return false }
    groups += only.apart.map { [$0] }
    return true
  }

  /// The next call; `nil` when there is none.
  mutating func next(limit: Int = VeevaClient.mostUpdates) -> [Submission]? {
    if !groups.isEmpty { return groups.removeFirst() }
    var (call, left, ids): ([Submission], [Submission], Set<String>) = ([], [], [])
    for submission in waiting {
      if call.count < limit, ids.insert(submission.recordID).inserted {
        call.append(submission)
      } else {
        left.append(submission)
      }
    }
    waiting = left
    return call.isEmpty ? nil : call
  }
}

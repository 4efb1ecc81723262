/// Turns operations into changes of rows, one after the other, each seeing what those before it did.
struct ChangePlanner {
  /// What an operation comes to.
  struct Work: Sendable {
    var additions: [Revision.Addition] = []
    var edits: [Revision.Edit] = []
    var schemas: [@Sendable (inout Revision) -> Void] = []
  }

  let origin: DataSet
  let now: Int
  private(set) var revision: Revision
  private(set) var data: DataSet
  private var work = Work()

  var renderer: Renderer { Renderer(data: data) }

  init(origin: DataSet, revision: Revision, now: Int) {
    self.origin = origin
    self.revision = revision
    self.now = now
    data = DataSet(origin, revision)
  }

  /// What was done since the last call.
  mutating func takeWork() -> Work {
    defer { work = Work() }
    return work
  }

  mutating func perform(_ operation: ChangeOperation) throws(SalesforceError) -> [ChangeReport] {
    switch operation.op {
    case .random: return try random(operation)
    case .insert: return [try insert(operation)]
    case .update: return [try update(operation)]
    case .touch: return [try touch(operation)]
    case .delete: return [try delete(operation)]
    case .undelete: return [try undelete(operation)]
    case .purge: return [try purge(operation)]
    case .merge: return try merge(operation)
    case .recordType: return [try changeRecordType(operation)]
    case .addField: return [try addField(operation)]
    case .removeField: return [try removeField(operation)]
    case .widenField: return [try widenField(operation)]
    }
  }

  /// Performs edits, and sees their effect from now on.
  mutating func apply(_ edits: [Revision.Edit]) {
    guard !edits.isEmpty else { return }
    work.edits += edits
    revision.apply(edits)
    data = DataSet(origin, revision)
  }

  mutating func add(_ additions: [Revision.Addition]) {
    work.additions += additions
    revision.add(additions) { origin.shape($0).pointee.rows }
    data = DataSet(origin, revision)
  }

  mutating func changeSchema(_ change: @escaping @Sendable (inout Revision) -> Void) {
    work.schemas.append(change)
    change(&revision)
    data = DataSet(origin, revision)
  }

  // MARK: Words that operations share

  static func refused(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALID_CHANGE", message: message)
  }

  func object(_ operation: ChangeOperation) throws(SalesforceError) -> ObjectDefinition {
    guard let name = operation.object, let object = data.object(name) else {
      throw Self.refused("\(operation.op.rawValue) needs an object of the org; it has '\(operation.object ?? "")'")
    }
    guard object.kind != .contact else {
      throw Self.refused("A Contact here is half of an Account: change the Account")
    }
    return object
  }

  func report(_ operation: ChangeOperation, _ object: ObjectDefinition, _ indexes: [Int]) -> ChangeReport {
    ChangeReport(
      op: operation.op, object: object.name,
      ids: indexes.count > ChangeReport.mostIDs ? [] : indexes.map { id(object.kind, $0) }, count: indexes.count,
      stamp: now)
  }

  func id(_ kind: ObjectKind, _ index: Int) -> String {
    var sink = ByteSink(capacity: 64)
    sink.reserve(32)
    renderer.id(kind, index, &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  func edit(_ kind: ObjectKind, _ indexes: [Int], _ patch: RowPatch) -> Revision.Edit {
    Revision.Edit(kind: kind, ranges: indexes.runs, patch: patch)
  }

  func slot(_ field: FieldDefinition) -> UInt64 { FieldProgram(field).slot }

  /// The number that stands for the next deletion.
  var nextDeletion: Int { revision.number + 1 }
}

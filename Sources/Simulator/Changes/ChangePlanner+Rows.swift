/// Insert, update, touch, delete, undelete, purge, and change of record type.
extension ChangePlanner {
  mutating func update(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    let indexes = try select(operation, object, .live)
    let values = try values(operation.set ?? [:], object, isNew: false)
    var patch = operation.keepsStamps == true ? RowPatch() : .change(at: now)
    patch.values = values.bySlot
    follow(&patch, object)
    if let kind = values.kind {
      try checkRecordType(kind, object, indexes)
      patch.kind = kind
    }
    var edits = [edit(object.kind, indexes, patch)] + nameEdits(object, indexes, patch.values)
    if object.kind == .account { edits += contactEdits(indexes, patch) }
    apply(edits)
    var report = report(operation, object, indexes)
    report.details = [("set", .object(values.json))]
    return report
  }

  mutating func touch(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    let indexes = try select(operation, object, .live)
    apply([edit(object.kind, indexes, RowPatch(stamp: now, modified: operation.modified == true ? now : nil))])
    return report(operation, object, indexes)
  }

  mutating func changeRecordType(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    let kind = try recordType(operation.to ?? "", object)
    var indexes = try select(operation, object, .live)
    if operation.ids == nil { indexes.removeAll { !fits(kind, data.row(object.kind, $0)) } }
    try checkRecordType(kind, object, indexes)
    var patch = RowPatch.change(at: now)
    patch.kind = kind
    apply([edit(object.kind, indexes, patch)] + (object.kind == .account ? contactEdits(indexes, patch) : []))
    var report = report(operation, object, indexes)
    report.details = [("to", .string(RecordTypes.all[Int(kind)].developerName))]
    return report
  }

  func recordType(_ name: String, _ object: ObjectDefinition) throws(SalesforceError) -> UInt8 {
    guard let place = RecordTypes.all.firstIndex(where: { $0.object == object.name && $0.developerName == name }) else {
      throw Self.refused("\(object.name) has no record type '\(name)'")
    }
    return UInt8(truncatingIfNeeded: place)
  }

  /// Whether a row may have a record type: persons stay persons.
  private func fits(_ kind: UInt8, _ row: Row) -> Bool {
    row.object != .account || RecordTypes.all[Int(kind)].isPersonType == row.isPerson
  }

  private func checkRecordType(_ kind: UInt8, _ object: ObjectDefinition, _ indexes: [Int]) throws(SalesforceError) {
    let type = RecordTypes.all[Int(kind)]
    guard type.object == object.name else {
      throw Self.refused("\(type.developerName) is no record type of \(object.name)")
    }
    if let wrong = indexes.first(where: { !fits(kind, data.row(object.kind, $0)) }) {
      throw Self.refused("Account \(id(.account, wrong)) cannot become \(type.developerName): persons stay persons")
    }
  }

  mutating func delete(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try deletable(operation)
    let indexes = try select(operation, object, .live)
    var patch = RowPatch.change(at: now)
    patch.isDeleted = true
    patch.deletion = nextDeletion
    var edits: [Revision.Edit] = []
    var report = report(operation, object, indexes)
    for (child, rows) in details(of: object.kind, Set(indexes)) {
      let live = rows.filter { Wanted.live.takes(data.row(child, $0)) }
      edits.append(edit(child, live, patch))
      report.note(data.object(child).name, "deleted", live.map { id(child, $0) })
    }
    if object.kind == .account {
      edits.append(edit(.contact, indexes, patch))
      patch.values[masterRecord] = .null
    }
    apply(edits + [edit(object.kind, indexes, patch)])
    return report
  }

  mutating func undelete(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try deletable(operation)
    let indexes = try select(operation, object, .deleted).filter { !hasDeletedMaster(object, $0) }
    var patch = RowPatch.change(at: now)
    patch.isDeleted = false
    patch.deletion = 0
    let changes = revision.changes(object.kind)
    let deletions = Set(indexes.compactMap { changes.state(of: $0)?.deletion }).subtracting([0])
    var edits: [Revision.Edit] = []
    var report = report(operation, object, indexes)
    for (child, rows) in details(of: object.kind, Set(indexes)) {
      let childChanges = revision.changes(child)
      let together = rows.filter { index in
        Wanted.deleted.takes(data.row(child, index))
          && childChanges.state(of: index).map { deletions.contains($0.deletion) } ?? false
      }
      edits.append(edit(child, together, patch))
      report.note(data.object(child).name, "undeleted", together.map { id(child, $0) })
    }
    if object.kind == .account {
      edits.append(edit(.contact, indexes, patch))
      patch.values[masterRecord] = .null
    }
    apply(edits + [edit(object.kind, indexes, patch)])
    return report
  }

  /// Deletes so that nothing shows it any more.
  mutating func purge(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try deletable(operation)
    let indexes = try select(operation, object, .any)
    let patch = RowPatch(stamp: now, isDeleted: true, isGone: true)
    var edits: [Revision.Edit] = []
    var report = report(operation, object, indexes)
    for (child, rows) in details(of: object.kind, Set(indexes)) {
      let present = rows.filter { Wanted.any.takes(data.row(child, $0)) }
      edits.append(edit(child, present, patch))
      report.note(data.object(child).name, "purged", present.map { id(child, $0) })
    }
    if object.kind == .account { edits.append(edit(.contact, indexes, patch)) }
    apply(edits + [edit(object.kind, indexes, patch)])
    return report
  }

  private func deletable(_ operation: ChangeOperation) throws(SalesforceError) -> ObjectDefinition {
    let object = try object(operation)
    guard object.field("IsDeleted") != nil else {
      throw Self.refused("Rows of \(object.name) cannot be deleted")
    }
    return object
  }

  var masterRecord: UInt64 { Mixing.hash("MasterRecordId") }

  /// Whether a row's master is deleted: Salesforce refuses to undelete a detail then.
  private func hasDeletedMaster(_ object: ObjectDefinition, _ index: Int) -> Bool {
    object.fields.enumerated().contains { place, field in
      guard field.relationshipOrder != nil, case .reference(let reference) = field.content else { return false }
      let program = data.programs[Int(object.kind.rawValue)][place]
      let master = renderer.target(program, reference, data.row(object.kind, index))
      return master.map { !Wanted.live.takes(data.row(reference.object, $0)) } ?? false
    }
  }

  /// The rows of master-detail children of these rows, deleted ones included, ascending.
  func details(of kind: ObjectKind, _ parents: Set<Int>) -> [(ObjectKind, [Int])] {
    var found: [(ObjectKind, [Int])] = []
    for child in data.objects {
      for (place, field) in child.fields.enumerated() where field.relationshipOrder != nil {
        guard case .reference(let reference) = field.content, reference.object == kind else { continue }
        let program = data.programs[Int(child.kind.rawValue)][place]
        var candidates = Set(parents.flatMap { data.generatedChildren(child.kind, of: kind, $0) })
        let changes = revision.changes(child.kind)
        for (run, shared) in changes.states.enumerated() {
          if case .row(_, let parent) = shared.state.values[program.slot], parents.contains(parent) {
            candidates.formUnion(changes.starts[run]..<changes.ends[run])
          }
        }
        let rows = candidates.filter { index in
          renderer.target(program, reference, data.row(child.kind, index)).map(parents.contains) ?? false
        }
        found.append((child.kind, rows.sorted()))
      }
    }
    return found
  }
}

extension ChangeReport {
  mutating func note(_ object: String, _ what: String, _ ids: [String]) {
    if !ids.isEmpty { also.append((object, what, ids)) }
  }
}

/// New rows.
extension ChangePlanner {
  mutating func insert(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    guard ![.recordType, .profile, .role].contains(object.kind) else {
      throw Self.refused("Rows of \(object.name) cannot be inserted")
    }
    let values = try values(operation.set ?? [:], object, isNew: true)
    var kind = values.kind
    if let name = operation.to { kind = try recordType(name, object) }
    if let kind, RecordTypes.all[Int(kind)].object != object.name {
      throw Self.refused("\(RecordTypes.all[Int(kind)].developerName) is no record type of \(object.name)")
    }
    let count = max(0, operation.count ?? 1)
    guard count <= 1_000_000 else { throw Self.refused("An insert makes at most 1000000 rows") }
    let first = data.rows(object.kind)
    add(newIDs(object.kind, count, operation.place))
    if object.kind == .account { add(newIDs(.contact, count, operation.place)) }
    let indexes = Array(first..<(first + count))
    var patch = RowPatch.change(at: now)
    patch.created = values.created ?? now
    patch.isDeleted = false
    patch.isGone = false
    patch.kind = kind ?? standardKind(object.kind)
    var edits: [Revision.Edit] = []
    for index in indexes {
      var own = patch
      own.values = references(of: object, index, values.bySlot).merging(values.bySlot) { $1 }
      edits.append(edit(object.kind, [index], own))
    }
    if object.kind == .account { edits.append(edit(.contact, indexes, patch)) }
    apply(edits)
    // Names follow from the generated ones where only one of them was given.
    var followers = nameEdits(object, indexes, values.bySlot)
    if object.kind == .account {
      var mirrored = patch
      mirrored.values = values.bySlot
      followers += contactEdits(indexes, mirrored)
    }
    apply(followers)
    var report = report(operation, object, indexes)
    report.details = [("set", .object(values.json))]
    return report
  }

  private func standardKind(_ kind: ObjectKind) -> UInt8? {
    switch kind {
    case .account: RecordTypes.professional
    case .call: RecordTypes.firstCall
    case .activity: RecordTypes.firstActivity
    default: nil
    }
  }

  /// Lookups of a new row that shall lead to live rows which belong together: its parent, account and contact.
  private func references(of object: ObjectDefinition, _ index: Int, _ given: [UInt64: FieldValue])
    -> [UInt64: FieldValue]
  {
    var values: [UInt64: FieldValue] = [:]
    let seed = Mixing.mix(UInt64(index), UInt64(object.kind.rawValue) &+ 0xF00D)
    var account: FieldValue?
    for field in object.fields {
      guard case .reference(let reference) = field.content else { continue }
      let slot = slot(field)
      switch reference.rule {
      case .parent:
        let parent = given[slot] ?? row(picked(1, reference.object, .live, seed: seed).first, reference.object)
        values[slot] = parent
        account = self.account(of: parent)
      case .account:
        let professional = picked(1, .account, .live, seed: seed) { $0.kind == RecordTypes.professional }
        account = given[slot] ?? account ?? row(professional.first, .account)
        values[slot] = account
      case .personContact where object.kind != .account: values[slot] = contact(of: account)
      default: break
      }
    }
    return values
  }

  private func row(_ index: Int?, _ kind: ObjectKind) -> FieldValue { index.map { .row(kind, $0) } ?? .null }

  /// The account of a parent row.
  private func account(of parent: FieldValue) -> FieldValue? {
    guard case .row(let kind, let index) = parent else { return nil }
    let object = data.object(kind)
    for (place, field) in object.fields.enumerated() {
      guard case .reference(let reference) = field.content, reference.rule == .account else { continue }
      let program = data.programs[Int(kind.rawValue)][place]
      return row(renderer.target(program, reference, data.row(kind, index)), .account)
    }
    return nil
  }

  private func contact(of account: FieldValue?) -> FieldValue {
    guard case .row(_, let index) = account, data.row(.account, index).isPerson else { return .null }
    return .row(.contact, index)
  }

  /// A change of the account takes the person contact with it.
  func follow(_ patch: inout RowPatch, _ object: ObjectDefinition) {
    guard object.kind != .account else { return }
    var account: FieldValue?
    for field in object.fields {
      guard case .reference(let reference) = field.content else { continue }
      let slot = slot(field)
      if reference.rule == .account, let value = patch.values[slot] { account = value }
      if reference.rule == .personContact, let account, patch.values[slot] == nil {
        patch.values[slot] = contact(of: account)
      }
    }
  }

  /// Ids that no row has: after all others, or between two of them.
  private func newIDs(_ kind: ObjectKind, _ count: Int, _ place: ChangeOperation.Place?) -> [Revision.Addition] {
    let shape = origin.shape(kind).pointee
    let added = revision.changes(kind).added
    var last = shape.rows > 0 ? packed(kind, shape.rows - 1) : packed(kind, 0)
    if let rank = added.order.last, let id = last, added.ids[rank] > id { last = added.ids[rank] }
    var additions: [Revision.Addition] = []
    var taken: Set<PackedID> = []
    for ordinal in added.count..<(added.count + count) {
      let chance = Mixing.mix(shape.seed ^ 0x1D, UInt64(ordinal))
      let between = place.map { $0 == .between } ?? (chance & 3 == 0)
      if between, let addition = idBetween(kind, shape.rows, chance, taken) {
        taken.insert(addition.id)
        additions.append(addition)
      } else if let next = last?.advanced(by: 1 + chance % 3) {
        last = next
        taken.insert(next)
        additions.append(.init(kind: kind, id: next, before: shape.rows))
      }
    }
    return additions
  }

  private func packed(_ kind: ObjectKind, _ index: Int) -> PackedID? {
    var sink = ByteSink(capacity: 64)
    sink.reserve(15)
    origin.shape(kind).pointee.layout.write15(index, &sink)
    return PackedID(sink.bytes)
  }

  private func idBetween(_ kind: ObjectKind, _ rows: Int, _ chance: UInt64, _ taken: Set<PackedID>)
    -> Revision.Addition?
  {
    guard rows > 1 else { return nil }
    for attempt in 0..<64 as Range<UInt64> {
      let index = Mixing.below(rows - 1, Mixing.mix(chance, attempt))
      guard let before = packed(kind, index), let after = packed(kind, index + 1),
        let id = before.advanced(by: 1), id < after, !taken.contains(id),
        data.index(kind, of: id.bytes) == nil
      else { continue }
      return .init(kind: kind, id: id, before: index + 1)
    }
    return nil
  }
}

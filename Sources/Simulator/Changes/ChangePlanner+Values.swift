/// Values as operations give them, and what follows from them.
extension ChangePlanner {
  /// Values of a row, looked up.
  struct Values {
    var bySlot: [UInt64: FieldValue] = [:]
    var kind: UInt8?
    var created: Int?
    var json: [(String, JSONValue)] = []
  }

  /// Looks values up.
  /// - Parameter isNew: whether CreatedDate may be given.
  func values(_ set: [String: JSONScalar], _ object: ObjectDefinition, isNew: Bool) throws(SalesforceError) -> Values {
    var values = Values()
    for (name, scalar) in set.sorted(by: { $0.key < $1.key }) {
      guard let place = object.field(name), case let field = object.fields[place] else {
        throw Self.refused("\(object.name) has no field '\(name)'")
      }
      values.json.append((field.name, scalar.json))
      let value = try value(scalar, field, object)
      switch field.content {
      case .reference(let reference) where reference.rule == .recordType:
        guard case .row(_, let index) = value else { throw Self.refused("\(field.name) cannot be null") }
        values.kind = UInt8(truncatingIfNeeded: index)
      case .created where field.name == "CreatedDate":
        guard isNew, case .instant(let seconds) = value else {
          throw Self.refused("CreatedDate can be given to new rows only")
        }
        values.created = seconds
      case .modified where field.name == "LastModifiedDate", .id, .isDeleted, .systemModstamp, .isPersonAccount:
        throw Self.refused("\(field.name) is the org's own")
      default: values.bySlot[slot(field)] = value
      }
    }
    return values
  }

  func value(_ scalar: JSONScalar, _ field: FieldDefinition, _ object: ObjectDefinition) throws(SalesforceError)
    -> FieldValue
  {
    switch (field.type, scalar) {
    case (.id, _), (.address, _), (.location, _), (.base64, _): break
    case (.boolean, .bool(let value)): return .boolean(value)
    case (.boolean, .null): return .boolean(false)
    case (_, .null), (_, .string("")): return .null
    case (.int, .number(let number)) where abs(number) < 1e15: return .number(String(Int(number)))
    case (.double, .number(let number)), (.currency, .number(let number)), (.percent, .number(let number)):
      return .number("\(number)")
    case (.int, .string(let text)), (.double, .string(let text)), (.currency, .string(let text)),
      (.percent, .string(let text)):
      if Double(text) != nil { return .number(text) }
    case (.date, .string(let text)):
      if case .date(let days) = SOQLLiteral.value(text) { return .date(days) }
    case (.datetime, .string(let text)):
      if case .datetime(let seconds) = SOQLLiteral.value(text) { return .instant(seconds) }
    case (.reference, .string(let text)):
      guard let stem = IDChecksum.stem(text) else { break }
      guard case .reference(let reference) = field.content else { return .text(text) }
      if let index = data.index(reference.object, of: stem) { return .row(reference.object, index) }
    case (_, .string(let text)) where field.type != .boolean: return .text(text)
    default: break
    }
    throw Self.refused("\(object.name).\(field.name) of type \(field.type.rawValue) cannot hold \(scalar)")
  }

  /// The text of a field of a row, as it is or as values make it.
  func text(_ object: ObjectDefinition, _ name: String, _ index: Int, _ values: [UInt64: FieldValue]) -> String? {
    guard let place = object.field(name) else { return nil }
    let program = data.programs[Int(object.kind.rawValue)][place]
    var sink = ByteSink()
    let present =
      if let value = values[program.slot] {
        renderer.put(value, .raw, &sink)
      } else {
        renderer.value(program, data.row(object.kind, index), .raw, &sink)
      }
    return present ? String(decoding: sink.bytes, as: UTF8.self) : nil
  }

  /// Names that are composed of changed first and last names, row by row (Salesforce: Name of a person is not written,
  /// it follows).
  func nameEdits(_ object: ObjectDefinition, _ indexes: [Int], _ values: [UInt64: FieldValue]) -> [Revision.Edit] {
    let parts = ["FirstName", "LastName"].compactMap { object.field($0).map { slot(object.fields[$0]) } }
    guard parts.contains(where: { values[$0] != nil }) else { return [] }
    let composed = object.fields.filter {
      switch $0.content {
      case .accountName, .fullName: true
      default: false
      }
    }
    guard !composed.isEmpty else { return [] }
    return indexes.filter { object.kind != .account || data.row(.account, $0).isPerson }.map { index in
      let names = ["FirstName", "LastName"].compactMap { text(object, $0, index, values) }
      let name = FieldValue.text(names.joined(separator: " "))
      var patch = RowPatch()
      for field in composed { patch.values[slot(field)] = name }
      return edit(object.kind, [index], patch)
    }
  }

  /// What a change of accounts does to the contacts that are their other halves.
  func contactEdits(_ accounts: [Int], _ patch: RowPatch) -> [Revision.Edit] {
    let account = data.object(.account)
    let contact = data.object(.contact)
    var mirrored = RowPatch(stamp: patch.stamp, modified: patch.modified)
    for (from, to) in [("FirstName", "FirstName"), ("LastName", "LastName"), ("PersonEmail", "Email")] {
      guard let a = account.field(from), let b = contact.field(to) else { continue }
      if let value = patch.values[slot(account.fields[a])] { mirrored.values[slot(contact.fields[b])] = value }
    }
    guard mirrored.stamp != nil || !mirrored.values.isEmpty else { return [] }
    return [edit(.contact, accounts, mirrored)] + nameEdits(contact, accounts, mirrored.values)
  }
}

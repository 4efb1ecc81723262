/// Updates records: checks each as the platform does, in the order in which it does, and changes its row.
struct RecordWriter: Sendable {
  let profile: Profile
  let faults: FaultBoard<SimulatedFault>

  /// A record that may be written.
  private struct Target {
    let object: ObjectDefinition
    let id: String
    let row: Row
    /// By the fields' places.
    var values: [Int: JSONScalar] = [:]
  }

  /// Updates one record.
  /// - Throws: the refusal, with nothing changed.
  func update(_ record: WrittenRecord, on planner: inout ChangePlanner) throws(SalesforceError) {
    var target = try find(record, planner.data)
    for (name, scalar) in record.values.sorted(by: { $0.key < $1.key }) {
      let place = try writable(name, of: target)
      target.values[place] = Self.trimmed(scalar)
    }
    try checkValues(of: target, planner)
    try checkRules(target, planner)
    var operation = ChangeOperation(.update, object: target.object.name, ids: [target.id])
    operation.set = Dictionary(
      target.values.map { (target.object.fields[$0.key].name, $0.value) }, uniquingKeysWith: { $1 })
    do {
      _ = try planner.perform(operation)
    } catch {
      throw Self.refused("INVALID_CROSS_REFERENCE_KEY", error.message)
    }
  }

  private static func refused(_ code: String, _ message: String, _ fields: [String] = []) -> SalesforceError {
    SalesforceError(status: 400, code: code, message: message, fields: fields)
  }

  /// Salesforce: blanks at either end of a text are not stored.
  private static func trimmed(_ scalar: JSONScalar) -> JSONScalar {
    guard case .string(let text) = scalar else { return scalar }
    let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" }
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isBlank($0) }), let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return .null }
    return .string(String(scalars[first...last]))
  }

  private func find(_ record: WrittenRecord, _ data: DataSet) throws(SalesforceError) -> Target {
    guard let name = record.object, let object = data.object(name), profile.shows(object) else {
      throw Self.refused("INVALID_TYPE", "sObject type '\(record.object ?? "")' is not supported.")
    }
    guard let id = record.id else { throw Self.refused("MISSING_ARGUMENT", "Id not specified in an update call") }
    guard let stem = IDChecksum.stem(id) else {
      throw Self.refused("MALFORMED_ID", "\(object.label) ID: id value of incorrect type: \(id)", ["Id"])
    }
    guard object.kind != .contact else {
      throw SalesforceError(
        status: 403, code: "INSUFFICIENT_ACCESS_OR_READONLY", message: "insufficient access rights on object id")
    }
    guard let index = data.index(object.kind, of: stem), case let row = data.row(object.kind, index), !row.isGone
    else { throw Self.refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") }
    guard !row.isDeleted else {
      throw SalesforceError(status: 404, code: "ENTITY_IS_DELETED", message: "entity is deleted")
    }
    return Target(object: object, id: id, row: row)
  }

  /// The place of a field that the user may write.
  private func writable(_ name: String, of target: Target) throws(SalesforceError) -> Int {
    let object = target.object
    guard let place = object.field(name), case let field = object.fields[place], profile.shows(field, of: object) else {
      throw Self.refused("INVALID_FIELD", "No such column '\(name)' on sobject of type \(object.name)", [name])
    }
    // Name of a person follows from its parts; a person's fields exist on persons only.
    let isOfOther = object.kind == .account && (target.row.isPerson ? field.name == "Name" : field.personOnly)
    guard profile.mayUpdate(field, of: object), !isOfOther else {
      throw Self.refused(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: \(field.name). Please check the security settings of this field and verify "
          + "that it is read/write for your profile or permission set.", [field.name])
    }
    return place
  }

  private func checkValues(of target: Target, _ planner: ChangePlanner) throws(SalesforceError) {
    for (place, scalar) in target.values.sorted(by: { $0.key < $1.key }) {
      let field = target.object.fields[place]
      do {
        _ = try planner.value(scalar, field, target.object)
      } catch {
        throw Self.refused(
          "JSON_PARSER_ERROR", "Cannot deserialize instance of \(field.type.rawValue) from the value of \(field.name)",
          [field.name])
      }
      let isRequired = !field.nillable && field.type != .boolean || field.name == "LastName" && target.row.isPerson
      if scalar == .null, isRequired {
        throw Self.refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [\(field.name)]", [field.name])
      }
      guard case .string(let text) = scalar else { continue }
      if field.length > 0, field.type != .reference, text.utf16.count > field.length {
        throw Self.refused(
          "STRING_TOO_LONG",
          "\(field.label): data value too large: \(text.prefix(255)) (max length=\(field.length))", [field.name])
      }
      if field.type == .email, !Self.isEmailAddress(text) {
        throw Self.refused(
          "INVALID_EMAIL_ADDRESS", "\(field.label): invalid email address: \(text)", [field.name])
      }
    }
  }

  private static func isEmailAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !text.contains(" ") else { return false }
    let domain = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return domain.count > 1 && domain.allSatisfy { !$0.isEmpty }
  }

  /// What the org's own rules say to the record as it would be.
  private func checkRules(_ target: Target, _ planner: ChangePlanner) throws(SalesforceError) {
    guard faults.entries.contains(where: { $0.fault.kind == .refuseUpdate }) else { return }
    guard let fault = faults.fire({ concerns($0, target, planner) }).first else { return }
    let field = fault.field.flatMap { target.object.field($0) }.map { [target.object.fields[$0].name] } ?? []
    throw Self.refused(
      fault.code ?? "FIELD_CUSTOM_VALIDATION_EXCEPTION", fault.message ?? "A rule of the org refuses the record", field)
  }

  private func concerns(_ fault: SimulatedFault, _ target: Target, _ planner: ChangePlanner) -> Bool {
    guard fault.kind == .refuseUpdate, fault.object.map({ $0.lowercased() == target.object.name.lowercased() }) ?? true,
      fault.path.map({ target.id.contains($0) }) ?? true
    else { return false }
    guard let name = fault.field else { return true }
    guard let place = target.object.field(name), case let field = target.object.fields[place] else { return false }
    guard let wanted = fault.value else { return target.values[place] != nil }
    var values: [UInt64: FieldValue] = [:]
    if let scalar = target.values[place], let value = try? planner.value(scalar, field, target.object) {
      values[planner.slot(field)] = value
    }
    return planner.text(target.object, field.name, target.row.index, values)?.contains(wanted) ?? false
  }
}

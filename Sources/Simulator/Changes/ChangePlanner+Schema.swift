/// Fields that come, go, and hold more than before. No stamp moves.
extension ChangePlanner {
  mutating func addField(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    guard let name = operation.field, name.hasSuffix("__c") || name.hasSuffix("__pc"), object.field(name) == nil,
      name.utf8.allSatisfy(Self.isNameCharacter)
    else {
      throw Self.refused("addField needs the name of a custom field that \(object.name) does not have")
    }
    guard let type = FieldType(rawValue: operation.type ?? "string"), Self.addable.contains(type) else {
      throw Self.refused("A field of type '\(operation.type ?? "")' cannot be added")
    }
    var field = FieldDefinition(
      name: name, label: operation.label ?? FieldBuilder.label(name), type: type, content: .null)
    let isNumber = [.double, .currency, .percent].contains(type)
    let isText = ![.boolean, .int, .date, .datetime].contains(type) && !isNumber
    field.length = min(Self.longestText, max(0, operation.length ?? (isText ? 255 : 0)))
    field.precision = operation.precision ?? (isNumber ? 18 : 0)
    field.scale = operation.scale ?? (isNumber ? 2 : 0)
    field.nillable = type != .boolean
    field.formula = operation.formula
    field.createable = operation.formula == nil
    field.updateable = operation.formula == nil
    field.personOnly = name.hasSuffix("__pc")
    field.nulls = max(0, min(1024, operation.nulls ?? 0))
    field.incarnation = UInt64(revision.number + 1)
    let scalars = operation.values ?? [.null]
    let values = try scalars.map { scalar throws(SalesforceError) in try value(scalar, field, object) }
    if type == .picklist || type == .multipicklist {
      field.picklist = scalars.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
    let isInteger = [.boolean, .date, .datetime].contains(type)
    let (kind, plain) = (object.kind, field)
    changeSchema { revision in
      var field = plain
      let first = revision.keep(values)
      field.content = .constants(first: Int32(first), count: Int32(values.count), isInteger: isInteger)
      revision.setFields(revision.objects[Int(kind.rawValue)].fields + [field], of: kind)
    }
    return schemaReport(operation, object, field)
  }

  /// Salesforce: most characters of a long text area.
  private static let longestText = 131_072

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
    default: false
    }
  }

  private static let addable: Set<FieldType> = [
    .string, .picklist, .multipicklist, .textarea, .email, .phone, .url, .boolean, .int, .double, .currency, .percent,
    .date, .datetime,
  ]

  private func schemaReport(_ operation: ChangeOperation, _ object: ObjectDefinition, _ field: FieldDefinition)
    -> ChangeReport
  {
    var report = report(operation, object, [])
    report.details = [("field", .string(field.name)), ("type", .string(field.type.rawValue))]
    return report
  }

  private func field(_ operation: ChangeOperation, _ object: ObjectDefinition) throws(SalesforceError) -> Int {
    guard let place = object.field(operation.field ?? "") else {
      throw Self.refused("\(object.name) has no field '\(operation.field ?? "")'")
    }
    return place
  }

  mutating func removeField(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    let place = try field(operation, object)
    let field = object.fields[place]
    guard field.isCustom, field.compound == nil, ![.address, .location].contains(field.type) else {
      throw Self.refused("\(object.name).\(field.name) cannot be removed: it is standard, or part of another field")
    }
    var fields = object.fields
    fields.remove(at: place)
    for index in fields.indices {
      switch fields[index].content {
      case .address(let first) where first > place: fields[index].content = .address(first: first - 1)
      case .location(let first) where first > place: fields[index].content = .location(first: first - 1)
      default: break
      }
    }
    let (kind, rest) = (object.kind, fields)
    changeSchema { $0.setFields(rest, of: kind) }
    return schemaReport(operation, object, field)
  }

  mutating func widenField(_ operation: ChangeOperation) throws(SalesforceError) -> ChangeReport {
    let object = try object(operation)
    let place = try field(operation, object)
    let old = object.fields[place]
    var field = old
    field.type = FieldType(rawValue: operation.type ?? old.type.rawValue) ?? old.type
    let longer = min(Self.longestText, max(operation.length ?? 0, old.length))
    field.length = Self.isText(field.type) ? max(255, longer) : longer
    field.precision = operation.precision ?? (field.type == .double ? 18 : old.precision)
    field.scale = operation.scale ?? old.scale
    var kept: [FieldValue] = []
    if field.type != old.type {
      guard let content = Self.widened(old, to: field.type) else {
        throw Self.refused("\(object.name).\(old.name) cannot become \(operation.type ?? "")")
      }
      field.content = content
      if case .constants(let first, let count, _) = old.content {
        kept = revision.constants[Int(first)..<Int(first + count)].map { Self.widened($0, to: field.type) }
      }
    }
    let (kind, plain, values) = (object.kind, field, kept)
    let edits = old.type == field.type ? [] : widenedValues(object.kind, slot(old), to: field.type)
    changeSchema { revision in
      var field = plain
      if case .constants(_, let count, let isInteger) = field.content, !values.isEmpty {
        field.content = .constants(first: Int32(revision.keep(values)), count: count, isInteger: isInteger)
      }
      var fields = revision.objects[Int(kind.rawValue)].fields
      if fields.indices.contains(place) { fields[place] = field }
      revision.setFields(fields, of: kind)
    }
    apply(edits)
    return schemaReport(operation, object, field)
  }

  private static func isText(_ type: FieldType) -> Bool { [.string, .textarea].contains(type) }

  /// The content that shows the same values in a wider type; `nil` when there is none.
  private static func widened(_ field: FieldDefinition, to type: FieldType) -> FieldContent? {
    guard field.isCustom, field.compound == nil else { return nil }
    switch (field.type, field.content, type) {
    case (.int, .integer(let low, let high), .double): return .wholeDecimal(low, high)
    case (.date, .date(let style), .datetime): return .dayInstant(style)
    case (.date, .date(let style), let type) where isText(type): return .dayText(style)
    case (.datetime, .datetime(let style), let type) where isText(type): return .instantText(style)
    case (.int, .constants, .double), (.date, .constants, .datetime): return field.content
    case (_, .constants(let first, let count, _), let type) where isText(type):
      return .constants(first: first, count: count, isInteger: false)
    case (.int, .integer, let type) where isText(type), (.double, .decimal, let type) where isText(type),
      (.currency, .decimal, let type) where isText(type), (.percent, .decimal, let type) where isText(type):
      return field.content
    case (.string, _, .textarea), (.picklist, _, .string), (.picklist, _, .textarea), (.email, _, .string),
      (.phone, _, .string), (.url, _, .string):
      return field.content
    default: return nil
    }
  }

  private static func widened(_ value: FieldValue, to type: FieldType) -> FieldValue {
    switch (value, type) {
    case (.date(let days), .datetime): return .instant(days * 86_400)
    case (.number(let text), .double) where !text.contains("."): return .number(text + ".0")
    default: break
    }
    guard isText(type), value.integer != nil else {
      if case .number(let text) = value, isText(type) { return .text(text) }
      return value
    }
    return .text(value.written)
  }

  /// Values that changes gave to a field, in its new type.
  private func widenedValues(_ kind: ObjectKind, _ slot: UInt64, to type: FieldType) -> [Revision.Edit] {
    let changes = revision.changes(kind)
    return changes.states.enumerated().compactMap { run, shared in
      guard let value = shared.state.values[slot] else { return nil }
      let patch = RowPatch(values: [slot: Self.widened(value, to: type)])
      return Revision.Edit(kind: kind, ranges: [changes.starts[run]..<changes.ends[run]], patch: patch)
    }
  }
}

extension FieldValue {
  /// A date, datetime or boolean as CSV shows it.
  fileprivate var written: String {
    switch self {
    case .boolean(let value): return value ? "true" : "false"
    case .date(let days): return String(WireTime.json(days * 86_400).prefix(10))
    case .instant(let seconds): return WireTime.json(seconds).replacing("+0000", with: "Z")
    default: return ""
    }
  }
}

/// Short ways to write down the fields of the simulated schema.
struct FieldBuilder {
  let words: Words

  func text(
    _ name: String, label: String? = nil, _ content: FieldContent, length: Int = 80, type: FieldType = .string,
    nulls: Int = 100, odd: Int = 0, personOnly: Bool = false, updateable: Bool = true
  ) -> FieldDefinition {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: type, length: length, createable: updateable,
      updateable: updateable, nulls: nulls, odd: odd, personOnly: personOnly, content: content)
  }

  func picklist(
    _ name: String, label: String? = nil, _ values: [String], _ builder: inout Lexicon.Builder,
    type: FieldType = .picklist, nulls: Int = 150, personOnly: Bool = false
  ) -> FieldDefinition {
    let table = builder.table(values)
    return FieldDefinition(
      name: name, label: label ?? Self.label(name), type: type, length: type == .multipicklist ? 4099 : 255,
      picklist: values, nulls: nulls, personOnly: personOnly,
      content: type == .multipicklist ? .multipicklist(table) : .word(table))
  }

  func boolean(_ name: String, label: String? = nil, permille: Int32, personOnly: Bool = false, updateable: Bool = true)
    -> FieldDefinition
  {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: .boolean, nillable: false, createable: updateable,
      updateable: updateable, personOnly: personOnly, content: .boolean(permille: permille))
  }

  func number(
    _ name: String, label: String? = nil, _ content: FieldContent, type: FieldType = .double, precision: Int = 18,
    scale: Int = 2, nulls: Int = 200, personOnly: Bool = false, formula: String? = nil
  ) -> FieldDefinition {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: type, precision: type == .int ? 0 : precision,
      scale: type == .int ? 0 : scale, createable: formula == nil, updateable: formula == nil, formula: formula,
      nulls: nulls, personOnly: personOnly, content: content)
  }

  func date(_ name: String, label: String? = nil, _ content: FieldContent, nulls: Int = 200, personOnly: Bool = false)
    -> FieldDefinition
  {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: .date, nulls: nulls, personOnly: personOnly, content: content)
  }

  func datetime(_ name: String, label: String? = nil, _ content: FieldContent, nulls: Int = 200, system: Bool = false)
    -> FieldDefinition
  {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: .datetime, nillable: !system, createable: !system,
      updateable: !system, nulls: system ? 0 : nulls, content: content)
  }

  func reference(
    _ name: String, label: String? = nil, to objects: [String], _ relationship: String?, _ content: FieldContent,
    nulls: Int = 0, nillable: Bool = true, updateable: Bool = true, order: Int? = nil, personOnly: Bool = false
  ) -> FieldDefinition {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: .reference, length: 18, nillable: nillable,
      createable: updateable, updateable: updateable, referenceTo: objects, relationship: relationship,
      relationshipOrder: order, nulls: nulls, personOnly: personOnly, content: content)
  }

  func formula(_ name: String, label: String? = nil, _ content: FieldContent, _ formula: String, length: Int = 1300)
    -> FieldDefinition
  {
    FieldDefinition(
      name: name, label: label ?? Self.label(name), type: .string, length: length, createable: false,
      updateable: false, formula: formula, content: content)
  }

  /// Id, IsDeleted (where the object has it) at the front of every object.
  func head(deletable: Bool = true) -> [FieldDefinition] {
    let id = FieldDefinition(
      name: "Id", label: "Record ID", type: .id, length: 18, nillable: false, createable: false, updateable: false,
      content: .id)
    let deleted = FieldDefinition(
      name: "IsDeleted", label: "Deleted", type: .boolean, nillable: false, createable: false, updateable: false,
      content: .isDeleted)
    return deletable ? [id, deleted] : [id]
  }

  /// CreatedDate and its kin at the end of every object.
  func tail() -> [FieldDefinition] {
    let user = FieldContent.reference(.init(object: .user, rule: .any))
    return [
      datetime("CreatedDate", label: "Created Date", .created, system: true),
      reference(
        "CreatedById", label: "Created By ID", to: ["User"], "CreatedBy", user, nillable: false, updateable: false),
      datetime("LastModifiedDate", label: "Last Modified Date", .modified, system: true),
      reference(
        "LastModifiedById", label: "Last Modified By ID", to: ["User"], "LastModifiedBy", user, nillable: false,
        updateable: false),
      datetime("SystemModstamp", label: "System Modstamp", .systemModstamp, system: true),
    ]
  }

  func owner() -> FieldDefinition {
    reference(
      "OwnerId", label: "Owner ID", to: ["Group", "User"], "Owner", .reference(.init(object: .user, rule: .any)),
      nillable: false)
  }

  func recordType() -> FieldDefinition {
    reference(
      "RecordTypeId", label: "Record Type ID", to: ["RecordType"], "RecordType",
      .reference(.init(object: .recordType, rule: .recordType)))
  }

  /// A Name of the auto-number kind.
  func autoNumber(_ letter: Character, _ label: String) -> FieldDefinition {
    FieldDefinition(
      name: "Name", label: label, type: .string, length: 80, nillable: false, createable: false, updateable: false,
      autoNumber: true, content: .autoNumber(letter.asciiValue ?? 0x4E))
  }

  /// Street, City, State, PostalCode, Country and the compound that holds them.
  func address(_ prefix: String, _ label: String, first: Int, nulls: Int = 150, personOnly: Bool = false)
    -> [FieldDefinition]
  {
    let compound = prefix + "Address"
    let parts: [(String, FieldContent, Int)] = [
      ("Street", .street(words.streets), 255), ("City", .word(words.cities), 40), ("State", .word(words.states), 80),
      ("PostalCode", .code(digits: 5), 20), ("Country", .word(words.countries), 80),
    ]
    var fields = parts.map { part, content, length in
      var field = text(
        prefix + part, label: "\(label) \(part)", content, length: length, type: part == "Street" ? .textarea : .string,
        nulls: nulls, odd: part == "Street" ? 12 : 0, personOnly: personOnly)
      field.compound = compound
      return field
    }
    fields.append(
      FieldDefinition(
        name: compound, label: "\(label) Address", type: .address, createable: false, updateable: false,
        personOnly: personOnly, content: .address(first: Int32(first))))
    return fields
  }

  /// `Specialty_1_vod__c` → `Specialty 1`.
  static func label(_ name: String) -> String {
    var stem = name
    for suffix in ["__pc", "__c", "__s", "_vod"] where stem.hasSuffix(suffix) { stem.removeLast(suffix.count) }
    return stem.split(separator: "_").joined(separator: " ")
  }
}

/// Turns a described object and a selection into an ``ObjectMapping``, by the rules of the default mapping.
///
/// A pure function of its input: the same schema and selection give the same mapping, whatever the order of fields.
struct MappingBuilder {
  private let selection: ObjectSelection
  private let schema: SourceObjectSchema
  private let byName: [String: SourceField]
  private let excluded: Set<String>
  private let triggers: Set<String>?
  private var fields: [String] = []
  private var positions: [String: Int] = [:]
  private var hidden: [String] = []

  init(_ selection: ObjectSelection, _ schema: SourceObjectSchema) {
    self.selection = selection
    self.schema = schema
    byName = Dictionary(schema.fields.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    excluded = Set(selection.exclude.map { $0.lowercased() }).subtracting(DefaultMapping.indispensable)
    triggers = selection.triggers.map { Set($0.map { $0.lowercased() }) }
  }

  mutating func build() throws(MappingError) -> ObjectMapping {
    guard schema.queryable else { throw MappingError(object: schema.name, problem: .notQueryable) }
    for name in ["Id", "SystemModstamp"] where byName[name.lowercased()].map(isExtractable) != true {
      throw MappingError(object: schema.name, problem: .missingField(name))
    }
    for name in selection.include where byName[name.lowercased()] == nil {
      throw MappingError(object: schema.name, problem: .unknownInclude(name))
    }
    let tables = tableEntries().map { table, entries in makeTable(table, entries) }
    noteHiddenTriggers()
    return ObjectMapping(
      object: selection.object, fields: fields, tables: tables, omitted: omittedFields(), hidden: hidden)
  }

  private func tableEntries() -> [(String, [DefaultMapping.Entry])] {
    switch selection.object {
    case .personAccounts: [("person", DefaultMapping.person), ("company", DefaultMapping.company)]
    case .users: [("salesperson", DefaultMapping.salesperson)]
    case .calls: [("call", DefaultMapping.record)]
    case .callKeyMessages: [("call_key_message", DefaultMapping.record)]
    case .custom(let name): [(name.lowercased(), DefaultMapping.record)]
    }
  }

  private mutating func makeTable(_ table: String, _ standard: [DefaultMapping.Entry]) -> TableMapping {
    var columns: [MappedColumn] = []
    // Fixed names stay taken where their field is hidden or excluded: no column changes its meaning when it returns.
    var names = ColumnNames(taken: standard + DefaultMapping.marketingOwned)
    for entry in standard {
      guard let field = byName[entry.field.lowercased()], isExtractable(field) else {
        noteHidden(entry)
        continue
      }
      append(field, entry.column, entry.direction, to: &columns)
    }
    let taken = Set(standard.map { $0.field.lowercased() })
    for field in furtherFields(besides: taken) {
      let owned = DefaultMapping.marketingOwned.first { $0.field.lowercased() == field.name.lowercased() }
      let column = owned?.column ?? names.unique(for: field.name)
      let contact: Direction = owned == nil ? .bothWays : .toVeeva
      let isContact = table == "person" && field.name.hasSuffix("__pc")
      append(field, column, isContact ? contact : .fromVeeva, to: &columns)
    }
    return TableMapping(table: table, columns: columns)
  }

  /// Custom fields and those named under include, in an order that does not depend on the describe answer's.
  private func furtherFields(besides taken: Set<String>) -> [SourceField] {
    let included = Set(selection.include.map { $0.lowercased() })
    return
      byName
      .filter { name, field in
        let wanted = included.contains(name) || (field.isCustom && selection.object != .users)
        return wanted && !taken.contains(name) && isExtractable(field)
      }
      .values.sorted { $0.name < $1.name }
  }

  private func isExtractable(_ field: SourceField) -> Bool {
    field.type.valueType != nil && !field.deprecatedAndHidden && !excluded.contains(field.name.lowercased())
  }

  private mutating func append(
    _ field: SourceField, _ column: String, _ direction: Direction, to columns: inout [MappedColumn]
  ) {
    guard let type = field.type.valueType else { return }
    columns.append(
      MappedColumn(
        column: column, field: field.name, type: type,
        direction: field.updateable && selection.writesBack ? direction : .fromVeeva, source: position(of: field.name),
        raisesEvents: triggers?.contains(field.name.lowercased()) ?? true,
        referenceTo: field.type == .reference && field.isCustom ? field.referenceTo.sorted() : nil,
        length: type == .text && field.length > 0 ? field.length : nil))
  }

  private mutating func position(of field: String) -> Int {
    if let known = positions[field] { return known }
    positions[field] = fields.count
    fields.append(field)
    return fields.count - 1
  }

  private mutating func noteHidden(_ entry: DefaultMapping.Entry) {
    guard byName[entry.field.lowercased()] == nil, !DefaultMapping.optional.contains(entry.field),
      !hidden.contains(entry.field)
    else { return }
    hidden.append(entry.field)
  }

  /// A trigger that the credentials do not see, perhaps no longer, stops nothing: other changes are published on.
  private mutating func noteHiddenTriggers() {
    for name in selection.triggers ?? [] where byName[name.lowercased()] == nil {
      guard !hidden.contains(where: { $0.lowercased() == name.lowercased() }) else { continue }
      hidden.append(name)
    }
  }

  private func omittedFields() -> [OmittedField] {
    schema.fields.filter { positions[$0.name] == nil }.map { field in
      let name = field.name.lowercased()
      let reason: OmittedField.Reason =
        if excluded.contains(name) {
          .excluded
        } else if field.deprecatedAndHidden {
          .deprecated
        } else if field.type == .address || field.type == .location {
          .compound
        } else if field.type.valueType == nil {
          .unsupportedType
        } else if triggers?.contains(name) == true {
          .triggerNotSynced
        } else {
          .notDefault
        }
      return OmittedField(field: field.name, reason: reason)
    }
  }
}

/// Gives out column names, each once.
struct ColumnNames {
  /// PostgreSQL's limit for an identifier, in bytes.
  static let longest = 63
  private var used: Set<String>

  /// Names besides those that the default mapping and the tables themselves take.
  init(taken: [DefaultMapping.Entry]) { used = Set(taken.map(\.column) + ["synced_at", "veeva_type"]) }

  /// The lower-case form of an API name, with a suffix from a hash of it where that is too long or taken.
  mutating func unique(for field: String) -> String {
    let plain = field.lowercased()
    if plain.utf8.count <= Self.longest, used.insert(plain).inserted { return plain }
    let suffix = "_" + Self.hash(field)
    let stem = String(decoding: plain.utf8.prefix(Self.longest - suffix.utf8.count), as: UTF8.self)
    used.insert(stem + suffix)
    return stem + suffix
  }

  /// FNV-1a, 32 bits, eight hexadecimal digits: stable across releases and machines.
  static func hash(_ text: String) -> String {
    var hash: UInt32 = 2_166_136_261
    for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

extension ObjectMapping {
  /// The mapping of an object for a selection.
  /// - Throws: ``MappingError`` when the object cannot be synced as selected.
  public init(_ selection: ObjectSelection, _ schema: SourceObjectSchema) throws(MappingError) {
    var builder = MappingBuilder(selection, schema)
    self = try builder.build()
  }
}

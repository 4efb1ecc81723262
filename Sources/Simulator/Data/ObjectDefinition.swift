/// An object as describe shows it.
struct ObjectDefinition: Sendable {
  let kind: ObjectKind
  let name: String
  let label: String
  let labelPlural: String
  let keyPrefix: String
  /// Whether the Bulk API takes it (`INVALIDENTITY` otherwise).
  let bulkSupported: Bool
  let fields: [FieldDefinition]
  private let byName: [String: Int]
  private let byRelationship: [String: Int]

  var isCustom: Bool { name.hasSuffix("__c") }

  init(
    _ kind: ObjectKind, _ name: String, _ label: String, plural: String? = nil, keyPrefix: String,
    bulkSupported: Bool = true, fields: [FieldDefinition]
  ) {
    self.kind = kind
    self.name = name
    self.label = label
    labelPlural = plural ?? label + "s"
    self.keyPrefix = keyPrefix
    self.bulkSupported = bulkSupported
    self.fields = fields
    byName = Dictionary(
      fields.enumerated().map { ($1.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    byRelationship = Dictionary(
      fields.enumerated().compactMap { place, field in field.relationship.map { ($0.lowercased(), place) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The object with other fields.
  func with(fields: [FieldDefinition]) -> ObjectDefinition {
    ObjectDefinition(
      kind, name, label, plural: labelPlural, keyPrefix: keyPrefix, bulkSupported: bulkSupported, fields: fields)
  }

  /// The place of a field, by its API name, case-insensitively.
  func field(_ name: String) -> Int? { byName[name.lowercased()] }

  /// The place of the reference field that a dotted path names, such as `Account_vod__r`.
  func relationship(_ name: String) -> Int? { byRelationship[name.lowercased()] }
}

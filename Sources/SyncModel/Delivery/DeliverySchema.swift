/// A field as an instance has it.
public struct PresentField: Sendable, Equatable {
  public let name: String
  /// Marketo's word for it.
  public let dataType: String
  /// Most characters, of a text; of a text area bytes.
  public let length: Int?
  public let isWritable: Bool

  /// A field.
  public init(name: String, dataType: String, length: Int?, isWritable: Bool) {
    self.name = name
    self.dataType = dataType
    self.length = length
    self.isWritable = isWritable
  }
}

/// What an instance has to get, or lacks for good, before an entity can be delivered.
public struct DeliverySchema: Sendable, Equatable {
  /// A field that can be made.
  public struct NewField: Sendable, Equatable {
    public let name: String
    public let label: String
    public let type: DeliveryFieldType
    public let isKey: Bool
    /// Whether it links to a lead by ``DeliveryEntity/leadKey``.
    public let linksToLead: Bool
  }

  /// What a person has to look at.
  public struct Problem: Sendable, Equatable {
    public let field: String
    public let what: String
    /// Whether nothing can be delivered before it is solved; otherwise the field alone is left out.
    public let stopsEntity: Bool
  }

  /// Whether the custom object's type has to be made.
  public let makesType: Bool
  /// What can be made through the API.
  public let newFields: [NewField]
  public let problems: [Problem]
  /// What can be delivered once the new fields are there, with the length that each has in Marketo.
  public let fields: [Delivered]
  /// What can be read of what marketing owns.
  public let owned: [Delivered]

  /// A field that is delivered.
  public struct Delivered: Sendable, Equatable {
    public let field: DeliveryField
    /// The type that Marketo's field has.
    public let type: DeliveryFieldType
    /// Most characters, of a text.
    public let length: Int?
  }

  /// Whether anything stops the entity.
  public var isPossible: Bool { !problems.contains(where: \.stopsEntity) }

  /// Compares what an entity wants with what an instance has.
  /// - Parameters:
  ///   - present: the described fields; `nil` where there is no such custom object.
  ///   - keys: fields that leads are found by, or the dedupe fields of another kind of records.
  public init(_ entity: DeliveryEntity, present: [PresentField]?, keys: [String]) {
    var comparison = SchemaComparison(entity, present, keys)
    comparison.compareKey()
    for field in entity.fields { comparison.compare(field) }
    makesType = comparison.isMissing
    newFields = comparison.newFields
    fields = comparison.fields
    owned = entity.owned.compactMap { comparison.find($0) }
    problems = comparison.problems
  }
}

private struct SchemaComparison {
  let entity: DeliveryEntity
  let present: [String: PresentField]
  let keys: [String]
  let isMissing: Bool
  var newFields: [DeliverySchema.NewField] = []
  var problems: [DeliverySchema.Problem] = []
  var fields: [DeliverySchema.Delivered] = []

  /// Fields that a type gets after its approval (Marketo REST API, "Custom objects").
  private static let mostAdded = 20

  init(_ entity: DeliveryEntity, _ present: [PresentField]?, _ keys: [String]) {
    self.entity = entity
    self.keys = keys
    self.present = Dictionary((present ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    if case .custom = entity.target { isMissing = present == nil } else { isMissing = false }
  }

  mutating func compareKey() {
    switch entity.target {
    case .custom where isMissing:
      make(entity.key, "Veeva Id", .string, isKey: true)
      make(DeliveryEntity.leadLink, "Lead Veeva Id", .link, linksToLead: true)
    case .custom:
      if keys != [entity.key] { stop(entity.key, "it has to be the type's only dedupe field, which cannot be changed") }
      if present[DeliveryEntity.leadLink] == nil {
        stop(DeliveryEntity.leadLink, "the type lacks this link to the lead, which cannot be added after approval")
      }
    case .lead:
      guard let field = present[entity.key] else { return make(entity.key, "Veeva Id", .string) }
      if field.dataType != DeliveryFieldType.string.rawValue {
        stop(entity.key, "it has type \(field.dataType) and has to be a string")
      } else if !field.isWritable {
        stop(entity.key, "the API user cannot write it")
      } else if !keys.contains(entity.key) {
        stop(entity.key, "leads cannot be found by it")
      }
    case .company, .salesperson:
      if !keys.contains(entity.key) { stop(entity.key, "it is no dedupe field of this instance") }
    }
  }

  mutating func compare(_ field: DeliveryField) {
    guard let there = present[field.name] else { return missing(field) }
    guard there.isWritable else { return leaveOut(field.name, "the instance does not let it be written") }
    guard let type = DeliveryFieldType(rawValue: there.dataType), Self.holds(type, field.valueType) else {
      return leaveOut(field.name, "it has type \(there.dataType), which cannot hold \(field.column)")
    }
    fields.append(.init(field: field, type: type, length: there.length))
  }

  /// A field that is only read.
  mutating func find(_ field: DeliveryField) -> DeliverySchema.Delivered? {
    guard let there = present[field.name] else {
      leaveOut(field.name, "this instance lacks it")
      return nil
    }
    return .init(field: field, type: DeliveryFieldType(rawValue: there.dataType) ?? field.type, length: there.length)
  }

  private mutating func missing(_ field: DeliveryField) {
    switch entity.target {
    case .company: leaveOut(field.name, "companies lack it, and only Marketo's administrator can add it")
    case .salesperson: leaveOut(field.name, "salespersons lack it")
    case .lead where field.isStandard: leaveOut(field.name, "this instance lacks it")
    case .custom where !isMissing && newFields.count >= Self.mostAdded:
      leaveOut(field.name, "a type gets at most \(Self.mostAdded) fields after its approval")
    case .lead, .custom:
      make(field.name, field.label, field.type)
      fields.append(.init(field: field, type: field.type, length: Self.length(field.type)))
    }
  }

  private static func length(_ type: DeliveryFieldType) -> Int? {
    switch type {
    case .string, .email, .phone, .url: 255
    case .text: 30_000
    default: nil
    }
  }

  /// Whether a field of Marketo can hold values of a column.
  static func holds(_ type: DeliveryFieldType, _ value: ValueType) -> Bool {
    switch type {
    case .string, .text, .phone, .url: true
    case .email: value == .text
    case .integer, .score, .percent: value == .integer
    case .float, .currency: value == .integer || value == .decimal
    case .boolean: value == .boolean
    case .date: value == .date
    case .datetime: value == .instant
    case .link: false
    }
  }

  private mutating func make(
    _ name: String, _ label: String, _ type: DeliveryFieldType, isKey: Bool = false, linksToLead: Bool = false
  ) {
    newFields.append(.init(name: name, label: Self.label(label), type: type, isKey: isKey, linksToLead: linksToLead))
  }

  /// Display names take no special characters.
  private static func label(_ text: String) -> String {
    String(text.map { $0.isLetter || $0.isNumber || $0 == " " || $0 == "_" || $0 == "-" ? $0 : "-" })
  }

  private mutating func stop(_ field: String, _ what: String) {
    problems.append(.init(field: field, what: what, stopsEntity: true))
  }

  private mutating func leaveOut(_ field: String, _ what: String) {
    problems.append(.init(field: field, what: what, stopsEntity: false))
  }
}

/// What a field of the source holds (Salesforce describe `type`).
public enum FieldType: String, Sendable, Codable, CaseIterable {
  case id, reference, string, picklist, multipicklist, textarea, email, phone, url, combobox, encryptedstring
  case boolean, int, double, currency, percent, date, datetime, time
  case address, location, base64, anyType, complexvalue, json
  /// A type that this release does not know; left out and reported.
  case unknown

  /// The type that a describe answer names, `unknown` for any other word.
  public init(wire: String) { self = FieldType(rawValue: wire) ?? .unknown }

  /// The column type in the destination, or `nil` when fields of this type are left out.
  public var valueType: ValueType? {
    switch self {
    case .id, .reference: .identifier
    case .string, .picklist, .textarea, .email, .phone, .url, .combobox, .encryptedstring: .text
    case .multipicklist: .textList
    case .boolean: .boolean
    case .int: .integer
    case .double, .currency, .percent: .decimal
    case .date: .date
    case .datetime: .instant
    case .time: .time
    case .address, .location, .base64, .anyType, .complexvalue, .json, .unknown: nil
    }
  }
}

/// What a value becomes on the marketing side.
public enum ValueType: String, Sendable, Codable, CaseIterable {
  /// An id, always 18 characters.
  case identifier
  case text
  /// A multipicklist: parts separated by `;` on the wire.
  case textList
  case boolean
  /// 64 bits, signed.
  case integer
  /// Decimal with all its digits.
  case decimal
  case date
  /// A moment in time.
  case instant
  /// A time of day.
  case time
}

/// A field as the credentials see it (Salesforce sObject describe, `fields[]`).
public struct SourceField: Sendable, Codable, Equatable {
  public var name: String
  public var label: String
  public var type: FieldType
  /// Characters, for text types; 0 otherwise.
  public var length: Int
  /// Whether the sync user may change it.
  public var updateable: Bool
  /// Whether it may stand in WHERE.
  public var filterable: Bool
  /// Formula or roll-up: may change without moving SystemModstamp.
  public var calculated: Bool
  /// Name of the compound field it is a part of.
  public var compoundFieldName: String?
  /// Objects that a reference may point to.
  public var referenceTo: [String]
  /// Name for dotted paths, such as `Account_vod__r`.
  public var relationshipName: String?
  /// Being removed from the org; skipped.
  public var deprecatedAndHidden: Bool

  /// A field.
  public init(
    name: String, label: String = "", type: FieldType, length: Int = 0, updateable: Bool = false,
    filterable: Bool = true, calculated: Bool = false, compoundFieldName: String? = nil,
    referenceTo: [String] = [], relationshipName: String? = nil, deprecatedAndHidden: Bool = false
  ) {
    self.name = name
    self.label = label
    self.type = type
    self.length = length
    self.updateable = updateable
    self.filterable = filterable
    self.calculated = calculated
    self.compoundFieldName = compoundFieldName
    self.referenceTo = referenceTo
    self.relationshipName = relationshipName
    self.deprecatedAndHidden = deprecatedAndHidden
  }

  /// Defined by the customer or by Veeva rather than by the platform.
  public var isCustom: Bool { name.hasSuffix("__c") || name.hasSuffix("__pc") || name.hasSuffix("__s") }
}

/// An object as the credentials see it (Salesforce sObject describe).
public struct SourceObjectSchema: Sendable, Codable, Equatable {
  public var name: String
  public var label: String
  /// First three characters of its ids.
  public var keyPrefix: String?
  public var queryable: Bool
  public var fields: [SourceField]

  /// An object.
  public init(name: String, label: String = "", keyPrefix: String? = nil, queryable: Bool = true, fields: [SourceField])
  {
    self.name = name
    self.label = label
    self.keyPrefix = keyPrefix
    self.queryable = queryable
    self.fields = fields
  }

  /// The field of that name; names are case-insensitive as in SOQL.
  public func field(_ name: String) -> SourceField? {
    let wanted = name.lowercased()
    return fields.first { $0.name.lowercased() == wanted }
  }
}

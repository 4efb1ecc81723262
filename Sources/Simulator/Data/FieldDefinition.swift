/// What a field holds (Salesforce describe `type`).
enum FieldType: String, Sendable {
  case id, reference, string, picklist, multipicklist, textarea, email, phone, url, combobox, encryptedstring
  case boolean, int, double, currency, percent, date, datetime, time
  case address, location, base64
}

/// A field as describe shows it, with the rule its values follow.
struct FieldDefinition: Sendable {
  var name: String
  var label: String
  var type: FieldType
  var length = 0
  var precision = 0
  var scale = 0
  var nillable = true
  var createable = true
  var updateable = true
  var formula: String?
  var autoNumber = false
  var compound: String?
  var referenceTo: [String] = []
  var relationship: String?
  /// 0 for a master-detail field.
  var relationshipOrder: Int?
  var picklist: [String] = []
  var externalID = false
  /// Rows in 1,024 whose value is null.
  var nulls = 0
  /// Rows in 4,096 whose value is an oddity.
  var odd = 0
  /// Whether only person accounts have a value.
  var personOnly = false
  /// Distinguishes a field from a former one of the same name; 0 for the first.
  var incarnation: UInt64 = 0
  var content: FieldContent

  var isCustom: Bool { name.hasSuffix("__c") || name.hasSuffix("__pc") || name.hasSuffix("__s") }

  /// Salesforce: long text, encrypted, compound and blob fields cannot stand in WHERE.
  var filterable: Bool {
    switch type {
    case .encryptedstring, .address, .location, .base64: false
    case .textarea: length <= 255
    default: true
    }
  }

  var sortable: Bool { filterable && type != .multipicklist }

  /// Salesforce: field-level security can hide it.
  var permissionable: Bool { nillable && type != .id && !Self.system.contains(name) && relationshipOrder == nil }

  private static let system: Set<String> = [
    "Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "Name",
    "OwnerId", "RecordTypeId", "IsPersonAccount", "MasterRecordId",
  ]
}

/// What is written into a field.
public enum WrittenValue: Sendable, Equatable {
  case null
  case text(String)
  case boolean(Bool)
  /// Decimal digits, with sign, point and exponent as far as they are needed.
  case number(String)
}

/// New values of some fields of one record. Fields that are not named keep theirs.
public struct RecordUpdate: Sendable, Equatable {
  public let id: String
  public let values: [(field: String, value: WrittenValue)]

  /// An update.
  /// - Parameters:
  ///   - id: 15 or 18 characters.
  ///   - values: by API name; each name once.
  public init(id: String, values: [(field: String, value: WrittenValue)]) {
    self.id = id
    self.values = values
  }

  public static func == (a: RecordUpdate, b: RecordUpdate) -> Bool {
    a.id == b.id && a.values.elementsEqual(b.values) { $0.field == $1.field && $0.value == $1.value }
  }
}

/// What became of one record of an update.
public enum UpdateOutcome: Sendable, Equatable {
  case updated
  case refused(UpdateRefusal)
}

/// Why the org did not take a record.
public struct UpdateRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// What follows.
  public enum Consequence: String, Sendable, CaseIterable {
    /// It may pass by itself: a lock, an overloaded server.
    case retry
    /// It may pass, but most likely not: worth one more try.
    case retryOnce
    /// It stays so until the value or a rule of the org changes.
    case refused
    /// The record is deleted: whatever was to be written is void.
    case gone
    /// The user lacks a right, or the schema is not what it was.
    case schema
  }

  /// Salesforce's code, such as `FIELD_CUSTOM_VALIDATION_EXCEPTION`.
  public let code: String
  /// The org's own words, in the language of the sync user, cut to 1,000 characters.
  public let message: String
  /// API names of the fields that it is about, as far as it says.
  public let fields: [String]

  /// A refusal.
  public init(code: String, message: String, fields: [String] = []) {
    self.code = code
    self.message = String(message.prefix(1000))
    self.fields = fields
  }

  /// Our own code, where the org has none: a bulk update ended before it came to the record.
  public static let notProcessedCode = "NOT_PROCESSED"

  /// What follows from it. Decided by the code: the words are the admin's, in any language.
  public var consequence: Consequence {
    switch code {
    case "UNABLE_TO_LOCK_ROW", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION",
      "INTERNAL_ERROR", "TXN_SECURITY_METERING_ERROR", "LIMIT_EXCEEDED", "STORAGE_LIMIT_EXCEEDED",
      "ALL_OR_NONE_OPERATION_ROLLED_BACK", Self.notProcessedCode:
      .retry
    case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER": .retryOnce
    case "ENTITY_IS_DELETED": .gone
    case "INVALID_FIELD", "INVALID_TYPE", "INVALID_FIELD_FOR_INSERT_UPDATE", "INSUFFICIENT_ACCESS",
      "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY":
      .schema
    case let code where code.hasPrefix("TOO_MANY_"): .retry
    default: .refused
    }
  }

  public var description: String {
    fields.isEmpty ? "\(code): \(message)" : "\(code): \(message) (\(fields.joined(separator: ", ")))"
  }
}

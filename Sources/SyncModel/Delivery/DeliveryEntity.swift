/// What records of Marketo an entity becomes.
public enum DeliveryTarget: Sendable, Hashable {
  case salesperson
  case company
  case lead
  /// By the API name of its type.
  case custom(String)

  /// Parents come first: each may refer only to what stands before it.
  public var rank: Int {
    switch self {
    case .salesperson: 0
    case .company: 1
    case .lead: 2
    case .custom: 3
    }
  }
}

/// The type of a field in Marketo, by the word that its API has for it (Marketo REST API, "Field types").
public enum DeliveryFieldType: String, Sendable, Codable, CaseIterable {
  case string, text, email, phone, url, integer, score, float, currency, percent, boolean, date, datetime, link
}

/// A field of Marketo and the column of the mirror that fills it.
public struct DeliveryField: Sendable, Equatable {
  /// API name in Marketo.
  public let name: String
  /// Name that a marketer sees.
  public let label: String
  /// Column of the mirror table.
  public let column: String
  /// What the column holds.
  public let valueType: ValueType
  /// The type that it is made with where it is missing.
  public let type: DeliveryFieldType
  /// Whether Marketo has it from the start, so that it is never made.
  public let isStandard: Bool
  /// Whether marketers' changes of it travel back to the source, from where it is delivered.
  public var isTwoWay = false
}

/// How a row of a custom object finds its lead.
public struct LeadPath: Sendable, Equatable {
  /// A parent in between.
  public struct Parent: Sendable, Equatable {
    /// The parent's mirror table.
    public let table: String
    /// Column of the row that holds the parent's id.
    public let column: String

    /// A parent.
    public init(table: String, column: String) {
      self.table = table
      self.column = column
    }
  }

  /// What the column with the reference holds.
  public enum Reference: String, Sendable {
    /// An account's id, which is a lead's key.
    case account
    /// The id of a person account's contact.
    case contact
  }

  /// `nil` where the row itself refers to the person.
  public let parent: Parent?
  /// Column with the reference: the parent's where there is one, otherwise the row's.
  public let column: String
  public let reference: Reference

  /// A path.
  public init(parent: Parent?, column: String, reference: Reference) {
    self.parent = parent
    self.column = column
    self.reference = reference
  }
}

/// A record of another kind that a record refers to by a field.
public struct DeliveryParent: Sendable, Equatable {
  /// API name of the field.
  public let name: String
  /// Column that holds the parent's id.
  public let column: String
  /// The parent's mirror table.
  public let table: String
}

/// How the rows of one mirror table become records of Marketo.
public struct DeliveryEntity: Sendable, Equatable {
  /// The mirror table, which is also the entity's name.
  public let table: String
  public let target: DeliveryTarget
  /// API name of the field that records are found by; its column is `veeva_id`.
  public let key: String
  /// What is delivered besides the key and links.
  public let fields: [DeliveryField]
  /// What its records refer to besides their lead.
  public let parents: [DeliveryParent]
  /// How the lead is found that a record belongs to; only for custom objects.
  public let leadPath: LeadPath?
  /// Columns that are not delivered, and why.
  public let omitted: [OmittedColumn]
  /// What marketing owns: read from Marketo, and never delivered.
  public var owned: [DeliveryField] = []

  /// A column that is not delivered.
  public struct OmittedColumn: Sendable, Equatable {
    public let column: String
    public let reason: String
  }

  /// Whether marketers' changes of what is delivered travel back to the source.
  public var travelsBack: Bool { fields.contains(where: \.isTwoWay) }

  /// Whether anything of its records is read from Marketo.
  public var isRead: Bool { !owned.isEmpty || travelsBack }

  /// API name of the field of leads that holds the account's id.
  public static let leadKey = "veevaId"
  /// API name of the link field of custom objects.
  public static let leadLink = "leadVeevaId"
  /// Most fields of a custom object type (Marketo REST API, "Custom objects").
  public static let mostCustomFields = 50
}

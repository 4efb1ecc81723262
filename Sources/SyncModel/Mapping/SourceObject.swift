/// An object of the source that takes part in the sync.
public enum SourceObject: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Account, of which only Person Accounts are synced.
  case personAccounts
  case users
  case calls
  case callKeyMessages
  /// Any other custom object, by its API name.
  case custom(String)

  /// The API name in the source.
  public var apiName: String {
    switch self {
    case .personAccounts: "Account"
    case .users: "User"
    case .calls: "Call2_vod__c"
    case .callKeyMessages: "Call2_Key_Message_vod__c"
    case .custom(let name): name
    }
  }

  /// The object with that API name.
  public init(apiName: String) {
    self = Self.standard.first { $0.apiName == apiName } ?? .custom(apiName)
  }

  /// The objects that are synced when the configuration names none.
  public static let standard: [SourceObject] = [.personAccounts, .users, .calls, .callKeyMessages]

  public var description: String { apiName }

  public init(from decoder: any Decoder) throws {
    self.init(apiName: try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(apiName)
  }
}

/// What a tenant wants of one source object.
public struct ObjectSelection: Sendable, Equatable, Codable {
  public var object: SourceObject
  /// Developer names of the record types that are synced; only for Person Accounts.
  public var recordTypes: [String]
  /// Only records created in the last so many months; only for calls and their key messages.
  public var months: Int?
  /// Fields that are not synced though they could be.
  public var exclude: [String]
  /// Standard fields that are synced though they would not be.
  public var include: [String]
  /// Fields whose changes raise events, and whose values the events carry; every synced field where it is `nil`.
  public var triggers: [String]?
  /// Whether marketers' changes of contact fields travel back; only for Person Accounts.
  public var writesBack: Bool

  /// A selection.
  public init(
    _ object: SourceObject, recordTypes: [String] = [], months: Int? = nil, exclude: [String] = [],
    include: [String] = [], triggers: [String]? = nil, writesBack: Bool = false
  ) {
    self.object = object
    self.recordTypes = recordTypes
    self.months = months
    self.exclude = exclude
    self.include = include
    self.triggers = triggers
    self.writesBack = writesBack
  }
}

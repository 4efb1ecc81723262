public import Marketo

/// The type of custom activities by which leads show what became of marketers' changes, compared with an instance.
public struct ActivityLogType: Sendable, Equatable {
  /// API names of the attributes.
  enum Attribute {
    static let field = "field"
    static let event = "event"
    static let value = "value"
    static let veevaValue = "veevaValue"
    static let reason = "reason"
    static let entry = "entryId"
  }

  /// What marketers find under this name.
  public static let apiName = "veevaWriteBack"

  static let definition = NewActivityType(
    apiName: apiName, name: "Veeva write-back",
    description: "A change of a marketer that Veeva did not take, told by crmsync",
    triggerName: "Change is not taken by Veeva", filterName: "Change was not taken by Veeva",
    primaryAttribute: ActivityAttribute(Attribute.field, "Field"))

  /// Texts hold Veeva's words and values of any length.
  static let attributes = [
    ActivityAttribute(Attribute.event, "What happened"),
    ActivityAttribute(Attribute.value, "Value", "text"),
    ActivityAttribute(Attribute.veevaValue, "Value in Veeva", "text"),
    ActivityAttribute(Attribute.reason, "Reason", "text"),
    ActivityAttribute(Attribute.entry, entryName),
  ]
  /// The feed may name attributes as marketers see them.
  static let entryName = "Entry Id"

  /// Marketo's number of the type, where it takes all attributes as it is; `nil` where something is to be made.
  public let usableID: Int?

  /// Looks at an instance. Changes nothing.
  public init(at client: MarketoClient) async throws {
    let there = try await client.usableActivityType(Self.definition)
    usableID = there.flatMap { Self.missing(in: $0).isEmpty ? $0.id : nil }
  }

  /// Makes sure, by calls that change nothing, that the API user may do what is needed.
  /// - Throws: ``Marketo/MarketoError`` with the first thing that it may not.
  public func rehearse(at client: MarketoClient) async throws {
    try await client.rehearseActivities()
    if usableID == nil { try await client.rehearseActivityTypes() }
  }

  /// Makes what is missing. Each step may be repeated: a draft may be left from an attempt that was interrupted.
  /// - Returns: the type's number.
  func make(at client: MarketoClient) async throws -> Int {
    if let usableID { return usableID }
    var there = try await client.draftActivityType(Self.definition)
    if there == nil {
      try await client.createActivityType(Self.definition)
      there = try await client.draftActivityType(Self.definition)
    }
    guard let type = there else {
      throw DeliveryError(entity: "person_activity", field: nil, what: "activity type \(Self.apiName) was not made")
    }
    let missing = Self.missing(in: type)
    try await client.addAttributes(missing, toActivityType: Self.apiName)
    if !missing.isEmpty || !type.isApproved { try await client.approveActivityType(Self.apiName) }
    return type.id
  }

  private static func missing(in type: ActivityType) -> [ActivityAttribute] {
    attributes.filter { !type.attributes.contains($0.apiName) }
  }
}

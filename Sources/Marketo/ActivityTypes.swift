/// An attribute of custom activities.
public struct ActivityAttribute: Sendable, Equatable, Encodable {
  /// API name: letters, digits and `_`, a letter first.
  public let apiName: String
  /// What marketers see.
  public let name: String
  /// Such as `string`, `text`.
  public let dataType: String

  /// An attribute.
  public init(_ apiName: String, _ name: String, _ dataType: String = "string") {
    self.apiName = apiName
    self.name = name
    self.dataType = dataType
  }
}

/// A type of custom activities that is to be made. An instance has at most ten (Marketo REST API, "Activities").
public struct NewActivityType: Sendable, Equatable, Encodable {
  public let apiName: String
  /// What marketers see.
  public let name: String
  public let description: String
  /// What it is called where it starts a campaign.
  public let triggerName: String
  /// What it is called where it selects leads.
  public let filterName: String
  public let primaryAttribute: ActivityAttribute

  /// A type.
  public init(
    apiName: String, name: String, description: String, triggerName: String, filterName: String,
    primaryAttribute: ActivityAttribute
  ) {
    self.apiName = apiName
    self.name = name
    self.description = description
    self.triggerName = triggerName
    self.filterName = filterName
    self.primaryAttribute = primaryAttribute
  }
}

/// A type of custom activities as Marketo has it.
public struct ActivityType: Sendable, Equatable {
  public let id: Int
  /// API names of its attributes, besides the primary one.
  public let attributes: Set<String>
  /// Whether all of it is approved: nothing waits in a draft.
  public let isApproved: Bool
}

private struct TypeEntry: Decodable, Sendable {
  struct Attribute: Decodable, Sendable {
    let apiName: String?
    let name: String?
  }

  let id: Int
  let apiName: String?
  let name: String?
  let status: String?
  let attributes: [Attribute]?

  func isOf(_ type: NewActivityType) -> Bool { apiName.map { $0 == type.apiName } ?? (name == type.name) }

  var type: ActivityType {
    ActivityType(
      id: id, attributes: Set((attributes ?? []).compactMap { $0.apiName ?? $0.name }),
      isApproved: status == nil || status == "approved")
  }
}

private struct Attributes: Encodable {
  let attributes: [ActivityAttribute]
}

/// Types of custom activities. What makes and shows drafts needs *Read-Write Activity Metadata*.
extension MarketoClient {
  private static let types = "/rest/v1/activities/external/type"
  /// Most attributes of a type, besides the primary one.
  public static let attributesPerActivityType = 20

  /// A type that takes activities; `nil` when there is none, or only a draft. Needs only to read activities.
  public func usableActivityType(_ type: NewActivityType) async throws -> ActivityType? {
    try await envelope(Call(name: "activity types", path: "/rest/v1/activities/types.json"), of: TypeEntry.self)
      .result?.first { $0.isOf(type) }?.type
  }

  /// A type with its draft; `nil` when there is none.
  public func draftActivityType(_ type: NewActivityType) async throws -> ActivityType? {
    let call = Call(name: "custom activity types", path: "\(Self.types)s.json")
    guard let listed = try await envelope(call, of: TypeEntry.self).result?.first(where: { $0.isOf(type) }) else {
      return nil
    }
    let draft = Call(
      name: "describe activity type \(type.apiName)", path: "\(Self.types)/\(type.apiName)/describe.json?draft=true")
    let described = try await envelope(draft, of: TypeEntry.self).result?.first ?? listed
    return ActivityType(
      id: listed.id, attributes: described.type.attributes, isApproved: listed.status == "approved")
  }

  /// Makes a type as a draft.
  public func createActivityType(_ type: NewActivityType) async throws {
    let name = "create activity type \(type.apiName)"
    try await changeType(name, "\(Self.types).json", try Self.json(type, name))
  }

  /// Adds attributes to a type's draft.
  /// - Parameter attributes: a type has at most 20.
  public func addAttributes(_ attributes: [ActivityAttribute], toActivityType apiName: String) async throws {
    guard !attributes.isEmpty else { return }
    let name = "add attributes to activity type \(apiName)"
    try await changeType(
      name, "\(Self.types)/\(apiName)/attributes/create.json",
      try Self.json(Attributes(attributes: attributes), name))
  }

  /// Approves a type's draft; from then on it takes activities.
  public func approveActivityType(_ apiName: String) async throws {
    try await changeType(
      "approve activity type \(apiName)", "\(Self.types)/\(apiName)/approve.json", Array("{}".utf8))
  }

  private func changeType(_ name: String, _ path: String, _ body: [UInt8]) async throws {
    _ = try await envelope(
      Call(name: name, method: "POST", path: path, body: body, timeout: .seconds(90)), of: Nothing.self)
  }
}

/// A field of a custom object that is to be made.
public struct NewObjectField: Sendable, Equatable, Encodable {
  /// What a link points at.
  public struct Link: Sendable, Equatable, Encodable {
    /// `lead`, `company`, or the API name of a type.
    public let name: String
    /// API name of the field.
    public let field: String

    /// A link.
    public init(name: String, field: String) {
      self.name = name
      self.field = field
    }
  }

  public let name: String
  public let displayName: String
  /// Such as `string`, `text`, `link`.
  public let dataType: String
  /// Whether it makes records unique, alone or with others.
  public let isDedupeField: Bool
  public let relatedTo: Link?

  /// A field.
  public init(name: String, displayName: String, dataType: String, isDedupeField: Bool = false, relatedTo: Link? = nil)
  {
    self.name = name
    self.displayName = displayName
    self.dataType = dataType
    self.isDedupeField = isDedupeField
    self.relatedTo = relatedTo
  }
}

/// A type of custom objects, as its schema tells.
public struct CustomObjectSchema: Sendable, Equatable {
  /// Where a type stands.
  public enum State: String, Sendable {
    /// Never approved: it takes no records.
    case draft
    case approved
    /// Approved, with changes that are not.
    case approvedWithDraft
  }

  public let state: State
  /// The draft's where there is one.
  public let fields: [MarketoFieldDescription]
  public let dedupeFields: [String]
}

private struct SchemaEntry: Decodable, Sendable {
  struct Field: Decodable, Sendable {
    let name: String
    let dataType: String
    let length: Int?
  }

  let state: String?
  let dedupeFields: [String]?
  let fields: [Field]?
}

private struct LinkableEntry: Decodable, Sendable {
  struct Field: Decodable, Sendable {
    let name: String
  }

  let name: String
  let fields: [Field]?
}

private struct TypeBody: Encodable {
  let action: String
  let apiName: String
  let displayName: String
  let pluralName: String
  let description: String
  let showInLeadDetail: Bool
}

private struct ObjectFieldInput: Encodable {
  let input: [NewObjectField]
}

/// The schema of custom objects. Needs the subscription to have the metadata API; without it every call is refused
/// with 616.
extension MarketoClient {
  private static let schema = "/rest/v1/customobjects/schema"

  /// The schema of a type with its draft; `nil` when there is no such type.
  public func customObjectSchema(_ name: String) async throws -> CustomObjectSchema? {
    guard let plain = try await schemaEntry(name, "") else { return nil }
    let state = plain.state.flatMap(CustomObjectSchema.State.init(rawValue:)) ?? .draft
    let entry = state == .approvedWithDraft ? try await schemaEntry(name, "?state=draft") ?? plain : plain
    return CustomObjectSchema(
      state: state,
      fields: (entry.fields ?? []).map {
        MarketoFieldDescription(name: $0.name, dataType: $0.dataType, length: $0.length, isWritable: true)
      }, dedupeFields: entry.dedupeFields ?? [])
  }

  private func schemaEntry(_ name: String, _ query: String) async throws -> SchemaEntry? {
    do {
      return try await envelope(
        Call(name: "describe schema of \(name)", path: "\(Self.schema)/\(name)/describe.json\(query)"),
        of: SchemaEntry.self
      ).result?.first
    } catch let error as MarketoError where ["1013", "1026"].contains(error.reason.code) {
      return nil
    }
  }

  /// Makes a type as a draft, unless it is there. Its names never change once it is approved.
  public func createCustomObject(_ name: String, displayName: String, pluralName: String, description: String)
    async throws
  {
    let call = "create custom object \(name)"
    try await change(
      call, "\(Self.schema).json",
      try Self.json(
        TypeBody(
          action: "createOrUpdate", apiName: name, displayName: displayName, pluralName: pluralName,
          description: description, showInLeadDetail: true), call))
  }

  /// Adds fields to a type's draft. Links and dedupe fields have to be there before the first approval.
  public func addFields(_ fields: [NewObjectField], toCustomObject name: String) async throws {
    guard !fields.isEmpty else { return }
    let call = "add fields to \(name)"
    try await change(
      call, "\(Self.schema)/\(name)/addField.json", try Self.json(ObjectFieldInput(input: fields), call))
  }

  /// Approves a type's draft; from then on it takes records. One that has none is left as it is.
  public func approveCustomObject(_ name: String) async throws {
    do {
      try await change("approve custom object \(name)", "\(Self.schema)/\(name)/approve.json", nil)
    } catch let error as MarketoError where error.reason.code == "709" {
      guard try await customObjectSchema(name)?.state == .approved else { throw error }
    }
  }

  /// Display names of the lead fields that links may point at.
  public func linkableLeadFields() async throws -> [String] {
    let entries = try await envelope(
      Call(name: "linkable objects", path: "\(Self.schema)/linkableObjects.json"), of: LinkableEntry.self
    ).result
    return (entries ?? []).filter { $0.name.lowercased() == "lead" }.flatMap { $0.fields ?? [] }.map(\.name)
  }

  private func change(_ name: String, _ path: String, _ body: [UInt8]?) async throws {
    _ = try await envelope(
      Call(name: name, method: "POST", path: path, body: body ?? Array("{}".utf8), timeout: .seconds(90)),
      of: Nothing.self)
  }
}

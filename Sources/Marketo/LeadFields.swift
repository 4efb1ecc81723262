/// A field of leads that is to be made. It can be hidden later, but never deleted or given another type.
public struct NewLeadField: Sendable, Equatable, Encodable {
  /// API name: letters, digits and `_`, a letter first.
  public let name: String
  /// What marketers see; no special characters.
  public let displayName: String
  /// Such as `string`; `text` is refused.
  public let dataType: String

  /// A field.
  public init(name: String, displayName: String, dataType: String) {
    self.name = name
    self.displayName = displayName
    self.dataType = dataType
  }
}

/// What became of a field that was to be made.
public struct FieldOutcome: Sendable, Equatable {
  public let name: String
  /// Whether it is there now, made by this call or before.
  public let isThere: Bool
  public let reasons: [MarketoReason]
}

private struct FieldInput: Encodable {
  let input: [NewLeadField]
}

extension MarketoClient {
  /// Most fields of one call that makes them.
  public static let fieldsPerCall = 100

  /// Makes fields of leads.
  /// - Parameter fields: at most 100; one that is there already is left as it is.
  /// - Returns: an outcome for each, in their order.
  public func createLeadFields(_ fields: [NewLeadField]) async throws -> [FieldOutcome] {
    let name = "create lead fields"
    guard !fields.isEmpty else { return [] }
    guard fields.count <= Self.fieldsPerCall else { throw Self.tooMany(name) }
    let outcomes = try await write(
      Call(
        name: name, method: "POST", path: "/rest/v1/leads/schema/fields.json",
        body: try Self.json(FieldInput(input: fields), name)), fields.count, bySeq: false)
    return zip(fields, outcomes).map { field, outcome in
      let exists = outcome.reasons.contains { $0.code == "1017" }
      return FieldOutcome(name: field.name, isThere: outcome.isDone || exists, reasons: outcome.reasons)
    }
  }
}

/// Finds out what the API user may do, by calls that change nothing.
extension MarketoClient {
  /// What no record has as its key.
  private static let nobody = "crmsync-check"

  /// Codes that say that a call may not be made at all: no permission, no such API, owned by native CRM sync.
  private static let denials: Set<String> = ["401", "603", "616", "703", "1018"]

  /// Updates a record that is not there.
  /// - Throws: ``MarketoError`` where records of this kind may not be written.
  public func rehearseWrite(_ object: MarketoObject, key: String) async throws {
    var batch = RecordBatch()
    guard object == .lead else {
      _ = batch.append(Array(#"{"\#(key)":"\#(Self.nobody)"}"#.utf8))
      return try await rehearse { _ = try await sync(object, batch, action: .updateOnly) }
    }
    _ = batch.append(Array(#"{"email":"\#(Self.nobody)@example.invalid"}"#.utf8))
    try await rehearse { _ = try await syncLeads(batch, lookupField: "email", action: .updateOnly) }
  }

  /// Asks for a field of leads that has no name.
  /// - Throws: ``MarketoError`` where fields of leads may not be made.
  public func rehearseLeadFields() async throws {
    try await rehearse { _ = try await createLeadFields([NewLeadField(name: "", displayName: "", dataType: "string")]) }
  }

  /// Approves a type that is not there.
  /// - Throws: ``MarketoError`` where types of custom objects may not be made.
  public func rehearseTypes() async throws {
    try await rehearse { try await approveCustomObject("crmsyncCheck") }
  }

  /// Approves a type of custom activities that is not there.
  /// - Throws: ``MarketoError`` where types of custom activities may not be made.
  public func rehearseActivityTypes() async throws {
    try await rehearse { try await approveActivityType("crmsyncCheck") }
  }

  /// Adds an activity of no type to a lead that is not there.
  /// - Throws: ``MarketoError`` where activities may not be added.
  public func rehearseActivities() async throws {
    var batch = RecordBatch()
    _ = batch.append(
      Array(
        #"{"leadId":0,"activityDate":"2000-01-01T00:00:00Z","activityTypeId":0,"primaryAttributeValue":"","attributes":[]}"#
          .utf8))
    try await rehearse { _ = try await addActivities(batch) }
  }

  private func rehearse(_ call: () async throws -> Void) async throws {
    do {
      try await call()
    } catch let error as MarketoError {
      // Any other refusal is about what was asked for, which is wrong on purpose.
      guard error.disposition == .hopeless, error.status == 200, !Self.denials.contains(error.reason.code) else {
        throw error
      }
    }
  }
}

/// A lead that came to be, or whose values changed.
public struct MarketoLeadChange: Sendable, Equatable {
  /// A value that changed; values are texts whatever the field's type.
  public struct Value: Sendable, Equatable, Decodable {
    /// API name of the field.
    public let name: String
    public let oldValue: String?
    public let newValue: String?
  }

  /// Unique: feeds tell an entry at least once.
  public let guid: String
  public let leadID: Int
  public let activityTypeID: Int
  /// As Marketo writes it.
  public let date: String
  /// Empty for a new lead.
  public let values: [Value]
}

private struct Activity: Decodable, Sendable {
  let marketoGUID: String?
  let id: Int?
  let leadId: Int
  let activityDate: String?
  let activityTypeId: Int
  let fields: [MarketoLeadChange.Value]?

  var change: MarketoLeadChange {
    MarketoLeadChange(
      guid: marketoGUID ?? id.map(String.init) ?? "", leadID: leadId, activityTypeID: activityTypeId,
      date: activityDate ?? "", values: fields ?? [])
  }
}

/// A custom activity of a lead.
public struct MarketoCustomActivity: Sendable, Equatable {
  public let guid: String
  public let leadID: Int
  /// Values by the attribute's name, which is its API name or the one that marketers see.
  public let attributes: [String: String]
}

private struct CustomActivity: Decodable, Sendable {
  struct Attribute: Decodable, Sendable {
    let apiName: String?
    let name: String?
    let value: MarketoValue?
  }

  let marketoGUID: String?
  let id: Int?
  let leadId: Int
  let attributes: [Attribute]?

  var activity: MarketoCustomActivity {
    var values: [String: String] = [:]
    for attribute in attributes ?? [] {
      guard let value = attribute.value?.text ?? attribute.value?.whole.map(String.init) else { continue }
      for name in [attribute.apiName, attribute.name].compactMap({ $0 }) { values[name] = value }
    }
    return MarketoCustomActivity(
      guid: marketoGUID ?? id.map(String.init) ?? "", leadID: leadId, attributes: values)
  }
}

extension MarketoClient {
  /// Where feeds start that shall tell what happened since a moment.
  /// - Parameter moment: ISO 8601 with zone.
  public func pagingToken(since moment: String) async throws -> String {
    let call = Call(
      name: "paging token", path: "/rest/v1/activities/pagingtoken.json?sinceDatetime=\(TokenCache.encoded(moment))",
      timeout: .seconds(330))
    guard let token = try await envelope(call, of: Nothing.self).nextPageToken else {
      throw MarketoError(
        call: call.name, status: 200, reason: MarketoReason(code: "", message: "the answer holds no token"),
        disposition: .retry)
    }
    return token
  }

  /// New leads and changes of these fields. Keep `next` before acting on what follows it: it is the feed's place.
  ///
  /// Our own writes are among them.
  public func leadChanges(from token: String, fields: [String]) async throws -> MarketoPage<MarketoLeadChange> {
    try await feed(
      "lead changes",
      "activities/leadchanges.json?fields=\(TokenCache.encoded(fields.joined(separator: ",")))&nextPageToken=", token,
      \Activity.change)
  }

  /// Leads that were deleted; the older ones are not told after 14 days.
  public func deletedLeads(from token: String) async throws -> MarketoPage<MarketoLeadChange> {
    try await feed("deleted leads", "activities/deletedleads.json?nextPageToken=", token, \Activity.change)
  }

  /// Custom activities of one type.
  public func customActivities(ofType id: Int, from token: String) async throws -> MarketoPage<MarketoCustomActivity> {
    try await feed(
      "activities", "activities.json?activityTypeIds=\(id)&nextPageToken=", token, \CustomActivity.activity)
  }

  private func feed<Entry: Decodable & Sendable, Record>(
    _ name: String, _ path: String, _ token: String, _ record: (Entry) -> Record
  ) async throws -> MarketoPage<Record> {
    let envelope = try await envelope(
      Call(name: name, path: "/rest/v1/\(path)\(TokenCache.encoded(token))", timeout: .seconds(90)), of: Entry.self)
    return MarketoPage(
      records: (envelope.result ?? []).map(record), next: envelope.nextPageToken,
      hasMore: envelope.moreResult ?? false)
  }

  /// Adds custom activities. Repeating the call adds them again.
  public func addActivities(_ batch: RecordBatch) async throws -> [MarketoOutcome] {
    try await write(
      Call(
        name: "add activities", method: "POST", path: "/rest/v1/activities/external.json", body: batch.body([]),
        timeout: .seconds(120)), batch.count, bySeq: false)
  }
}

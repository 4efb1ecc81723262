/// What records of Marketo are of.
public enum MarketoObject: Sendable, Equatable {
  case lead
  case company
  case salesperson
  /// By API name.
  case custom(String)

  var path: String {
    switch self {
    case .lead: "/rest/v1/leads"
    case .company: "/rest/v1/companies"
    case .salesperson: "/rest/v1/salespersons"
    case .custom(let name): "/rest/v1/customobjects/\(name)"
    }
  }

  var name: String {
    switch self {
    case .lead: "leads"
    case .company: "companies"
    case .salesperson: "salespersons"
    case .custom(let name): name
    }
  }
}

/// What to do with records that are there, and with those that are not.
public enum MarketoAction: String, Sendable {
  case createOrUpdate, createOnly, updateOnly
}

extension MarketoClient {
  /// Writes leads.
  ///
  /// Never have two calls with one new key under way: each would make a lead of it.
  /// - Parameter lookupField: API name of the field that leads are found by.
  /// - Returns: an outcome for each record, in their order.
  public func syncLeads(_ batch: RecordBatch, lookupField: String, action: MarketoAction = .createOrUpdate) async throws
    -> [MarketoOutcome]
  {
    try await write(
      Call(
        name: "sync leads", method: "POST", path: "/rest/v1/leads.json",
        body: batch.body([("action", action.rawValue), ("lookupField", lookupField)]), timeout: .seconds(120)),
      batch.count, bySeq: false)
  }

  /// Writes companies, salespersons or custom objects, found by their dedupe fields.
  /// - Returns: an outcome for each record, in their order.
  public func sync(_ object: MarketoObject, _ batch: RecordBatch, action: MarketoAction = .createOrUpdate) async throws
    -> [MarketoOutcome]
  {
    try await write(
      Call(
        name: "sync \(object.name)", method: "POST", path: "\(object.path).json",
        body: batch.body([("action", action.rawValue), ("dedupeBy", "dedupeFields")]), timeout: .seconds(150)),
      batch.count, bySeq: true)
  }

  /// Deletes leads by Marketo's id; one that is gone already counts as deleted.
  public func deleteLeads(_ ids: [Int]) async throws -> [MarketoOutcome] {
    var batch = RecordBatch()
    for id in ids where !batch.append(Array("{\"id\":\(id)}".utf8)) { throw Self.tooMany("delete leads") }
    let outcomes = try await write(
      Call(
        name: "delete leads", method: "POST", path: "/rest/v1/leads/delete.json", body: batch.body([]),
        timeout: .seconds(120)), batch.count, bySeq: false)
    return outcomes.map { Self.gone($0, "1004") }
  }

  /// Deletes companies, salespersons or custom objects by their dedupe fields; one that is gone already counts as
  /// deleted.
  public func delete(_ object: MarketoObject, _ batch: RecordBatch) async throws -> [MarketoOutcome] {
    let outcomes = try await write(
      Call(
        name: "delete \(object.name)", method: "POST", path: "\(object.path)/delete.json",
        body: batch.body([("deleteBy", "dedupeFields")]), timeout: .seconds(90)), batch.count, bySeq: true)
    return outcomes.map { Self.gone($0, "1013") }
  }

  private static func gone(_ outcome: MarketoOutcome, _ code: String) -> MarketoOutcome {
    guard outcome.reasons.first?.code == code else { return outcome }
    return MarketoOutcome(status: .deleted, id: outcome.id, guid: outcome.guid, reasons: [])
  }

  static func tooMany(_ call: String) -> MarketoError {
    MarketoError(
      call: call, reason: MarketoReason(code: "", message: "more than \(recordsPerCall) records in one call"),
      disposition: .split)
  }

  /// Results are matched to the input by their order, or where they have it by `seq`.
  func write(_ call: Call, _ count: Int, bySeq: Bool) async throws -> [MarketoOutcome] {
    guard count > 0 else { return [] }
    let entries = try await envelope(call, of: ResultEntry.self).result ?? []
    var outcomes = [MarketoOutcome?](repeating: nil, count: count)
    for (place, entry) in entries.enumerated() {
      let at = bySeq ? entry.seq ?? -1 : place
      guard outcomes.indices.contains(at), outcomes[at] == nil else { throw Self.mismatch(call) }
      outcomes[at] = entry.outcome
    }
    let all = outcomes.compactMap { $0 }
    guard all.count == count else { throw Self.mismatch(call) }
    return all
  }

  private static func mismatch(_ call: Call) -> MarketoError {
    MarketoError(
      call: call.name, status: 200,
      reason: MarketoReason(code: "", message: "the results do not answer the records that were sent"),
      disposition: .retry)
  }
}

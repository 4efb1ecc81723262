public import Marketo
public import SyncModel

/// A lead that was found by its email address.
struct LeadByEmail: Sendable {
  /// In lower case.
  let email: String
  let lead: LeadAdoption.Lead
  /// What it has besides.
  let record: MarketoRecord
}

extension MarketoClient {
  /// The leads that have some email addresses, by address in lower case.
  /// - Parameters:
  ///   - emails: at most 300; those that no filter can name are left out.
  ///   - hasKey: whether leads have a field for Veeva's id, as they do once something was delivered.
  public func leads(withEmails emails: [String], hasKey: Bool = true) async throws -> [String: [LeadAdoption.Lead]] {
    let found = try await leadsByEmail(emails, fields: hasKey ? [DeliveryEntity.leadKey] : [])
    return Dictionary(grouping: found, by: \.email).mapValues { $0.map(\.lead) }
  }

  /// Whether leads have a field for Veeva's id.
  public func leadsHaveKey() async throws -> Bool {
    try await describe(.lead).fields.contains { $0.name == DeliveryEntity.leadKey }
  }

  /// - Parameter fields: what is asked for besides what every lead has, by API name.
  func leadsByEmail(_ emails: [String], fields: [String]) async throws -> [LeadByEmail] {
    let named = Set(emails.map { $0.lowercased() }).filter { !$0.contains(",") && $0.utf8.allSatisfy { $0 < 0x80 } }
    return try await leadsByEmail(named.sorted()[...], ["id", "email"] + fields)
  }

  private func leadsByEmail(_ emails: ArraySlice<String>, _ fields: [String]) async throws -> [LeadByEmail] {
    guard !emails.isEmpty else { return [] }
    var found: [LeadByEmail] = []
    do {
      var next: String?
      repeat {
        let page = try await query(.lead, by: "email", Array(emails), fields: fields, next: next)
        for record in page.records {
          guard let id = record["id"]?.whole, let email = record["email"]?.text else { continue }
          let lead = LeadAdoption.Lead(id: id, veevaID: record[DeliveryEntity.leadKey]?.text)
          found.append(LeadByEmail(email: email.lowercased(), lead: lead, record: record))
        }
        next = page.hasMore ? page.next : nil
      } while next != nil
      return found
    } catch let error as MarketoError where error.reason.code == "1003" && emails.count > 1 {
      // Too many leads have these addresses.
      let half = emails.startIndex + emails.count / 2
      let one = try await leadsByEmail(emails[..<half], fields)
      return one + (try await leadsByEmail(emails[half...], fields))
    }
  }
}

/// Gives leads that are known by their email address alone the Veeva id of the person that they are.
extension DeliveryRunner {
  /// Looks for one call's newcomers.
  /// - Returns: whether there was something to do.
  func adoptSome(_ source: DeliverySource) async throws -> Bool {
    guard
      let (batch, newcomers) = try await store.claimNewcomers(
        of: source, atMost: MarketoClient.recordsPerCall, for: options.lease)
    else { return false }
    let found = try await attempt(batch, hold: .zero) {
      try await client.leadsByEmail(
        newcomers.map(\.email), fields: [DeliveryEntity.leadKey] + source.owned.map(\.field.name))
    }
    let leads = Dictionary(grouping: found, by: \.email)
    var refused: [(veevaID: String, code: String, message: String)] = []
    var adopted: [(veevaID: String, lead: Int)] = []
    for newcomer in newcomers {
      switch LeadAdoption(
        veevaID: newcomer.veevaID, persons: newcomer.persons, leads: (leads[newcomer.email] ?? []).map(\.lead))
      {
      case .none: break
      case .adopt(let lead): adopted.append((newcomer.veevaID, lead))
      case .ambiguous(let message): refused.append((newcomer.veevaID, "email", message))
      }
    }
    if !adopted.isEmpty {
      refused += try await adopt(adopted, batch)
      let left = Set(refused.map(\.veevaID))
      let records = Dictionary(found.map { ($0.lead.id, $0.record) }, uniquingKeysWith: { first, _ in first })
      try await LeadChangeStore(pool: store.pool, source: source).take(
        adopted.filter { !left.contains($0.veevaID) }.map { ($0.veevaID, records[$0.lead] ?? [:]) })
    }
    try await store.settle(batch, refused: refused)
    return true
  }

  private func adopt(_ adopted: [(veevaID: String, lead: Int)], _ batch: DeliveryBatch) async throws
    -> [(veevaID: String, code: String, message: String)]
  {
    var records = Marketo.RecordBatch()
    for (veevaID, lead) in adopted {
      _ = records.append(Array(#"{"id":\#(lead),"\#(DeliveryEntity.leadKey)":"\#(veevaID)"}"#.utf8))
    }
    let stamped = records
    let outcomes = try await attempt(batch) {
      try await client.syncLeads(stamped, lookupField: "id", action: .updateOnly)
    }
    return zip(adopted, outcomes).compactMap { person, outcome in
      guard !outcome.isDone else { return nil }
      let reason = outcome.reasons.first
      return (person.veevaID, reason?.code ?? "", reason?.message ?? "the lead could not be given the Veeva id")
    }
  }
}

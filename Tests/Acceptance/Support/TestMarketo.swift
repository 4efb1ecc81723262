import Foundation
import PostgreSQL

/// A simulated Marketo instance, and what it holds.
final class TestMarketo: Sendable {
  let child: Child
  let url: String

  init(_ cluster: TestCluster, _ options: [String] = []) async throws {
    child = try Child(
      "marketo", cluster.environment.binary, ["simulate", "marketo", "--listen", "127.0.0.1:0"] + options)
    try await child.waitFor("listening on http://")
    guard let line = child.text.split(separator: "\n").last(where: { $0.hasPrefix("listening on ") }) else {
      throw Unexpected("the instance does not say where it listens")
    }
    url = String(line.dropFirst("listening on ".count))
  }

  /// Tells the instance something that no client of a real one could, or asks it.
  @discardableResult
  func admin(_ path: String, _ json: String? = nil) async throws -> Data {
    let body = json.map { ["-X", "POST", "-H", "Content-Type: application/json", "-d", $0] } ?? []
    let curl = try Child("curl", "/usr/bin/env", ["curl", "-sf"] + body + ["\(url)/simulator/\(path)"])
    guard try await curl.waitForExit() == 0 else { throw Unexpected("the instance refuses \(path): \(json ?? "")") }
    return Data(curl.text.utf8)
  }

  /// A number of one of the instance's reports.
  func number(_ report: String, _ name: String) async throws -> Int {
    let object = try JSONSerialization.jsonObject(with: try await admin(report)) as? [String: Any]
    return object?[name] as? Int ?? 0
  }

  /// All records of a kind, by their key; a key that is there twice is none.
  func records(_ kind: String, key: String, fields: [String]) async throws -> [String: [String: String]] {
    var records: [String: [String: String]] = [:]
    var offset = 0
    while true {
      let path = "\(kind)?fields=\(([key] + fields).joined(separator: ","))&offset=\(offset)&limit=5000"
      let page = try JSONSerialization.jsonObject(with: try await admin(path)) as? [[String: Any]] ?? []
      if page.isEmpty { return records }
      offset += page.count
      for record in page {
        let texts = record.compactMapValues { $0 is NSNull ? nil : "\($0)" }
        let id = texts[key] ?? "none"
        guard records.updateValue(texts.filter { fields.contains($0.key) }, forKey: id) == nil else {
          throw Unexpected("\(kind) holds \(id) twice")
        }
      }
    }
  }
}

extension TestCluster {
  /// Makes the tenant's tables the mirror of a Marketo instance, for processes that are started from now on.
  func connect(to marketo: TestMarketo, more: String = "") async throws {
    let url = await database.url(of: environment, database: tenant)
    let text = try String(contentsOfFile: configuration, encoding: .utf8)
    let destination = """
          destination:
            marketo:
              baseURL: \(marketo.url)
              clientID: crmsync-client
              clientSecret: crmsync-secret
              mirror: { url: "\(url)", schema: copy }
              callsPerWindow: 100
              concurrency: 10
              apiShare: 1
              \(more)
      """
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.contains("destination: { postgres:") ? destination : String($0)
    }
    try lines.joined(separator: "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
  }

  /// What Marketo should hold of a table, by id: values by Marketo's names.
  func mirrored(_ statement: String) async throws -> [String: [String: String]] {
    var records: [String: [String: String]] = [:]
    let rows = try await database.query("select id, json::text as json from (\(statement)) as mirrored (id, json)")
    for row in rows {
      let json = try row.string("json") ?? "{}"
      let values = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
      records[try row.string("id") ?? ""] = values.compactMapValues { $0 is NSNull ? nil : "\($0)" }
    }
    return records
  }

  /// Compares what Marketo holds with the mirror, by statements that share nothing with the product's.
  func expectDelivered(to marketo: TestMarketo) async throws {
    let link = "select account_vod__c from copy.call c where c.veeva_id = m.call2_vod__c"
    let parts: [(kind: String, key: String, fields: [String], statement: String)] = [
      (
        "leads", "veevaId", ["firstName", "lastName", "email", "city", "externalCompanyId", "externalSalesPersonId"],
        """
        select p.veeva_id, json_build_object('firstName', p.first_name, 'lastName', p.last_name, 'email', p.email,
          'city', p.city, 'externalCompanyId', p.veeva_id, 'externalSalesPersonId', s.veeva_id)
        from copy.person p left join copy.salesperson s on s.veeva_id = p.owner_id
        """
      ),
      (
        "companies", "externalCompanyId", ["company", "billingCity"],
        "select veeva_id, json_build_object('company', company, 'billingCity', billing_city) from copy.company"
      ),
      (
        "salespersons", "externalSalesPersonId", ["firstName", "lastName", "email"],
        """
        select veeva_id, json_build_object('firstName', first_name, 'lastName', last_name, 'email', email)
        from copy.salesperson
        """
      ),
      (
        "customobjects/veevaCall", "veevaId", ["leadVeevaId", "Status_vod__c"],
        """
        select veeva_id, json_build_object('leadVeevaId', account_vod__c, 'Status_vod__c', status_vod__c)
        from copy.call where account_vod__c in (select veeva_id from copy.person)
        """
      ),
      (
        "customobjects/veevaCallKeyMessage", "veevaId", ["leadVeevaId", "Call2_vod__c"],
        """
        select veeva_id, json_build_object('leadVeevaId', (\(link)), 'Call2_vod__c', call2_vod__c)
        from copy.call_key_message m where (\(link)) in (select veeva_id from copy.person)
        """
      ),
    ]
    for part in parts {
      let wanted = try await mirrored(part.statement)
      let there = try await marketo.records(part.kind, key: part.key, fields: part.fields)
      guard wanted != there else { continue }
      let differing = Set(wanted.keys).union(there.keys).filter { wanted[$0] != there[$0] }.sorted()
      let first = differing.first ?? ""
      throw Unexpected(
        "\(part.kind): \(differing.count) of \(wanted.count) differ, such as \(first): "
          + "\(wanted[first] ?? [:]) in the mirror, \(there[first] ?? [:]) in Marketo")
    }
  }

  /// Waits until all that the mirror holds was delivered.
  func waitUntilDelivered(within limit: Duration = .seconds(120)) async throws {
    let expected = """
      (select count(*) from copy.person) + (select count(*) from copy.company) + (select count(*) from copy.salesperson)
        + (select count(*) from copy.call where account_vod__c in (select veeva_id from copy.person))
        + (select count(*) from copy.call_key_message m join copy.call c on c.veeva_id = m.call2_vod__c
          where c.account_vod__c in (select veeva_id from copy.person))
      """
    let state = """
      select (\(expected)) - (select count(*) from copy.crmsync_delivery where delivered = wanted)
        + (select count(*) from copy.crmsync_delivery where delivered is distinct from wanted)
      """
    try await wait("everything to be delivered", within: limit) {
      let isMissing = "select (to_regclass('copy.crmsync_delivery') is null)::int::bigint"
      guard try await number(isMissing) == 0 else { return false }
      return try await number(state) == 0
    }
  }
}

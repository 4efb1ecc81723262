import Foundation
import Testing

/// Leads that Marketo has before anything was synced, known by their email address.
@Suite("Leads that are known by their email address", .serialized, .timeLimit(.minutes(30)))
struct AdoptionTests {
  private static let stranger = "001000000000ZZZAAA"

  @Test("plan names what is adopted and what is not clear, changes nothing, and the sync does what it says")
  func adoption() async throws {
    let cluster = try await TestCluster(records: 100, objects: "{ personAccounts: {} }")
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    let emails = try await lonelyEmails(cluster)
    let persons = try #require(emails.count >= 7 ? Array(emails.prefix(7)) : nil, "\(emails)")
    // Two persons of one practice.
    try await cluster.change(
      """
      [{"op":"update","object":"Account","ids":["\(persons[4].id)","\(persons[5].id)"],
        "set":{"PersonEmail":"practice@example.org"}}]
      """)
    for email in [
      persons[0].email, persons[1].email.uppercased(), persons[2].email, persons[2].email, "practice@example.org",
      "visitor@example.net",
    ] { try await marketo.admin("leads", #"{"email": "\#(email)"}"#) }
    // Nobody has made a field for Veeva's id yet.
    let early = try await cluster.run("plan", ["--adoptions"])
    #expect(early.status == 0 && early.text.contains("  2 leads of Marketo are known by their email"), "\(early.text)")
    #expect(try await adopted(marketo).isEmpty)

    try await makeKey(marketo)
    for email in [persons[3].email, persons[6].email] {
      try await marketo.admin("leads", #"{"email": "\#(email)", "veevaId": "\#(Self.stranger)"}"#)
    }
    try await marketo.admin("leads", #"{"email": "\#(persons[6].email)"}"#)
    let before = try await marketo.admin("leads?limit=1000")
    let plan = try await cluster.run("plan", ["--adoptions"])
    #expect(plan.status == 0 && plan.text.contains("  3 leads of Marketo are known by their email"), "\(plan.text)")
    for person in [0, 1, 6] { #expect(plan.text.contains(": \(persons[person].id)\n"), "\(plan.text)") }
    #expect(plan.text.contains("  3 persons would be rejects"), "\(plan.text)")
    #expect(plan.text.contains("\(persons[2].id): 2 leads have its email address and no Veeva id"), "\(plan.text)")
    for person in [4, 5] { #expect(plan.text.contains("    \(persons[person].id): lead "), "\(plan.text)") }
    #expect(try await marketo.admin("leads?limit=1000") == before)

    try await cluster.syncOnce()
    let synced = try await cluster.number("select count(*) from copy.person")
    #expect(try await marketo.number("counts", "leads") == 9 + synced - 3 - 3)
    let twice = try JSONSerialization.jsonObject(with: try await marketo.admin("leads/duplicates?field=veevaId"))
    #expect((twice as? [[String: Any]])?.map { $0["value"] as? String } == [Self.stranger])
    let there = try await adopted(marketo)
    for person in [0, 1, 6] { #expect(there[persons[person].id] == 1) }
    for person in [2, 4, 5] { #expect(there[persons[person].id] == nil) }
    // Somebody else's lead has the address: that is no reason to have none.
    #expect(there[persons[3].id] == 1 && there[Self.stranger] == 2)
    let rejects = try await cluster.run("rejects", ["list", cluster.tenant])
    for person in [2, 4, 5] { #expect(rejects.text.contains("person/\(persons[person].id)"), "\(rejects.text)") }
    let verified = try await cluster.run("verify", [cluster.tenant])
    #expect(verified.status == 0 && verified.text.contains("equal      Marketo's person"), "\(verified.text)")
  }

  /// How many leads have each Veeva id.
  private func adopted(_ marketo: TestMarketo) async throws -> [String: Int] {
    let answer = try await marketo.admin("leads?limit=10000")
    let leads = try JSONSerialization.jsonObject(with: answer) as? [[String: Any]] ?? []
    return leads.reduce(into: [:]) { counts, lead in
      if let id = lead["veevaId"] as? String { counts[id, default: 0] += 1 }
    }
  }

  /// Persons that would be synced and whose address nobody else has, asked of the org by its own API.
  private func lonelyEmails(_ cluster: TestCluster) async throws -> [(id: String, email: String)] {
    let login = "grant_type=client_credentials&client_id=crmsync-client&client_secret=crmsync-secret"
    let token = try await text("access_token", curl(["-d", login, "\(cluster.orgURL)/services/oauth2/token"]))
    let statement = """
      SELECT Id, PersonEmail FROM Account WHERE IsPersonAccount = true AND PersonEmail != null
      AND RecordType.DeveloperName = 'Professional_vod'
      """
    let answer = try await curl([
      "-G", "-H", "Authorization: Bearer \(token)", "--data-urlencode", "q=\(statement)",
      "\(cluster.orgURL)/services/data/v62.0/query",
    ])
    let records = (try JSONSerialization.jsonObject(with: answer) as? [String: Any])?["records"] as? [[String: Any]]
    let found = (records ?? []).compactMap { record in
      (record["Id"] as? String).flatMap { id in (record["PersonEmail"] as? String).map { (id: id, email: $0) } }
    }
    return Dictionary(grouping: found) { $0.email.lowercased() }.values.filter { $0.count == 1 }.map { $0[0] }
      .sorted { $0.id < $1.id }
  }

  /// The field of leads that holds Veeva's id, as an administrator makes it.
  private func makeKey(_ marketo: TestMarketo) async throws {
    let identity =
      "\(marketo.url)/identity/oauth/token?grant_type=client_credentials&client_id=crmsync-client"
      + "&client_secret=crmsync-secret"
    let token = try await text("access_token", curl([identity]))
    _ = try await curl([
      "-H", "Authorization: Bearer \(token)", "-H", "Content-Type: application/json", "-d",
      #"{"input":[{"name":"veevaId","displayName":"Veeva Id","dataType":"string"}]}"#,
      "\(marketo.url)/rest/v1/leads/schema/fields.json",
    ])
  }

  private func curl(_ arguments: [String]) async throws -> Data {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf"] + arguments)
    guard try await child.waitForExit() == 0 else { throw Unexpected("curl fails: \(child.text)") }
    return Data(child.text.utf8)
  }

  private func text(_ member: String, _ json: Data) throws -> String {
    try #require((try JSONSerialization.jsonObject(with: json) as? [String: Any])?[member] as? String)
  }
}

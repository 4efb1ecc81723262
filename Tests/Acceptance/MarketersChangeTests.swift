import Foundation
import PostgreSQL
import Testing

/// From a marketer's hand in Marketo to Veeva, and back.
@Suite("Marketers' changes in Marketo", .serialized, .timeLimit(.minutes(30)))
struct MarketersChangeTests {
  /// Changes that Veeva does not have.
  private static let pending = """
    select count(*) from copy.crmsync_capture c join copy.person p on p.veeva_id = c.veeva_id
    where to_jsonb(p) -> c.column_name is distinct from c.agreed
    """
  private static let readAt = "select extract(epoch from read_at)::bigint from copy.crmsync_lead_feed"

  @Test("a marketer's change and a score reach Veeva once, Veeva's reach Marketo, and none comes back as the other's")
  func bothWays() async throws {
    let cluster = try await TestCluster(
      records: 200, objects: "{ personAccounts: { writeBack: true } }",
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 1s, lag: 1s, overlap: 5m,"))
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    try await cluster.syncOnce()
    let running = try cluster.start("run")
    try await cluster.wait("the feed of changes to be read") {
      try await cluster.number("select count(*) from copy.crmsync_lead_feed where read_at is not null") == 1
    }
    let ids = try await cluster.texts("select veeva_id from copy.person order by 1 limit 2")
    let (mine, theirs) = (ids[0], ids[1])
    let change = #"{"firstName": "Zoë", "leadScore": 4711}"#
    try await marketo.admin("leads/\(try await lead(mine, marketo)["id"] as? Int ?? 0)", change)
    try await cluster.post(
      "changes", #"[{"op":"update","object":"Account","ids":["\#(theirs)"],"set":{"FirstName":"Veeva"}}]"#)
    try await cluster.wait("the marketer's change to be in Veeva") {
      try await cluster.updates().contains {
        $0.id == mine && $0.set["FirstName"] == .text("Zoë")
          && $0.set["mkto71_Lead_Score__pc"]?.plain.contains("4711") == true
      }
    }
    try await cluster.wait("Veeva's change to be in Marketo") {
      try await lead(theirs, marketo)["firstName"] as? String == "Veeva"
    }
    let now = try await cluster.number(Self.readAt)
    try await cluster.wait("both to have come back") {
      guard try await cluster.number(Self.readAt) > now + 1 else { return false }
      return try await cluster.number(Self.pending) == 0
    }
    running.signal(15)
    _ = try await running.waitForExit(within: .seconds(30))
    #expect(try await lead(mine, marketo)["firstName"] as? String == "Zoë")
    #expect(try await lead(mine, marketo)["leadScore"] as? Int == 4711)
    #expect(try await lead(theirs, marketo)["leadScore"] == nil)
    #expect(try await cluster.updates().count == 1)
    #expect(try await cluster.number("select count(*) from copy.person_activity") == 0)
    try await cluster.advanceClock(120)
    try await cluster.syncOnce()
    try await cluster.expectEqualToOrg()
    #expect(try await cluster.updates().count == 1)
  }

  @Test("what Veeva refuses stands in the lead's activity log in Marketo, in Veeva's words, once")
  func refused() async throws {
    let cluster = try await TestCluster(
      records: 100, objects: "{ personAccounts: { writeBack: true } }",
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 1s, lag: 1s, overlap: 5m,"))
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    let plan = try await cluster.run("plan")
    #expect(plan.status == 0 && plan.text.contains("activity type to make: veevaWriteBack"), "\(plan.text)")
    try await marketo.admin("settings", #"{"withheldPermissions": ["Read-Write Activity Metadata"]}"#)
    let check = try await cluster.run("check")
    #expect(check.status == 0 && check.text.contains("what Veeva refuses is not told to Marketo"), "\(check.text)")
    try await cluster.syncOnce()
    #expect(try await cluster.run("status").text.contains("the activity log is not told to Marketo"))
    try await marketo.admin("settings", #"{"withheldPermissions": []}"#)
    try await cluster.database.execute("update copy.crmsync_activity_state set looked_at = looked_at - interval '1 h'")
    let running = try cluster.start("run")
    try await cluster.wait("the feed of changes to be read") {
      try await cluster.number("select count(*) from copy.crmsync_lead_feed where read_at is not null") == 1
    }
    let id = try await cluster.texts("select veeva_id from copy.person order by 1 limit 1")[0]
    let number = try #require(try await lead(id, marketo)["id"] as? Int)
    try await marketo.admin("leads/\(number)", #"{"email": "bad"}"#)
    try await cluster.wait("the refusal to be in Marketo") { try await activities(marketo).count == 1 }
    running.signal(15)
    _ = try await running.waitForExit(within: .seconds(30))
    try await cluster.syncOnce()
    let told = try await activities(marketo)
    #expect(told.count == 1 && told[0]["leadId"] as? Int == number)
    #expect(told[0]["primaryAttributeValue"] as? String == "email")
    #expect("\(told[0]["attributes"] ?? "")".contains("INVALID_EMAIL_ADDRESS"), "\(told)")
    let allowed = try await cluster.run("check")
    #expect(allowed.status == 0 && allowed.text.contains("Marketo activity log → veevaWriteBack\n"), "\(allowed.text)")
  }

  /// Activities of types that were made.
  private func activities(_ marketo: TestMarketo) async throws -> [[String: Any]] {
    let answer = try await marketo.admin("activities?limit=100000")
    let all = try JSONSerialization.jsonObject(with: answer) as? [[String: Any]] ?? []
    return all.filter { $0["activityTypeId"] as? Int ?? 0 > 100_000 }
  }

  private func lead(_ person: String, _ marketo: TestMarketo) async throws -> [String: Any] {
    let answer = try await marketo.admin("leads?field=veevaId&value=\(person)")
    return try #require((try JSONSerialization.jsonObject(with: answer) as? [[String: Any]])?.first)
  }
}

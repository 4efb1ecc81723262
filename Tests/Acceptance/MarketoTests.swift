import Foundation
import PostgreSQL
import Testing

/// From a simulated org to a simulated Marketo instance, under its limits.
@Suite("Marketo as the destination", .serialized, .timeLimit(.minutes(30)))
struct MarketoTests {
  /// Key messages find their person through their call alone.
  private static let objects = """
    { personAccounts: {}, users: {}, calls: {}, callKeyMessages: { exclude: [Account_vod__c, Contact_vod__c] } }
    """

  @Test("faults, and workers that are killed in their calls: everything is in Marketo once, linked and equal")
  func chaos() async throws {
    let isLarge = try TestEnvironment().scale > 1
    let cluster = try await TestCluster(records: isLarge ? 50_000 : 300, objects: Self.objects)
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    try await marketo.admin(
      "faults",
      """
      [{"kind":"code","code":606,"method":"POST","after":2,"count":2},{"kind":"reversedResults","rate":0.5},
       {"kind":"expireTokens","rate":0.1,"count":3},{"kind":"code","code":615,"method":"POST","after":5,"count":1}]
      """)
    let coordinator = try cluster.start("coordinator")
    let first = try cluster.start("worker")
    try await holdDelivery(cluster, marketo)
    let second = try cluster.start("worker")
    try await second.waitFor("worker ready")
    for doomed in [first, second] { try await doomed.kill9() }
    try await marketo.admin("hold", #"{"leadWrites": false, "imports": false}"#)
    try await giveUpTheDead(cluster, marketo)
    let workers = try (0..<2).map { _ in try cluster.start("worker") }
    try await cluster.waitUntilSynced(within: .seconds(600))
    try await cluster.waitUntilDelivered(within: .seconds(isLarge ? 1500 : 120))
    for child in [coordinator] + workers { child.signal(15) }
    for child in [coordinator] + workers { _ = try await child.waitForExit(within: .seconds(60)) }

    try await cluster.expectDelivered(to: marketo)
    try await cluster.expectEqualToOrg()
    let (status, text) = try await cluster.run("verify", [cluster.tenant], within: .seconds(900))
    #expect(status == 0 && text.contains("equal      Marketo's person"), "\(text)")
  }

  /// Waits until persons are under way to Marketo, which has looked their keys up and not written them yet.
  private func holdDelivery(_ cluster: TestCluster, _ marketo: TestMarketo) async throws {
    let hold = #"{"leadWrites": true, "imports": true}"#
    try await marketo.admin("hold", hold)
    try await cluster.wait("leads to be under way", within: .seconds(300)) {
      let calls = try await marketo.number("hold", "leadWritesWaiting")
      guard try await calls + marketo.number("hold", "importsWaiting") > 0 else { return false }
      let underWay = "select count(*) from copy.crmsync_delivery where entity = 'person' and batch is not null"
      if try await cluster.number(underWay) > 0 { return true }
      // A look at what the API user may do writes nothing; many calls lie between it and the first lead.
      try await marketo.admin("hold", #"{"leadWrites": false}"#)
      try await marketo.admin("hold", hold)
      return false
    }
  }

  /// What the killed held is given up by the clock; here as soon as Marketo has ended what they asked of it.
  private func giveUpTheDead(_ cluster: TestCluster, _ marketo: TestMarketo) async throws {
    try await cluster.wait("the calls of the dead to end", within: .seconds(300)) {
      guard try await marketo.number("limits", "running") == 0 else { return false }
      let imports = try JSONSerialization.jsonObject(with: try await marketo.admin("imports")) as? [[String: Any]]
      return imports?.allSatisfy { $0["status"] as? String == "Complete" } == true
    }
    try await cluster.database.execute(
      """
      update copy.crmsync_delivery_import set followed_until = clock_timestamp();
      update copy.crmsync_delivery d set in_flight_until = clock_timestamp() where batch is not null
        and not exists (select from copy.crmsync_delivery_import i where i.batch = d.batch);
      """)
  }

  @Test("run --once delivers what changed, what Marketo refuses is a reject, and a retry delivers it")
  func delta() async throws {
    let cluster = try await TestCluster(records: 100, objects: Self.objects)
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    let refusal =
      #"[{"kind":"record","code":1003,"message":"odd","path":"companies.json","method":"POST","after":1,"count":1}]"#
    try await marketo.admin("faults", refusal)
    try await cluster.syncOnce()
    let refused = try await cluster.run("rejects", ["list", cluster.tenant])
    let line = try #require(refused.text.split(separator: "\n").first { $0.contains("Marketo: 1003 odd") })
    let id = String(line.prefix { $0 != " " })
    #expect(id.hasPrefix("\(cluster.tenant)/company/"))
    #expect(try await cluster.run("status").text.contains("1 refused"))
    #expect(try await cluster.run("rejects", ["retry", id]).status == 0)
    try await cluster.change(
      """
      [{"op":"update","object":"Account","sample":20,"seed":1,"set":{"FirstName":"Changed"}},
       {"op":"delete","object":"Call2_vod__c","sample":10,"seed":3}]
      """)
    let before = try await marketo.number("counts", "leads")
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.person where first_name = 'Changed'") == 20)
    #expect(try await marketo.number("counts", "leads") == before)
    try await cluster.expectDelivered(to: marketo)
    #expect(try await cluster.run("rejects", ["list", cluster.tenant]).text == "No rejects.\n")
    try await marketo.admin("leads/\(try await anyLead(marketo))", #"{"lastName": "Meddled"}"#)
    let differing = try await cluster.run("verify", [cluster.tenant])
    #expect(differing.status == 1 && differing.text.contains("Marketo's person: 0 missing, 1 different"))
  }

  private func anyLead(_ marketo: TestMarketo) async throws -> Int {
    let leads = try JSONSerialization.jsonObject(with: try await marketo.admin("leads?limit=1")) as? [[String: Any]]
    return try #require(leads?.first?["id"] as? Int)
  }

  @Test("run --once waits for records whose call got no answer, and says so")
  func unanswered() async throws {
    let cluster = try await TestCluster(records: 100, objects: "{ personAccounts: {} }")
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    // The first such call asks what the API user may do.
    let cut = #"[{"kind":"cut","path":"companies.json","method":"POST","after":1,"count":1,"executed":true}]"#
    try await marketo.admin("faults", cut)
    let running = try cluster.start("run", ["--once"])
    try await running.waitFor("of delivery: their call got no answer")
    #expect(try await marketo.number("counts", "leads") == 0)
    // The clock alone would do it, in minutes.
    try await cluster.database.execute(
      "update copy.crmsync_delivery set in_flight_until = clock_timestamp() where in_flight_until is not null")
    #expect(try await running.waitForExit(within: .seconds(60)) == 0, "\(running.text.suffix(2000))")
    #expect(try await marketo.number("counts", "leads") == cluster.number("select count(*) from copy.person"))
  }

  @Test("what stands in the way is told before anything is written")
  func obstacles() async throws {
    let cluster = try await TestCluster(records: 100, objects: Self.objects)
    let marketo = try await TestMarketo(cluster, ["--native-crm"])
    try await cluster.connect(to: marketo)
    let native = try await cluster.run("check")
    #expect(
      native.status == 1 && native.text.contains("1018") && native.text.contains("disconnected"), "\(native.text)")
    try await marketo.admin(
      "settings", #"{"nativeCRM": false, "withheldPermissions": ["Read-Write Custom Object Type"]}"#)
    let denied = try await cluster.run("check")
    #expect(denied.status == 1 && denied.text.contains("603"), "\(denied.text)")
    try await marketo.admin("settings", #"{"withheldPermissions": []}"#)
    let allowed = try await cluster.run("check")
    #expect(allowed.status == 0 && allowed.text.contains("the custom object is made"), "\(allowed.text)")
    let plan = try await cluster.run("plan")
    #expect(plan.status == 0 && plan.text.contains("veevaCallKeyMessage (to make)"), "\(plan.text)")
    #expect(try await marketo.number("counts", "leads") == 0)
    let schema = try await cluster.run("schema", [cluster.tenant])
    #expect(schema.text.contains("person → Marketo lead, found by veevaId"), "\(schema.text)")
    let types = try JSONSerialization.jsonObject(with: try await marketo.admin("counts")) as? [String: Any]
    #expect((types?["customObjects"] as? [String: Int])?.isEmpty == true)
  }

  @Test("an instance belongs to one tenant, whatever happens in between")
  func claims() async throws {
    let cluster = try await TestCluster(records: 100, objects: "{ personAccounts: {} }")
    let marketo = try await TestMarketo(cluster)
    try await cluster.connect(to: marketo)
    try await cluster.syncOnce()
    let configuration = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    try configuration.replacing("  \(cluster.tenant):\n", with: "  another:\n")
      .replacing("schema: copy", with: "schema: other")
      .write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
    let (status, text) = try await cluster.run("status")
    #expect(status == 2 && text.contains("same Marketo instance as tenant \(cluster.tenant)"), "\(text)")
  }
}

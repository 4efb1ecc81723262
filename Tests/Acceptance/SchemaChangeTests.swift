import Foundation
import Testing

/// The org's schema, its permissions and the configuration change while the sync goes on.
@Suite("A change of the schema", .serialized, .timeLimit(.minutes(10)))
struct SchemaChangeTests {
  @Test("a new field is found, added and filled in every row, without a restart")
  func newField() async throws {
    let cluster = try await TestCluster.copied(3000)
    try await cluster.change(
      #"[{"op":"addField","object":"Account","field":"Tier__c","type":"string","length":20,"values":["A","B"],"nulls":0}]"#
    )
    try await cluster.syncOnce()
    try await cluster.waitForBackfill()
    #expect(try await cluster.number("select count(*) from copy.person where tier__c is not null") == 3000)
    #expect(try await cluster.number("select count(*) from copy.company where tier__c is not null") == 3000)
    try await cluster.expectEqualToOrg()
  }

  @Test("a field that goes away keeps its column and its values, and says so")
  func removedField() async throws {
    let cluster = try await TestCluster.copied(3000)
    try await cluster.change(
      #"[{"op":"addField","object":"Account","field":"Tier__c","type":"string","length":20,"values":["A"],"nulls":0}]"#)
    try await cluster.syncOnce()
    try await cluster.waitForBackfill()
    try await cluster.change(#"[{"op":"removeField","object":"Account","field":"Tier__c"}]"#)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.person where tier__c = 'A'") == 3000)
    let comment = """
      select count(*) from pg_attribute where attrelid = 'copy.person'::regclass and attname = 'tier__c'
        and col_description(attrelid, attnum) like '%no longer synced%'
      """
    #expect(try await cluster.number(comment) == 1)
    try await cluster.expectEqualToOrg()
  }

  @Test("a widened type is altered, and no row is lost")
  func widenedField() async throws {
    let cluster = try await TestCluster.copied(3000)
    try await cluster.change(
      #"[{"op":"addField","object":"Account","field":"Points__c","type":"int","values":[1,2],"nulls":0}]"#)
    try await cluster.syncOnce()
    try await cluster.waitForBackfill()
    try await cluster.change(
      #"[{"op":"widenField","object":"Account","field":"Points__c","type":"double","precision":18,"scale":2}]"#)
    try await cluster.change(
      #"[{"op":"update","object":"Account","sample":20,"seed":1,"set":{"Points__c":1.25}}]"#)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.person where points__c = 1.25") >= 1)
    #expect(try await cluster.number("select count(*) from copy.person where points__c is not null") == 3000)
    try await cluster.expectEqualToOrg()
  }

  @Test("a lost permission is never taken for deletion: the rows stay, the object says why, and catches up")
  func lostPermission() async throws {
    let cluster = try await TestCluster.copied(2000, objects: "{ personAccounts: {}, users: {}, calls: {} }")
    let calls = try await cluster.number("select count(*) from copy.call")
    try await cluster.post("profile", #"{"hiddenObjects":["Call2_vod__c"]}"#)
    try await cluster.change(
      #"[{"op":"update","object":"Account","sample":5,"seed":1,"set":{"FirstName":"Still"}}]"#)
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 1 && text.contains("Call2_vod__c") && text.contains("cannot see it"), "\(text.suffix(2000))")
    #expect(try await cluster.number("select count(*) from copy.call") == calls)
    #expect(try await cluster.number("select count(*) from copy.person where first_name = 'Still'") >= 1)
    try await cluster.post("profile", #"{"hiddenObjects":[]}"#)
    try await cluster.change(#"[{"op":"insert","object":"Call2_vod__c","count":4}]"#)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.call") == calls + 4)
    try await cluster.expectEqualToOrg()
  }

  @Test("an object that is enabled, and a field that is excluded, take effect without a restart or a new copy")
  func configuration() async throws {
    let cluster = try await TestCluster(
      records: 2000, settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 1s,"))
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await cluster.waitUntilSynced()
    var text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    text = text.replacing(
      "personAccounts: {}, users: {}", with: "personAccounts: { exclude: [Fax] }, users: {}, calls: {}")
    try text.write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
    children[0].signal(SIGHUP)
    try await cluster.wait("the enabled object to be copied") {
      try await cluster.number(
        "select count(*) from crmsync.object_sync where object = 'Call2_vod__c' and copied_at is not null") == 1
    }
    try await cluster.wait("the excluded field to be left out") {
      try await cluster.number("select max(mapping_version) from crmsync.object_sync where object = 'Account'") == 2
    }
    #expect(try await cluster.number("select count(*) from crmsync.cycle where kind = 'initial'") == 3)
    #expect(try await cluster.number("select count(*) from crmsync.cycle where kind = 'backfill'") == 0)
    for child in children { child.signal(15) }
    for child in children { #expect(try await child.waitForExit(within: .seconds(30)) == 0) }
  }
}

import PostgreSQL
import Testing

/// What subscribers see of the changes that deltas find.
@Suite("Change events", .serialized, .timeLimit(.minutes(10)))
struct EventTests {
  @Test("a first copy publishes nothing; added, updated and removed come once each, with the fields before and after")
  func kinds() async throws {
    let cluster = try await TestCluster(
      records: 2000, objects: "{ personAccounts: {}, calls: {}, callKeyMessages: {} }")
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    try await cluster.change(
      """
      [{"op":"update","object":"Call2_vod__c","where":"CreatedDate >= 2026-09-01T00:00:00Z","sample":2,"seed":1,"set":{"Status_vod__c":"Planned_vod"}},
       {"op":"insert","object":"Call2_vod__c","count":1}]
      """)
    try await cluster.syncOnce()
    try await cluster.waitForEvents()
    let events = try await reader.read()
    #expect(events.contains { $0.entity == "call" && $0.kind == "added" && $0.data.before == nil })
    for event in events where event.kind == "updated" && event.entity == "call" {
      #expect(event.data.before?["status_vod__c"] != event.data.after?["status_vod__c"])
    }
    try await cluster.change(#"[{"op":"delete","object":"Call2_vod__c","sample":300,"seed":5}]"#)
    try await cluster.syncOnce()
    try await cluster.waitForEvents()
    let removed = try await reader.read()
    #expect(!removed.isEmpty && removed.allSatisfy { $0.kind == "removed" && $0.data.after == nil })
  }

  @Test("a mass stamp bump with equal content raises no event")
  func bump() async throws {
    let cluster = try await TestCluster(records: 3000)
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    try await cluster.change(#"[{"op":"touch","object":"Account"}]"#)
    try await cluster.syncOnce()
    try await cluster.waitForEvents()
    #expect(try await reader.read().isEmpty)
    try await cluster.expectEqualToOrg()
  }

  @Test("a hard deletion, which no delta shows, is found by verify; its repair tells subscribers")
  func hardDeletion() async throws {
    let cluster = try await TestCluster(records: 2000, objects: "{ personAccounts: {}, calls: {} }")
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    try await cluster.change(
      #"[{"op":"purge","object":"Account","sample":4,"seed":1}, {"op":"purge","object":"Call2_vod__c","sample":40,"seed":1}]"#
    )
    try await cluster.syncOnce()
    #expect(try await reader.read().isEmpty)
    #expect(try await cluster.run("verify", [cluster.tenant]).status == 1)
    let repaired = try await cluster.run("verify", [cluster.tenant, "--repair"])
    #expect(repaired.status == 0, "\(repaired.text)")
    try await cluster.expectEqualToOrg()
    try await cluster.waitForEvents()
    let events = try await reader.read()
    #expect(Set(events.map(\.entity)) == ["person", "company", "call"])
    #expect(events.allSatisfy { $0.kind == "removed" && $0.data.before != nil })
  }

  @Test("only the fields that are named as triggers raise events, and only they are in them")
  func triggers() async throws {
    let cluster = try await TestCluster(
      records: 2000, objects: "{ personAccounts: { triggers: [PersonEmail] }, users: { triggers: [] } }")
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    try await cluster.change(
      """
      [{"op":"update","object":"Account","sample":20,"seed":1,"set":{"FirstName":"Silent"}},
       {"op":"update","object":"User","sample":5,"seed":1,"set":{"Title":"Silent"}},
       {"op":"update","object":"Account","sample":20,"seed":2,"set":{"PersonEmail":"heard@example.com"}}]
      """)
    try await cluster.syncOnce()
    try await cluster.waitForEvents()
    let events = try await reader.read()
    #expect(!events.isEmpty)
    for event in events {
      #expect(event.entity == "person" && event.data.after == ["email": .text("heard@example.com")])
    }
  }

  @Test("status counts the events that wait to be published")
  func waiting() async throws {
    let cluster = try await TestCluster.copied(500, objects: "{ personAccounts: {} }")
    #expect(try await !cluster.run("status").text.contains("to be published"))
    // No coordinator runs that could publish them.
    try await cluster.database.execute(
      """
      insert into copy.crmsync_outbox (entity, kind, veeva_id, veeva_system_modstamp, after)
      select 'person', 'added', veeva_id, veeva_system_modstamp, '{}' from copy.person limit 3
      """)
    #expect(try await cluster.run("status").text.contains("3 events wait to be published"))
    #expect(try await cluster.run("status", ["--json"]).text.contains(#/"unpublishedEvents"\s*:\s*3/#))
  }
}

extension TestCluster {
  /// Lets a coordinator publish what waits in the outbox.
  func waitForEvents() async throws {
    guard try await number("select count(*) from copy.crmsync_outbox") > 0 else { return }
    let coordinator = try start("coordinator")
    try await wait("the events to be published") {
      try await number("select count(*) from copy.crmsync_outbox") == 0
    }
    coordinator.signal(15)
    _ = try await coordinator.waitForExit(within: .seconds(30))
  }
}

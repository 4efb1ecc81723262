import Checkpoints
import Foundation
import Marketo
import PostgreSQL
import PostgresDestination
import Simulator
import SyncModel
import Testing

@testable import Delivery

@Suite("The errand of a tenant with a Marketo instance", .server, .timeLimit(.minutes(4)))
struct ErrandTests {
  private static let all: [SourceObject] = [.personAccounts, .users, .calls, .callKeyMessages]
  private static let unlimited = #"{"callsPerWindow": 1000000, "concurrentCalls": 100, "callsPerDay": 10000000}"#

  private static func end(_ world: DeliveryWorld, _ instance: String = "one.example.com") -> DeliveryEnd {
    DeliveryEnd(
      instance: instance, client: world.client, pool: world.pool, schema: DeliveryWorld.schema,
      limits: MarketoBudget.Limits())
  }

  private static func errand(_ world: DeliveryWorld, _ instance: String = "one.example.com") -> DeliveryErrand {
    var options = DeliveryOptions()
    options.pollPause = .milliseconds(50)
    return DeliveryErrand(
      tenant: "acme", end: end(world, instance), checkpoints: world.checkpoints, options: options
    ) { all }
  }

  /// Makes the mirror's tables, and keeps mappings as a coordinator does.
  private static func keep(_ mappings: [ObjectMapping], _ world: DeliveryWorld, version: Int = 1) async throws {
    let destination = PostgresDestination(schema: DeliveryWorld.schema)
    try await world.run("insert into crmsync.tenant (name) values ('acme') on conflict do nothing")
    for mapping in mappings {
      let name = mapping.object.apiName
      let json = String(decoding: try JSONEncoder().encode(mapping), as: UTF8.self)
      let rules = #"{"extraFields": [], "recordTypes": []}"#
      try await world.pool.withConnection { connection in
        try await destination.prepare(mapping, on: connection)
        _ = try await connection.query(
          """
          insert into crmsync.object_sync (tenant, object, mapping_version) values ('acme', $1, $2)
          on conflict (tenant, object) do update set mapping_version = excluded.mapping_version
          """, [.text(name), .int(Int64(version))])
        _ = try await connection.query(
          """
          insert into crmsync.mapping (tenant, object, version, mapping, scope, conditions, rules)
          values ('acme', $1, $2, $3::jsonb, '{"recordTypes": []}', '[]', $4::jsonb)
          """, [.text(name), .int(Int64(version)), .text(json), .text(rules)])
      }
    }
  }

  private static func work(_ errand: DeliveryErrand) async throws { try await errand.run { false } }

  @Test("nothing is due without persons; then fields are made, all is delivered, and a change is due again")
  func demand() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let errand = Self.errand(world)
      #expect(try await errand.demand().workers == 0)
      let objects = try Mirror.objects()
      try await Self.keep(objects.filter { $0.object == .users }, world)
      #expect(try await errand.demand().workers == 0)
      try await Self.keep(objects.filter { $0.object != .users }, world)
      try await Mirror.fill(world, persons: 40)
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      #expect(try await world.admin("counts")["leads"] as? Int == 40)
      #expect(try await errand.demand().workers == 0)
      try await world.run("update mirror.person set last_name = 'New', synced_at = now() where veeva_id = 'A7'")
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      #expect(try await errand.demand().workers == 0)
      try await world.run("delete from mirror.call where veeva_id = 'C7'")
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      #expect(try await world.list("customobjects/veevaCall?field=veevaId&value=C7").isEmpty)
      #expect(try await errand.demand().workers == 0)
    }
  }

  @Test("what waits for its parent, which was refused, is not due")
  func refusedParent() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(), world)
      try await Mirror.fill(world, persons: 30)
      try await world.run("update mirror.person set email = 'é@example.org' where veeva_id = 'A7'")
      let errand = Self.errand(world)
      try await Self.work(errand)
      #expect(try await errand.demand().workers == 0)
      let store = Self.end(world).store
      #expect(try await store.refusals().map(\.veevaID) == ["A7"])
      #expect(try await store.discardRefusals(of: "person", id: "A7") == 1)
      #expect(try await store.refusals().isEmpty)
      #expect(try await store.retryRefusals() == 1)
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      #expect(try await store.refusals().map(\.code) == ["1001"])
      try await world.run("update mirror.person set email = 'e@example.org', synced_at = now() where veeva_id = 'A7'")
      try await Self.work(errand)
      #expect(try await store.refusals().isEmpty)
      #expect(try await world.admin("counts")["leads"] as? Int == 30)
    }
  }

  @Test("a field that the mapping gains is made and filled, also where nothing else of the record changes")
  func newField() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let before = ["Id", "SystemModstamp", "FirstName", "Tier__c"].map { name in
        SourceField(name: name, type: name == "Id" ? .id : name == "SystemModstamp" ? .datetime : .string)
      }
      func persons(_ fields: [SourceField]) throws -> ObjectMapping {
        try ObjectMapping(ObjectSelection(.personAccounts), SourceObjectSchema(name: "Account", fields: fields))
      }
      try await Self.keep([try persons(Array(before.prefix(3)))], world)
      try await world.run(
        """
        insert into mirror.company (veeva_id, veeva_system_modstamp) values ('A1', now());
        insert into mirror.person (veeva_id, veeva_system_modstamp, first_name) values ('A1', now(), 'Ana')
        """)
      let errand = Self.errand(world)
      try await Self.work(errand)
      try await Self.keep([try persons(before)], world, version: 2)
      try await world.run("update mirror.person set tier__c = 'gold'")
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      let lead = try #require(try await world.list("leads?field=veevaId&value=A1").first)
      #expect(lead["Tier__c"] as? String == "gold" && lead["firstName"] as? String == "Ana")
      #expect(try await errand.demand().workers == 0)
    }
  }

  @Test("a lead that is known by its address alone becomes the person; where that is not clear nobody is doubled")
  func adoption() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(), world)
      try await Mirror.fill(world, persons: 30)
      try await world.run("update mirror.person set email = 'Shared@example.org' where veeva_id in ('A1', 'A2')")
      // From forms: one, one that is written in another way, two of one address, one that two persons share.
      for email in ["p3@example.org", "P4@Example.org", "p5@example.org", "p5@example.org", "shared@example.org"] {
        try await world.admin("leads", #"{"email": "\#(email)"}"#)
      }
      let errand = Self.errand(world)
      try await Self.work(errand)
      let store = Self.end(world).store
      #expect(try await store.refusals().map(\.veevaID) == ["A1", "A2", "A5"])
      #expect(try await store.refusals().map(\.code) == ["email", "email", "email"])
      #expect(try await world.admin("counts")["leads"] as? Int == 5 + 30 - 3 - 2)
      for id in ["A3", "A4"] {
        let leads = try await world.list("leads?field=veevaId&value=\(id)")
        #expect(leads.count == 1 && leads.first?["firstName"] as? String == "Ana")
      }
      #expect(try await errand.demand().workers == 0)
      // A person merges the leads, and says whose the shared address is.
      let doubled = try await world.list("leads?field=email&value=p5@example.org").compactMap { $0["id"] as? Int }
      _ = try await world.client.deleteLeads(Array(doubled.prefix(1)))
      let shared = try #require(
        try await world.list("leads?field=email&value=shared@example.org").first?["id"] as? Int)
      try await world.admin("leads/\(shared)", #"{"veevaId": "A2"}"#)
      #expect(try await store.retryRefusals() == 3)
      try await Self.work(errand)
      #expect(try await store.refusals().isEmpty)
      #expect(try await world.admin("counts")["leads"] as? Int == 30)
      #expect(try await world.list("leads/duplicates?field=veevaId").isEmpty)
    }
  }

  @Test("an adopted lead brings what marketing owns, where it has any, for Veeva to get it")
  func adoptedValues() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(owned: true), world)
      try await Mirror.fill(world, persons: 5)
      try await world.run(
        "begin; set local crmsync.writing = 'on'; alter table mirror.person disable trigger user; "
          + "update mirror.person set lead_score = 7; alter table mirror.person enable trigger user; commit")
      try await world.admin("leads", #"{"email": "p3@example.org", "leadScore": 12, "inferredCity": "Bern"}"#)
      try await world.admin("leads", #"{"email": "p4@example.org"}"#)
      try await Self.work(Self.errand(world))
      #expect(try await world.number("select lead_score::int from mirror.person where veeva_id = 'A3'") == 12)
      #expect(try await world.number("select lead_score::int from mirror.person where veeva_id = 'A4'") == 7)
      #expect(
        try await world.number("select count(*) from mirror.crmsync_capture where veeva_id = 'A3' and is_owned") == 2)
      #expect(try await world.number("select count(*) from mirror.crmsync_capture") == 2)
      let leads = try await world.list("leads?field=veevaId&value=A3")
      #expect(leads.count == 1 && leads.first?["leadScore"] as? Int == 12)
    }
  }

  @Test("records whose call got no answer are held back, which is told, and are delivered afterwards")
  func heldBack() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(), world)
      let errand = Self.errand(world)
      #expect(try await errand.heldBack() == nil)
      try await Self.work(errand)
      try await Mirror.fill(world, persons: 20)
      let cut = #"[{"kind":"cut","method":"POST","path":"salespersons.json","count":1,"executed":true}]"#
      try await world.admin("faults", cut)
      try await Self.work(errand)
      // The salespersons are held, and the persons wait for them.
      let held = try #require(try await errand.heldBack())
      #expect(held.records == 3 && held.wait > .seconds(60) && held.wait <= .seconds(150))
      try await world.run(
        "update mirror.crmsync_delivery set in_flight_until = clock_timestamp() where in_flight_until is not null")
      #expect(try await errand.demand().workers == 1)
      try await Self.work(errand)
      #expect(try await errand.heldBack() == nil)
      #expect(try await world.admin("counts")["leads"] as? Int == 20)
    }
  }

  @Test("a mirror that was delivered to one instance is not delivered to another")
  func otherInstance() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(), world)
      try await Self.work(Self.errand(world))
      await #expect(throws: MirrorOfAnotherInstance.self) {
        try await Self.work(Self.errand(world, "two.example.com"))
      }
    }
  }

  @Test("with native CRM sync, or without a permission, nothing is written", arguments: [true, false])
  func obstacles(isNative: Bool) async throws {
    try await withDeliveryWorld { options in
      options.nativeCRM = isNative
      if !isNative { options.withheldPermissions = [.readWriteLead] }
    } _: { world in
      try await world.admin("limits", Self.unlimited)
      try await Self.keep(try Mirror.objects(), world)
      try await Mirror.fill(world, persons: 10)
      let error = await #expect(throws: MarketoError.self) { try await Self.work(Self.errand(world)) }
      #expect(error?.reason.code == (isNative ? "1018" : "603") && error?.disposition == .hopeless)
      let counts = try await world.admin("counts")
      #expect(counts["leads"] as? Int == 0 && counts["salespersons"] as? Int == 0)
      #expect((counts["customObjects"] as? [String: Int])?.isEmpty == true)
    }
  }

  @Test("a custom object that cannot be delivered is named, and everything else is delivered")
  func wrongType() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let client = world.client
      try await client.createCustomObject("veevaCall", displayName: "Call", pluralName: "Calls", description: "")
      try await client.addFields(
        [NewObjectField(name: "other", displayName: "Other", dataType: "string", isDedupeField: true)],
        toCustomObject: "veevaCall")
      try await client.approveCustomObject("veevaCall")
      try await Self.keep(try Mirror.objects(), world)
      try await Mirror.fill(world, persons: 20)
      let errand = Self.errand(world)
      try await Self.work(errand)
      let stopped = try await Self.end(world).store.problems().filter(\.stopsEntity).map(\.entity)
      #expect(Set(stopped) == ["call"])
      let counts = try await world.admin("counts")
      #expect(
        counts["leads"] as? Int == 20 && (counts["customObjects"] as? [String: Int])?["veevaCallKeyMessage"] == 36)
      #expect(try await errand.demand().workers == 0)
    }
  }

  @Test("what was delivered is read back, differences are named, and a repair delivers them again")
  func verify() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let objects = try Mirror.objects()
      try await Self.keep(objects, world)
      try await Mirror.fill(world, persons: 700)
      let errand = Self.errand(world)
      try await Self.work(errand)
      let plan = DeliveryPlan(objects)
      let equal = try await DeliveryVerifier(Self.end(world)).verify(plan)
      #expect(equal.map(\.compared) == [3, 700, 700, 630, 1260], "\(equal)")
      #expect(equal.filter { !$0.isEqual }.isEmpty, "\(equal)")
      let leads = try await world.list("leads?field=veevaId&value=A7")
      let id = try #require(leads.first?["id"] as? Int)
      try await world.admin("leads/\(id)", #"{"lastName": "Meddled"}"#)
      let other = try #require(try await world.list("leads?field=veevaId&value=A9").first?["id"] as? Int)
      _ = try await world.client.deleteLeads([other])
      let found = try await DeliveryVerifier(Self.end(world), repairs: true).verify(plan)
      let persons = try #require(found.first { $0.entity == "person" })
      #expect(persons.missing == 1 && persons.different == 1 && persons.redelivered == 2)
      #expect(persons.examples == ["A7: lastName", "A9: missing"])
      try await Self.work(errand)
      let repaired = try await DeliveryVerifier(Self.end(world)).verify(plan)
      #expect(repaired.filter { !$0.isEqual }.isEmpty, "\(repaired)")
    }
  }
}

import Checkpoints
import Foundation
import Marketo
import PostgreSQL
import SyncModel
import TestSupport
import Testing

@testable import Delivery

@Suite("The activity log in the simulated Marketo", .server, .timeLimit(.minutes(4)))
struct ActivityLogTests {
  private struct Crash: Error {}

  /// An activity as a marketer sees it.
  private struct Seen: Equatable {
    let lead: Int
    let field: String
    let event: String?
    let value: String?
    let reason: String?
  }

  private static func end(_ world: DeliveryWorld) -> DeliveryEnd {
    DeliveryEnd(
      instance: "one.example.com", client: world.client, pool: world.pool, schema: DeliveryWorld.schema,
      limits: MarketoBudget.Limits())
  }

  /// What every process that starts has.
  private static func errand(_ changes: LeadChangeWorld) -> ActivityLogErrand {
    let lead = changes.store.source.entity
    return ActivityLogErrand(end: end(changes.world)) { lead }
  }

  private static func teller(_ changes: LeadChangeWorld) async throws -> ActivityLogTeller {
    let store = end(changes.world).activityLog
    let typeID = try #require(try await store.typeID())
    return ActivityLogTeller(
      store: store, client: changes.world.client, typeID: typeID, names: [:], options: DeliveryOptions())
  }

  private static func log(
    _ world: DeliveryWorld, _ person: String, _ column: String = "email", value: String? = "bad",
    reason: String = "no"
  ) async throws {
    try await world.pool.withConnection {
      _ = try await $0.query(
        """
        insert into mirror.person_activity (veeva_id, kind, field, value, other_value, reason)
        values ($1, 'refused', $2, $3, 'old', $4)
        """, [.text(person), .text(column), value.map(PostgresValue.text) ?? .null, .text(reason)])
    }
  }

  /// The custom activities, in their order.
  private static func told(_ world: DeliveryWorld) async throws -> [Seen] {
    try await world.list("activities?limit=100000").filter { $0["activityTypeId"] as? Int ?? 0 > 100_000 }.map {
      var values: [String: String] = [:]
      for attribute in $0["attributes"] as? [[String: Any]] ?? [] {
        values[attribute["name"] as? String ?? ""] = attribute["value"] as? String
      }
      return Seen(
        lead: $0["leadId"] as? Int ?? 0, field: $0["primaryAttributeValue"] as? String ?? "", event: values["event"],
        value: values["value"], reason: values["reason"])
    }
  }

  private static func run(_ errand: ActivityLogErrand) async throws { try await errand.run { false } }

  /// Lets claims, pauses and what stands in the way be over.
  private static func later(_ world: DeliveryWorld) async throws {
    try await world.run(
      """
      update mirror.crmsync_activity set claimed_until = clock_timestamp(), due_at = '-infinity' where outcome is null;
      update mirror.crmsync_activity_state set looked_at = looked_at - interval '1 hour'
      """)
  }

  @Test("what marketing owns has Marketo's name, as every other field has")
  func owned() async throws {
    try await withLeadChanges(persons: 1, owned: true) { changes in
      try await Self.log(changes.world, "A1", "lead_score", value: "7")
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(changes.world).map(\.field) == ["leadScore"])
    }
  }

  @Test("what Veeva refuses and what it overrules becomes an activity of the lead, in its words, once")
  func told() async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      // From before Marketo could be told.
      let words = "FIELD_CUSTOM_VALIDATION_EXCEPTION: Ask \"compliance\", please"
      try await Self.log(world, "A1", reason: words)
      #expect(try await Self.errand(changes).demand().workers == 1)
      try await Self.run(Self.errand(changes))
      let first = try #require(try await changes.lead("A1")["id"] as? Int)
      let refusal = Seen(lead: first, field: "email", event: "Refused by Veeva", value: "bad", reason: words)
      #expect(try await Self.told(world) == [refusal])

      try await changes.edit("A2", #"{"firstName": "Marketer"}"#)
      try await changes.page("A2", "first_name = 'Veeva'")
      #expect(try await changes.reader.read().overruled == 1)
      try await Self.log(world, "A3", "last_name", value: nil)
      #expect(try await Self.errand(changes).demand().workers == 1)
      #expect(try await Self.end(world).activityLog.standing().waiting == 2)
      try await Self.run(Self.errand(changes))
      let all = try await Self.told(world)
      #expect(all.map(\.field) == ["email", "firstName", "lastName"] && all[2].value == nil)
      #expect(all[1].event == "Overruled by Veeva's value" && all[1].value == "Marketer")
      #expect(try await changes.lead("A2")["id"] as? Int == all[1].lead)

      // The person's row comes anew, and other processes look.
      try await world.run(
        """
        create temp table kept as select * from mirror.person where veeva_id = 'A1';
        delete from mirror.person where veeva_id = 'A1'; insert into mirror.person select * from kept
        """)
      for _ in 0..<2 {
        #expect(try await Self.errand(changes).demand().workers == 0)
        try await Self.run(Self.errand(changes))
      }
      #expect(try await Self.told(world).count == 3)
      #expect(try await Self.end(world).activityLog.standing().isQuiet)
    }
  }

  @Test("many are told 300 a call in the order of their ids; who is not in Marketo waits, and keeps nobody back")
  func many() async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await Self.log(world, "nobody")
      try await world.run(
        """
        insert into mirror.person_activity (veeva_id, kind, field, value)
        select 'A' || 1 + n % 5, 'refused', 'email', n::text from generate_series(1, 650) n;
        update mirror.crmsync_delivery set marketo_id = null where veeva_id in ('A2', 'A3');
        update mirror.crmsync_delivery set marketo_id = '77777' where entity = 'person' and veeva_id = 'A4'
        """)
      try await Self.run(Self.errand(changes))
      #expect(
        try await Self.told(world).compactMap { $0.value.flatMap { Int($0) } }
          == (1...650).filter { $0 > 300 || $0 % 5 != 3 })
      // A lead that is there no more may have been merged: from the next call on it is looked for by the Veeva id.
      #expect(try await Self.end(world).activityLog.standing().waiting == 60 + 1)
      try await Self.later(world)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 650)
      let standing = try await Self.end(world).activityLog.standing()
      #expect(standing.waiting == 1 && standing.refused == 0)
      #expect(try await Self.errand(changes).demand().workers == 0)
    }
  }

  @Test("after an answer that is lost nothing is told twice, and nothing is lost", arguments: [true, false])
  func lostAnswer(isExecuted: Bool) async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await Self.run(Self.errand(changes))
      for person in ["A1", "A2"] { try await Self.log(world, person) }
      let cut = #"[{"kind":"cut","path":"external.json","count":1,"executed":\#(isExecuted)}]"#
      try await world.admin("faults", cut)
      await #expect(throws: MarketoError.self) { try await Self.run(Self.errand(changes)) }
      #expect(try await Self.told(world).count == (isExecuted ? 2 : 0))
      #expect(try await Self.errand(changes).demand().workers == 0)
      let held = try #require(try await Self.errand(changes).heldBack())
      #expect(held.records == 2 && held.wait > .seconds(100) && held.wait <= .seconds(150))
      try await Self.log(world, "A3")
      try await Self.later(world)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 3)
      #expect(try await Self.errand(changes).heldBack() == nil)
      #expect(try await Self.end(world).activityLog.standing().isQuiet)
    }
  }

  @Test("a worker that is killed between the call and its record: another finds what was told")
  func killed() async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await Self.run(Self.errand(changes))
      for person in ["A1", "A2", "A3"] { try await Self.log(world, person) }
      var doomed = try await Self.teller(changes)
      doomed.afterCall = { throw Crash() }
      await #expect(throws: Crash.self) { _ = try await doomed.tellSome() }
      #expect(try await Self.errand(changes).demand().workers == 0)
      try await Self.run(Self.errand(changes))
      try await Self.later(world)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 3)
      #expect(try await Self.end(world).activityLog.standing().isQuiet)
    }
  }

  @Test(
    "without a permission nothing is made, deliveries go on, and it is said; with it everything is told",
    arguments: ["Read-Write Activity", "Read-Write Activity Metadata"])
  func denied(_ permission: String) async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await world.admin("settings", #"{"withheldPermissions": ["\#(permission)"]}"#)
      try await Self.log(world, "A1")
      try await Self.run(Self.errand(changes))
      let standing = try await Self.end(world).activityLog.standing()
      #expect(standing.waiting == 1 && standing.problem?.contains("603") == true)
      #expect(try await Self.errand(changes).demand().workers == 0)
      try await changes.page("A1", "first_name = 'Veeva'")
      #expect(try await changes.runner.round().accepted == 1)
      try await world.admin("settings", #"{"withheldPermissions": []}"#)
      #expect(try await world.client.draftActivityType(ActivityLogType.definition) == nil)
      try await Self.later(world)
      #expect(try await Self.errand(changes).demand().workers == 1)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 1)
      #expect(try await Self.end(world).activityLog.standing().isQuiet)
    }
  }

  @Test("what Marketo refuses of one entry stops no other, and is shown")
  func refused() async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await Self.run(Self.errand(changes))
      for person in ["A1", "A2", "A3"] { try await Self.log(world, person) }
      let odd = #"[{"kind":"record","code":1003,"message":"odd","place":1,"path":"external.json","count":1}]"#
      try await world.admin("faults", odd)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 2)
      let standing = try await Self.end(world).activityLog.standing()
      #expect(standing.waiting == 0 && standing.refused == 1 && standing.refusal == "1003 odd")
      #expect(try await Self.errand(changes).demand().workers == 0)
    }
  }

  @Test("a draft that an interrupted attempt has left is completed, and a type of which something is missing, too")
  func drafts() async throws {
    try await withLeadChanges(persons: 5) { changes in
      let world = changes.world
      try await world.client.createActivityType(ActivityLogType.definition)
      try await world.client.addAttributes([ActivityLogType.attributes[0]], toActivityType: ActivityLogType.apiName)
      try await Self.log(world, "A1")
      #expect(try await ActivityLogType(at: world.client).usableID == nil)
      try await Self.run(Self.errand(changes))
      #expect(try await Self.told(world).count == 1)
      #expect(try await ActivityLogType(at: world.client).usableID != nil)
    }
  }
}

import Foundation
import Marketo
import PostgreSQL
import SyncModel
import TestSupport
import Testing

@testable import Delivery

@Suite("What Marketo has of a mirror, in PostgreSQL", .server, .timeLimit(.minutes(3)))
struct StoreTests {
  private static func accept(_ batch: DeliveryBatch) -> [DeliveryResult] {
    batch.records.map { DeliveryResult(veevaID: $0.veevaID, .accepted, marketoID: "1") }
  }

  /// Collects, and looks in vain for leads that have the address of somebody new.
  private static func collect(_ source: DeliverySource, _ world: DeliveryWorld) async throws {
    try await world.store.collect(source)
    guard source.adopts else { return }
    while let (batch, _) = try await world.store.claimNewcomers(of: source, atMost: 300, for: .seconds(600)) {
      try await world.store.settle(batch, refused: [])
    }
  }

  /// Collects, claims and accepts all that waits of an entity.
  @discardableResult
  private static func deliver(_ source: DeliverySource, _ world: DeliveryWorld) async throws -> [String] {
    try await collect(source, world)
    var sent: [String] = []
    while let batch = try await world.store.claim(.any, of: source, atMost: 300, for: .seconds(600)) {
      sent += batch.records.map(\.veevaID)
      try await world.store.settle(batch, accept(batch))
    }
    return sent.sorted()
  }

  @Test("a changed row waits once; an equal one, and one whose stamp alone moves, does not")
  func changes() async throws {
    try await withDeliveryWorld { world in
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 20)
      for source in sources { try await Self.deliver(source, world) }
      let person = try #require(sources.first { $0.entity.target == .lead })
      #expect(try await Self.deliver(person, world).isEmpty)
      try await world.run(
        """
        update mirror.person set veeva_system_modstamp = '2026-04-01', synced_at = now() where veeva_id <> 'A2';
        update mirror.person set first_name = 'Bo', synced_at = now() where veeva_id = 'A2'
        """)
      #expect(try await Self.deliver(person, world) == ["A2"])
      #expect(try await world.store.standing(of: person).delivered == 20)
    }
  }

  @Test("a record is JSON that says what the row says, null where it holds nothing")
  func rendering() async throws {
    try await withDeliveryWorld { world in
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 1)
      for source in sources.prefix(2) { try await Self.deliver(source, world) }
      let person = sources[2]
      try await Self.collect(person, world)
      let batch = try #require(try await world.store.claim(.any, of: person, atMost: 10, for: .seconds(60)))
      let json = try #require(batch.records.first?.payload)
      let record = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
      #expect(record["veevaId"] as? String == "A1" && record["lastName"] as? String == "Lima, \"1\"\nx")
      #expect(record["Hobby__pc"] as? String == "a;b" && record["Tier__c"] as? Int == 1)
      #expect(record["dateOfBirth"] as? String == "1980-01-31" && record["veevaType"] as? String == "Contact")
      #expect(record["veevaSystemModstamp"] as? String == "2026-03-01T00:00:00Z")
      #expect(record["externalSalesPersonId"] as? String == "U2" && record["externalCompanyId"] as? String == "A1")
      #expect(record["veevaCreatedDate"] is NSNull)
    }
  }

  @Test("transactions that another role may write in are allowed for, its idle sessions are not")
  func lookBack() async throws {
    try await withDeliveryWorld { world in
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.table == "salesperson" })
      let role = "c" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
      try await world.run(
        """
        create role \(role) login password 'once';
        grant usage on schema mirror to \(role);
        grant all on all tables in schema mirror to \(role)
        """)
      let ours = PostgresPool(
        PostgresConfiguration(
          url: world.databaseURL.replacing(#/\/\/[^@]*@/#, with: "//\(role):once@")), size: 1)
      let looksBack = """
        select count(*) from mirror.crmsync_delivery_mark
        where entity = 'salesperson' and seen_from <= collected_at - interval '1 hour'
        """
      let store = DeliveryStore(pool: ours, schema: DeliveryWorld.schema)
      // The administrator's sessions, which the role cannot look into, are idle.
      try await store.collect(source)
      #expect(try await world.number(looksBack) == 0)
      let other = PostgresConnection(PostgresConfiguration(url: world.databaseURL))
      try await other.connect()
      try await other.execute("begin; select 1")
      try await store.collect(source)
      #expect(try await world.number(looksBack) == 1)
      try await other.execute("rollback")
      await other.close()
      try await store.collect(source)
      #expect(try await world.number(looksBack) == 0)
      await ours.close()
      try await world.run("drop owned by \(role); drop role \(role)")
    }
  }

  /// Rows of a relation that a statement looked at.
  private static func looked(at relation: String, _ plan: Any) -> Int {
    if let list = plan as? [Any] { return list.map { looked(at: relation, $0) }.reduce(0, +) }
    guard let node = plan as? [String: Any] else { return 0 }
    var rows = node.values.map { looked(at: relation, $0) }.reduce(0, +)
    if node["Relation Name"] as? String == relation {
      let each = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"].map {
        (node[$0] as? NSNumber)?.intValue ?? 0
      }.reduce(0, +)
      rows += each * ((node["Actual Loops"] as? NSNumber)?.intValue ?? 0)
    }
    return rows
  }

  @Test("how deliveries stand is told without a look at what is settled, and right to the record")
  func standing() async throws {
    try await withDeliveryWorld { world in
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 3000, users: 1)
      for source in sources.prefix(4) { try await Self.deliver(source, world) }
      let (person, call) = (sources[2], sources[3])
      #expect(person.entity.table == "person" && call.entity.table == "call")
      try await world.run(
        """
        update mirror.person set first_name = 'Bo', synced_at = now() where veeva_id in ('A1', 'A2', 'A3');
        insert into mirror.person (veeva_id, veeva_system_modstamp) values ('B1', '2026-03-01'), ('B2', '2026-03-01');
        delete from mirror.call where veeva_id in ('C1', 'C2')
        """)
      try await Self.collect(person, world)
      let batch = try #require(try await world.store.claim(.any, of: person, atMost: 4, for: .seconds(600)))
      try await world.store.settle(
        batch, [DeliveryResult(veevaID: batch.records[0].veevaID, .refused, code: "1", message: "no")])
      try await world.run("insert into mirror.person (veeva_id, veeva_system_modstamp) values ('B3', '2026-03-01')")
      #expect(
        try await world.store.standing(of: person)
          == .init(waiting: 4, inFlight: 3, delivered: 3000, refused: 1, unlinked: 1))
      try await world.store.sweep(sources)
      try await world.store.collect(call)
      #expect(try await world.store.standing(of: call) == .init(waiting: 2, delivered: 2700, unlinked: 300))
      let removed = try #require(try await world.store.claim(.removed, of: call, atMost: 9, for: .seconds(600)))
      try await world.store.settle(removed, Self.accept(removed))
      #expect(try await world.store.standing(of: call) == .init(waiting: 0, delivered: 2698, unlinked: 300))

      try await world.run("analyze mirror.crmsync_delivery; analyze mirror.person")
      for source in [person, call] {
        // All rows of persons were collected.
        let more = source.entity.leadPath == nil ? [PostgresValue.text("2999-01-01")] : []
        let rows = try await world.store.standingRows(
          source, [.text(source.entity.table), .int(3000)] + more, prefix: "explain (analyze, format json) ")
        let json = try #require(try rows.first?.string("QUERY PLAN"))
        let plan = try JSONSerialization.jsonObject(with: Data(json.utf8))
        for relation in ["crmsync_delivery", "person"] {
          #expect(Self.looked(at: relation, plan) < 20, "\(relation) in \(json)")
        }
      }
    }
  }

  @Test("of many that claim at once none gets what another has, and parents come first")
  func claims() async throws {
    try await withDeliveryWorld { world in
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 400)
      for source in sources { try await world.store.collect(source) }
      let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<6 {
          group.addTask {
            var mine: [String] = []
            for source in sources {
              while let batch = try await world.store.claim(.any, of: source, atMost: 30, for: .seconds(600)) {
                mine += batch.records.map { source.entity.table + $0.veevaID }
              }
            }
            return mine
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(claimed.count == 403 && Set(claimed).count == 403)
      #expect(claimed.allSatisfy { $0.hasPrefix("company") || $0.hasPrefix("salesperson") })
    }
  }

  @Test("a claim whose time is over is claimed anew, and its late results change nothing")
  func expiry() async throws {
    try await withDeliveryWorld { world in
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.table == "salesperson" })
      try await Mirror.fill(world, persons: 1)
      try await world.store.collect(source)
      let first = try #require(try await world.store.claim(.any, of: source, atMost: 9, for: .milliseconds(200)))
      var second: DeliveryBatch?
      try await until("the claim to end") {
        second = try await world.store.claim(.any, of: source, atMost: 9, for: .seconds(600))
        return second != nil
      }
      #expect(second?.records == first.records)
      #expect(try await world.store.settle(first, Self.accept(first)) == 0)
      #expect(try await world.store.standing(of: source).delivered == 0)
      #expect(try await world.store.settle(try #require(second), Self.accept(first)) == 3)
      #expect(try await world.store.standing(of: source).delivered == 3)
    }
  }

  @Test("what is refused waits until it changes, with Marketo's words; what may pass later is tried after a pause")
  func refusals() async throws {
    try await withDeliveryWorld { world in
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.table == "salesperson" })
      try await Mirror.fill(world, persons: 1)
      try await world.store.collect(source)
      let batch = try #require(try await world.store.claim(.any, of: source, atMost: 9, for: .seconds(600)))
      try await world.store.settle(
        batch,
        [
          DeliveryResult(veevaID: "U1", .refused, code: "1007", message: "Multiple, \"match\""),
          DeliveryResult(veevaID: "U2", .later, code: "719", message: "Lock"),
          DeliveryResult(veevaID: "U3", .accepted, message: "cut"),
        ])
      #expect(
        try await world.store.refusals(of: "salesperson")
          == [.init(entity: "salesperson", veevaID: "U1", code: "1007", message: "Multiple, \"match\"")])
      try await world.run("update mirror.salesperson set synced_at = now()")
      #expect(try await Self.deliver(source, world).isEmpty)
      try await world.run("update mirror.crmsync_delivery set due_at = now() where veeva_id = 'U2'")
      #expect(try await Self.deliver(source, world) == ["U2"])
      try await world.run("update mirror.salesperson set first_name = 'New', synced_at = now() where veeva_id = 'U1'")
      #expect(try await Self.deliver(source, world) == ["U1"])
      #expect(try await world.store.refusals(of: "salesperson").isEmpty)
    }
  }

  @Test("records whose call fails again and again are sent in ever smaller calls, and do not hold up the others")
  func poison() async throws {
    try await withDeliveryWorld { world in
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.table == "company" })
      try await Mirror.fill(world, persons: 400)
      try await world.store.collect(source)
      var sizes: [Int] = []
      for _ in 0..<6 {
        let batch = try #require(try await world.store.claim(.any, of: source, atMost: 300, for: .seconds(600)))
        sizes.append(batch.records.count)
        try await world.store.release(batch, error: "611")
      }
      #expect(sizes == [300, 300, 37, 4, 1, 1])
      let poison = try #require(try await world.store.claim(.any, of: source, atMost: 300, for: .seconds(600)))
      try await world.store.settle(poison, poison.records.map { DeliveryResult(veevaID: $0.veevaID, .later) })
      let next = try #require(try await world.store.claim(.any, of: source, atMost: 300, for: .seconds(600)))
      #expect(next.records.count == 1 && next.records.first?.veevaID != poison.records.first?.veevaID)
    }
  }

  @Test("a row whose transaction ends after a collection is found by the next one")
  func lateCommit() async throws {
    try await withDeliveryWorld { world in
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.table == "salesperson" })
      try await world.store.collect(source)
      let writer = PostgresConnection(PostgresConfiguration(url: world.databaseURL))
      try await writer.connect()
      try await writer.execute(
        "begin; insert into mirror.salesperson (veeva_id, veeva_system_modstamp) values ('U9', now())")
      #expect(try await world.store.collect(source) == 0)
      #expect(try await world.store.collect(source) == 0)
      try await writer.execute("commit")
      await writer.close()
      #expect(try await Self.deliver(source, world) == ["U9"])
    }
  }

  @Test("a call waits for its person, moves with it, and goes when it leads to nobody any more")
  func links() async throws {
    try await withDeliveryWorld { world in
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 20)
      for source in sources { try await Self.deliver(source, world) }
      let (call, message) = (sources[3], sources[4])
      #expect(try await world.store.standing(of: call) == .init(waiting: 0, delivered: 18, unlinked: 2))
      #expect(try await world.store.standing(of: message).delivered == 36)
      // The account of C10 and C20 arrives.
      try await world.run(
        """
        insert into mirror.company (veeva_id, veeva_system_modstamp) values ('X', now());
        insert into mirror.person (veeva_id, veeva_system_modstamp) values ('X', now())
        """)
      for source in sources.prefix(3) { try await Self.deliver(source, world) }
      #expect(try await Self.deliver(call, world) == ["C10", "C20"])
      #expect(try await Self.deliver(message, world).count == 4)
      // A call goes over to another person: its messages follow.
      try await world.run("update mirror.call set account_vod__c = 'A5', synced_at = now() where veeva_id = 'C1'")
      #expect(try await Self.deliver(call, world) == ["C1"])
      #expect(try await Self.deliver(message, world) == ["K1-1", "K1-2"])
      try await world.run("delete from mirror.call where veeva_id = 'C1'")
      #expect(try await world.store.sweep(sources) == 3)
      #expect(try await world.store.sweep(sources) == 0)
      let gone = try #require(try await world.store.claim(.removed, of: message, atMost: 9, for: .seconds(60)))
      #expect(gone.records.map(\.payload).sorted().first?.contains(#""K1-1""#) == true)
      try await world.store.settle(gone, Self.accept(gone))
      #expect(try await world.store.standing(of: message).delivered == 38)
    }
  }
}

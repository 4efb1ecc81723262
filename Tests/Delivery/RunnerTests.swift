import Foundation
import Marketo
import PostgreSQL
import Simulator
import SyncModel
import TestSupport
import Testing

@testable import Delivery

@Suite("Deliveries to the simulated Marketo", .server, .timeLimit(.minutes(4)))
struct RunnerTests {
  private static func runner(
    _ world: DeliveryWorld, _ sources: [DeliverySource], _ change: (inout DeliveryOptions) -> Void = { _ in }
  ) -> DeliveryRunner {
    var options = DeliveryOptions()
    options.pollPause = .milliseconds(50)
    change(&options)
    return DeliveryRunner(store: world.store, client: world.client, sources: sources, options: options)
  }

  /// Rounds until nothing waits.
  private static func settle(_ runner: DeliveryRunner, _ world: DeliveryWorld) async throws {
    try await until("everything to be delivered", within: .seconds(120)) {
      do {
        _ = try await runner.round()
      } catch is MarketoError {
      } catch is MarketoBudgetExhausted {}
      for source in runner.sources where try await world.store.standing(of: source).waiting > 0 { return false }
      return true
    }
  }

  private static func expectEverything(_ persons: Int, _ world: DeliveryWorld) async throws {
    let counts = try await world.admin("counts")
    #expect(counts["leads"] as? Int == persons && counts["companies"] as? Int == persons)
    let linked = persons - persons / 10
    #expect(
      counts["customObjects"] as? [String: Int] == ["veevaCall": linked, "veevaCallKeyMessage": linked * 2])
    #expect(try await world.list("leads/duplicates?field=veevaId").isEmpty)
  }

  private static let unlimited = #"{"callsPerWindow": 1000000, "concurrentCalls": 100, "callsPerDay": 10000000}"#

  @Test("a copy is there once, linked and equal; a second round costs nothing")
  func copy() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 2000)
      let runner = Self.runner(world, sources)
      let summary = try await runner.round()
      #expect(summary.accepted == 3 + 2000 + 2000 + 1800 + 3600 && summary.refused == 0)
      #expect(summary.files == 3, "persons, calls and key messages come by file")
      try await Self.expectEverything(2000, world)
      let lead = try #require(try await world.list("leads?field=veevaId&value=A7").first)
      #expect(lead["lastName"] as? String == "Lima, \"7\"\nx" && lead["Hobby__pc"] as? String == "a;b")
      #expect(lead["externalCompanyId"] as? String == "A7" && lead["company"] as? String == "Practice 7")
      #expect(lead["veevaSystemModstamp"] as? String == "2026-03-01T00:00:00Z" && lead["Tier__c"] as? Int == 7)
      let message = try #require(
        try await world.list("customobjects/veevaCallKeyMessage?field=veevaId&value=K7-2").first)
      #expect(message["leadVeevaId"] as? String == "A7" && message["Call2_vod__c"] as? String == "C7")
      let call = try #require(try await world.list("customobjects/veevaCall?field=veevaId&value=C7").first)
      #expect(call["Note__c"] as? String == "é" && call["Began__c"] as? String == "2026-03-01T08:15:00Z")
      #expect(try await runner.round() == DeliverySummary())
    }
  }

  @Test("a change costs one call, clears what the row has no more, and what has gone is deleted")
  func delta() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 30)
      let runner = Self.runner(world, sources)
      _ = try await runner.round()
      try await world.run(
        """
        update mirror.person set email = null, first_name = 'Bo', synced_at = now() where veeva_id = 'A7';
        delete from mirror.call where veeva_id = 'C7'; delete from mirror.call_key_message where call2_vod__c = 'C7'
        """)
      #expect(try await runner.round() == DeliverySummary(accepted: 4, refused: 0, calls: 3, files: 0))
      let lead = try #require(try await world.list("leads?field=veevaId&value=A7").first)
      #expect(lead["email"] == nil && lead["firstName"] as? String == "Bo" && lead["lastName"] != nil)
      #expect(try await world.list("customobjects/veevaCall?field=veevaId&value=C7").isEmpty)
      #expect(try await world.list("customobjects/veevaCallKeyMessage?field=veevaId&value=K7-1").isEmpty)
    }
  }

  @Test("a record that Marketo refuses is kept with its reason, and the others of its call go through")
  func refusal() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 30)
      try await world.run("update mirror.person set email = 'é@example.org' where veeva_id = 'A7'")
      let summary = try await Self.runner(world, sources).round()
      #expect(summary.refused == 1)
      let refusals = try await world.store.refusals(of: "person")
      #expect(refusals.map(\.veevaID) == ["A7"] && refusals.first?.code == "1001")
      // Its call and key messages wait for it.
      #expect(try await world.store.standing(of: sources[3]) == .init(waiting: 1, delivered: 26, unlinked: 3))
      try await world.run("update mirror.person set email = 'e@example.org', synced_at = now() where veeva_id = 'A7'")
      _ = try await Self.runner(world, sources).round()
      try await Self.expectEverything(30, world)
    }
  }

  @Test("a row of a file that Marketo refuses is found again by its key")
  func refusedInFile() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 2000)
      for _ in 0..<2 { try await world.admin("leads", #"{"veevaId": "A9"}"#) }
      let summary = try await Self.runner(world, sources).round()
      #expect(summary.files == 3 && summary.refused == 1)
      let refusals = try await world.store.refusals(of: "person")
      #expect(refusals.map(\.veevaID) == ["A9"] && refusals.first?.message.contains("Multiple leads") == true)
      #expect(try await world.store.standing(of: sources[2]).delivered == 1999)
    }
  }

  /// Few persons go by calls, many by file.
  @Test(
    "processes that die between a call and its record: upserts are repeated at worst, and no lead is doubled",
    arguments: [400, 2000])
  func crash(_ persons: Int) async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: persons)
      var doomed = Self.runner(world, sources) { $0.width = 1 }
      let deaths = Deaths(8)
      doomed.afterCall = { try await deaths.pass() }
      var died = 0
      while true {
        do {
          _ = try await doomed.round()
          break
        } catch is Deaths.Death {
          died += 1
          // An import of which only Marketo knows has to end before its rows may be sent again.
          try await until("imports to end", within: .seconds(60)) {
            try await world.list("imports").allSatisfy { $0["status"] as? String == "Complete" }
          }
          // What the dead held is given up by the clock; here at once.
          try await world.run(
            "update mirror.crmsync_delivery d set in_flight_until = clock_timestamp() where not exists "
              + "(select from mirror.crmsync_delivery_import i where i.batch = d.batch); "
              + "update mirror.crmsync_delivery_import set followed_until = clock_timestamp()")
        }
      }
      #expect(died == 8)
      try await Self.expectEverything(persons, world)
      #expect(try await world.number("select count(*) from mirror.crmsync_delivery_import") == 0)
    }
  }

  @Test("several processes at once, with faults that lose answers: everything is there once")
  func faults() async throws {
    try await withDeliveryWorld { options in
      options.processingTime = .milliseconds(30)
    } _: { world in
      try await world.admin("limits", Self.unlimited)
      let sources = try await Mirror.prepare(world)
      try await Mirror.fill(world, persons: 1500)
      try await world.admin(
        "faults",
        """
        [{"kind":"cut","executed":true,"method":"POST","rate":0.3,"path":"leads.json","count":6},
         {"kind":"cut","method":"POST","rate":0.2,"count":6},{"kind":"code","code":606,"rate":0.2,"count":10},
         {"kind":"code","code":611,"method":"POST","rate":0.2,"executed":true,"count":6},
         {"kind":"reversedResults","rate":0.5},{"kind":"expireTokens","rate":0.1,"count":5}]
        """)
      var store = world.store
      store.retryPause = .seconds(1)
      var options = DeliveryOptions()
      options.pollPause = .milliseconds(50)
      options.hold = .seconds(1)
      options.importLease = .seconds(20)
      let runners = [0, 1, 2].map { [store, options] _ in
        DeliveryRunner(store: store, client: world.client, sources: sources, options: options)
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for runner in runners { group.addTask { try await Self.settle(runner, world) } }
        try await group.waitForAll()
      }
      try await Self.expectEverything(1500, world)
    }
  }
}

/// Lets two of three calls die, until so many have.
private actor Deaths {
  struct Death: Error {}

  private var left: Int
  private var calls = 0

  init(_ deaths: Int) { left = deaths }

  func pass() throws {
    calls += 1
    guard left > 0, calls % 3 != 0 else { return }
    left -= 1
    throw Death()
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// What waits in the outbox.
@Suite(.server) struct EventTests {
  private let destination = PostgresDestination(schema: "t")
  private let deleted = ["IsDeleted": "true"]

  private func with(_ delta: Delta, _ body: (Delta, TestDatabase, PostgresConnection) async throws -> Void)
    async throws
  {
    try await withDatabase { database in
      try await delta.prepare(on: database.connection)
      try await body(delta, database, database.connection)
    }
  }

  @Test("added, updated and removed carry the trigger fields before and after, and nothing else")
  func kinds() async throws {
    try await with(.calls(triggers: ["V__c"])) { delta, database, db in
      #expect(try await delta.change([call(1, "a", second: 1)], on: db).events == 1)
      #expect(try await delta.change([call(1, "b", second: 2)], on: db).events == 1)
      let quiet = try await delta.change([call(1, "b", second: 3, ["W__c": "w"])], on: db)
      #expect(quiet.changed == 1 && quiet.events == 0, "no trigger field differs")
      #expect(try await delta.change([call(1, "b", second: 4, deleted)], on: db).events == 1)
      #expect(
        try await database.events() == [
          "call added 1 - {\"v__c\": \"a\"}", "call updated 1 {\"v__c\": \"a\"} {\"v__c\": \"b\"}",
          "call removed 1 {\"v__c\": \"b\"} -",
        ])
      let events = try await destination.unpublishedEvents(limit: 10, on: db)
      #expect(
        events.map(\.stamp) == ["2026-03-01T00:00:01.000Z", "2026-03-01T00:00:02.000Z", "2026-03-01T00:00:04.000Z"])
      #expect(events.allSatisfy { $0.recordID == id(1) && $0.eventID.count == 36 && $0.recordedAt.hasSuffix("Z") })
      #expect(Set(events.map(\.eventID)).count == 3)
    }
  }

  @Test("a flagged person is removed, an unflagged one added; both entities tell")
  func persons() async throws {
    try await with(.accounts(triggers: ["V__c"])) { delta, database, db in
      try await delta.change([account(1, "a", second: 1)], scope: .none, on: db)
      try await delta.change([account(1, "x", second: 2, deleted)], on: db)
      // Flagged already: that it was merged as well is no further event.
      try await delta.change([account(1, "x", second: 3, deleted.merging(["MasterRecordId": id(7)]) { $1 })], on: db)
      try await delta.change([account(1, "b", second: 4)], on: db)
      #expect(
        try await database.events() == [
          "person removed 1 {\"v__c\": \"a\"} -", "company removed 1 {\"v__c\": \"a\"} -",
          "person added 1 - {\"v__c\": \"b\"}", "company added 1 - {\"v__c\": \"b\"}",
        ])
    }
  }

  @Test("no trigger fields at all: what is added and removed is told, what is updated is not")
  func noTriggers() async throws {
    try await with(.calls(triggers: [])) { delta, database, db in
      for (second, more) in [[:], ["W__c": "w"], deleted].enumerated() {
        try await delta.change([call(1, "a", second: second, more)], on: db)
      }
      #expect(try await database.events() == ["call added 1 - {}", "call removed 1 {} -"])
    }
  }

  @Test("the scope decides: none, all, or records whose stamp is not older than a moment")
  func scopes() async throws {
    try await with(.calls(triggers: ["V__c"])) { delta, database, db in
      let since = EventScope.since(Instant(seconds: 1_772_323_205))
      for (scope, expected) in [(EventScope.none, 0), (since, 1), (.all, 2)] {
        try await db.execute("truncate t.call")
        let added = try await delta.change([call(1, "a", second: 4), call(2, "a", second: 5)], scope: scope, on: db)
        #expect(added.events == expected && added.changed == 2)
        let updated = try await destination.store(
          [call(1, "b", second: 4), call(2, "b", second: 5)], of: delta.mapping, mode: .merge(scope), on: db)
        #expect(updated.events == expected && updated.changed == 2)
        #expect(try await destination.unpublishedCount(on: db) == Int64(2 * expected))
        #expect(try await database.rows(["v__c"], from: "t.call") == ["b", "b"])
        try await database.forgetEvents()
      }
    }
  }

  @Test("events of a page that is rolled back do not exist")
  func rolledBack() async throws {
    try await with(.calls()) { delta, database, db in
      _ = try await destination.withPage(
        of: delta.mapping, mode: .merge(.all), sharesCheckpoints: true, on: db
      ) { page in
        try await page.write(delta.mapping.batch([call(1, "a", second: 1)]))
        return try await page.commit { result, _ in
          #expect(result.events == 1)
          return false
        }
      }
      #expect(try await destination.unpublishedCount(on: db) == 0)
    }
  }

  @Test("events are read in their order, a few at a time, until they are forgotten")
  func reading() async throws {
    try await with(.calls(triggers: ["V__c"])) { delta, database, db in
      try await delta.change((0..<10).map { call($0, "a", second: 1) }, on: db)
      var seen: [String] = []
      while true {
        let events = try await destination.unpublishedEvents(limit: 4, on: db)
        let repeated = try await destination.unpublishedEvents(limit: 4, on: db)
        #expect(events == repeated)
        if events.isEmpty { break }
        seen += events.map(\.recordID)
        try await destination.forgetEvents(events.map(\.id), on: db)
        #expect(try await destination.unpublishedCount(on: db) == Int64(10 - seen.count))
      }
      #expect(seen == (0..<10).map { id($0) })
    }
  }

  @Test("objects of hundreds of fields and values of every type are carried, whatever the session's settings")
  func wide() async throws {
    let types: [(FieldType, String, String)] = [
      (.string, "a\"b\\c\nü🏥", "\"a\\\"b\\\\c\\nü🏥\""), (.double, "1.500", "1.500"), (.boolean, "true", "true"),
      (.int, "-7", "-7"), (.date, "2024-02-29", "\"2024-02-29\""), (.multipicklist, "A;B", "[\"A\", \"B\"]"),
      (.datetime, "2026-03-01T10:15:00.000+0100", "\"2026-03-01T09:15:00+00:00\""),
      (.time, "13:30:00.000Z", "\"13:30:00\""),
    ]
    let fields = (0..<480).map { ("F\($0)__c", types[$0 % types.count].0) }
    let delta = try Delta(.custom("Thing__c"), [("Id", .id), ("SystemModstamp", .datetime)] + fields)
    try await with(delta) { delta, database, db in
      try await db.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'German'")
      var record = ["Id": id(1), "SystemModstamp": moment(1)]
      for (number, field) in fields.enumerated() { record[field.0] = types[number % types.count].1 }
      try await delta.change([record], on: db)
      record["SystemModstamp"] = moment(2)
      record["F0__c"] = "other"
      try await delta.change([record], on: db)
      #expect(try await destination.unpublishedCount(on: db) == 2)
      for (number, type) in types.enumerated() {
        #expect(
          try await database.value("select \"after\"->'f\(number)__c' from t.crmsync_outbox where kind = 'added'")
            == type.2)
      }
      #expect(
        try await database.value(
          "select (select count(*) from jsonb_object_keys(\"before\")) from t.crmsync_outbox where kind = 'updated'")
          == "480")
    }
  }

  @Test("whatever goes on at once, each event of a record begins where the one before ended")
  func chains() async throws {
    let seed = Chance.fresh().seed
    try await with(.calls(triggers: ["V__c"])) { delta, database, _ in
      let destination = destination
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 {
          group.addTask {
            var chance = Chance(seed: seed &+ UInt64(writer))
            let db = try await database.another()
            for round in 0..<12 {
              let page = (0..<40).map { _ -> [String: String] in
                let isDeleted = writer < 3 && chance.below(6) == 0
                return call(
                  chance.below(60), "\(writer).\(round)", second: chance.below(40),
                  isDeleted ? ["IsDeleted": "true"] : [:])
              }
              // Pages that meet in another order than that of their ids may be asked to try again.
              try await until("a page passes") {
                do {
                  if writer < 3 {
                    try await delta.change(page, on: db)
                  } else {
                    try await destination.store(page, of: delta.mapping, mode: .merge(.all), on: db)
                  }
                  return true
                } catch let error as PostgresError where error.isRetriable {
                  return false
                }
              }
            }
            await db.close()
          }
        }
        try await group.waitForAll()
      }
      let events = try await destination.unpublishedEvents(limit: 100_000, on: database.connection)
      #expect(!events.isEmpty)
      var state: [String: String] = [:]
      for event in events {
        #expect(event.before == state[event.recordID], "seed \(seed), \(event)")
        state[event.recordID] = event.after
      }
      let stored = try await database.rows(["veeva_id", "jsonb_build_object('v__c', v__c)"], from: "t.call")
      #expect(stored == state.map { "\($0.key)|\($0.value)" }.sorted(), "seed \(seed)")
    }
  }
}

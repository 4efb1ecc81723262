import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// The removal of calls that were kept long enough.
@Suite(.server) struct RetentionTests {
  private let destination = PostgresDestination(schema: "t")
  private let before = Instant(seconds: 1_772_323_200)  // 2026-03-01

  /// Three old calls and three that stay, with a key message each.
  private func withCalls(_ body: (TestDatabase, PostgresConnection) async throws -> Void) async throws {
    let calls = try Delta.calls(triggers: ["V__c"])
    let details = try Delta.keyMessages()
    try await withDatabase { database in
      let db = database.connection
      try await calls.prepare(on: db)
      try await details.prepare(on: db)
      let recent = ["CreatedDate": "2026-03-05T00:00:00Z"]
      let old = ["CreatedDate": "2026-01-05T00:00:00Z"]
      try await calls.change(
        [
          call(1, "old", second: 1, recent.merging(["Call_Date_vod__c": "2026-02-28"]) { $1 }),
          call(2, "older", second: 1, recent.merging(["Call_Date_vod__c": "2020-01-01"]) { $1 }),
          call(3, "undated, old", second: 1, old), call(4, "undated", second: 1, recent),
          call(5, "recent", second: 1, old.merging(["Call_Date_vod__c": "2026-03-01"]) { $1 }),
          call(6, "nothing known", second: 1),
        ], scope: .none, on: db)
      try await details.change(
        (1...6).map { call(10 + $0, "m", second: 1, ["Call2_vod__c": id($0)]) }, scope: .none, on: db)
      try await body(database, db)
    }
  }

  private func expire(_ limit: Int, _ scope: EventScope = .all, on db: PostgresConnection) async throws -> Expired {
    try await destination.removeExpired(
      table: "call", dateColumn: "call_date_vod__c", before: before, limit: limit, details: true, scope: scope, on: db)
  }

  @Test("calls go by their date, or by their creation where they have none, in batches, with their key messages")
  func batches() async throws {
    try await withCalls { database, db in
      let first = try await expire(2, on: db)
      #expect(first == Expired(rows: 2, details: 2))
      #expect(try await database.value("select count(*) from t.call") == "4")
      #expect(try await expire(2, on: db) == Expired(rows: 1, details: 1))
      #expect(try await expire(2, on: db) == Expired(rows: 0, details: 0))
      #expect(try await database.rows(["v__c"], from: "t.call") == ["nothing known", "recent", "undated"])
      #expect(try await database.value("select count(*) from t.call_key_message") == "3")
      #expect(
        try await database.events().sorted() == [
          "call removed 1 {\"v__c\": \"old\"} -", "call removed 2 {\"v__c\": \"older\"} -",
          "call removed 3 {\"v__c\": \"undated, old\"} -", "call_key_message removed 11 {\"v__c\": \"m\"} -",
          "call_key_message removed 12 {\"v__c\": \"m\"} -", "call_key_message removed 13 {\"v__c\": \"m\"} -",
        ])
    }
  }

  @Test("rows that another is writing are left for the next time")
  func lockedRows() async throws {
    try await withCalls { database, db in
      let other = try await database.another()
      try await other.execute("begin; select from t.call where veeva_id = '\(id(1))' for update")
      #expect(try await expire(10, .none, on: db) == Expired(rows: 2, details: 2))
      await other.close()
      try await until(other: database, db)
      #expect(try await database.events() == [])
    }
  }

  /// The server takes a moment to see that a connection was closed.
  private func until(other: TestDatabase, _ db: PostgresConnection) async throws {
    var removed = 0
    while removed == 0 { removed = try await expire(10, .none, on: db).rows }
    #expect(removed == 1)
  }

  @Test("where neither column tells a day, nothing is removed")
  func noDate() async throws {
    try await withCalls { database, db in
      try await db.execute(
        "alter table t.call alter call_date_vod__c type text, alter createddate type text")
      #expect(try await expire(10, on: db) == Expired(rows: 0, details: 0))
      #expect(try await database.value("select count(*) from t.call") == "6")
    }
  }
}

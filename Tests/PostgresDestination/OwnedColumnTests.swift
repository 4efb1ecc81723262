import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// What marketing owns of a person, and Veeva only shows.
@Suite("Columns that marketing owns", .server) struct OwnedColumnTests {
  private static let destination = PostgresDestination(schema: "t")
  private static let start: Int64 = 1_772_323_200

  private static func persons(writesBack: Bool = true) throws -> Delta {
    try Delta(
      .personAccounts,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
        ("MasterRecordId", .reference), ("IsPersonAccount", .boolean), ("RecordTypeId", .reference),
        ("LastName", .string), ("V__c", .string), ("mkto71_Lead_Score__pc", .double),
        ("mkto71_Inferred_City__pc", .string),
      ], recordTypes: [Delta.recordType], writesBack: writesBack)
  }

  private func with(_ body: (Delta, TestDatabase, PostgresConnection) async throws -> Void) async throws {
    try await withDatabase { database in
      let delta = try Self.persons()
      try await delta.prepare(on: database.connection)
      try await body(delta, database, database.connection)
    }
  }

  private func person(_ number: Int, score: String?, second: Int, _ more: [String: String] = [:]) -> [String: String] {
    var record = account(number, "", second: second, ["LastName": "L\(number)"].merging(more) { $1 })
    record["mkto71_Lead_Score__pc"] = score
    return record
  }

  private func claim(_ database: TestDatabase) async throws -> [CapturedChange] {
    try await Self.destination.captured(limit: 200, on: database.connection)
  }

  private func summary(_ changes: [CapturedChange]) -> [String] {
    changes.map { "\($0.column) \($0.state.agreed ?? "∅") -> \($0.value ?? "∅")\($0.state.isOwned ? ", owned" : "")" }
  }

  private func scores(_ database: TestDatabase) async throws -> [String] {
    try await database.rows(["lead_score"], from: "t.person")
  }

  @Test("a new row takes Veeva's value; no page replaces marketing's, which is due, without an event or a word")
  func pages() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, score: "10", second: 1), person(2, score: nil, second: 1)], on: db)
      #expect(try await scores(database) == ["10", "∅"])
      #expect(try await claim(database).isEmpty)
      try await database.forgetEvents()
      try await delta.change(
        [person(1, score: "99", second: 2), person(2, score: nil, second: 2, ["V__c": "w"])], on: db)
      #expect(try await scores(database) == ["10", "∅"])
      #expect(try await !database.events().contains { $0.hasPrefix("person updated 1 ") })
      #expect(summary(try await claim(database)) == ["lead_score 99 -> 10, owned"])
      // What is shown again is nothing new, what is shown by a copy is as good as by a delta.
      try await delta.change([person(1, score: "99", second: 3)], on: db)
      #expect(try await claim(database).isEmpty)
      try await Self.destination.store(
        [person(2, score: "7", second: 4, ["mkto71_Inferred_City__pc": "Bern"])], of: delta.mapping,
        mode: .merge(.none), on: db)
      #expect(try await scores(database) == ["10", "∅"])
      #expect(
        summary(try await claim(database)) == ["inferred_city Bern -> ∅, owned", "lead_score 7 -> ∅, owned"])
      #expect(try await database.value("select count(*) from t.person_activity") == "0")
      #expect(try await database.value("select lead_score from t.company where veeva_id = '\(id(2))'") == "7")
    }
  }

  @Test("an edit is written, its echo is no change, and what it replaced does not come back")
  func edit() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, score: "10", second: 1)], on: db)
      try await db.execute("update t.person set lead_score = 25")
      let changes = try await claim(database)
      #expect(summary(changes) == ["lead_score 10 -> 25, owned"])
      #expect(changes.first?.state.step(whenVeevaShows: "44") == .write("25"))
      #expect(changes.first?.state.step(whenVeevaShows: "25") == .nothing)
      try await Self.destination.settle(
        changes.map { ($0, .written(at: Instant(seconds: Self.start + 4))) }, on: db)
      // Read before the write.
      try await delta.change([person(1, score: "10", second: 3)], on: db)
      #expect(try await claim(database).isEmpty)
      try await database.forgetEvents()
      try await delta.change([person(1, score: "25.0", second: 5)], on: db)
      #expect(try await database.value("select count(*) from t.crmsync_capture") == "0")
      #expect(try await !database.events().contains { $0.hasPrefix("person ") })
      #expect(try await database.value("select count(*) from t.person_activity") == "0")
    }
  }

  @Test("a deleted person that comes back has marketing's value still, and Veeva gets it")
  func deleted() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, score: "10", second: 1)], on: db)
      try await db.execute("update t.person set lead_score = 25")
      try await delta.change([account(1, "", second: 2, ["IsDeleted": "true"])], on: db)
      #expect(try await claim(database).isEmpty)
      #expect(try await scores(database) == ["25"])
      try await delta.change([person(1, score: "10", second: 3)], on: db)
      #expect(try await scores(database) == ["25"])
      let changes = try await claim(database)
      #expect(summary(changes) == ["lead_score 10 -> 25, owned"])
      try await Self.destination.settle(changes.map { ($0, .gone(reason: "ENTITY_IS_DELETED")) }, on: db)
      #expect(try await scores(database) == ["25"])
      #expect(try await database.value("select count(*) from t.person_activity") == "0")
    }
  }

  @Test("what the org replaces each time counts as refused, is told once, and may be written once more")
  func replaced() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, score: "10", second: 0)], on: db)
      var writes = 0
      for second in 1...10 {
        try await delta.change([person(1, score: "\(100 + second)", second: second)], on: db)
        let changes = try await claim(database)
        writes += changes.count
        try await Self.destination.settle(
          changes.map { ($0, .written(at: Instant(seconds: Self.start + Int64(second)))) }, on: db)
      }
      #expect(writes == TwoWayValue<String>.mostReplaced)
      #expect(try await scores(database) == ["10"])
      let told = ["refused|lead_score|10|104|Veeva has replaced it each time it was written, 4 times"]
      let columns = ["kind", "field", "value", "other_value", "reason"]
      #expect(try await database.rows(columns, from: "t.person_activity") == told)
      #expect(try await Self.destination.refusedChanges(on: db).map(\.agreed) == ["110"])
      #expect(try await Self.destination.retryRefused(on: db) == 1)
      #expect(try await claim(database).count == 1)
    }
  }

  @Test("a comparison takes Veeva's last value for marketing's, and a repair does not replace it")
  func comparison() async throws {
    try await with { delta, database, db in
      try await delta.change((1...3).map { person($0, score: "10", second: 1) }, on: db)
      try await db.execute("update t.person set lead_score = 25 where veeva_id = '\(id(1))'")
      try await delta.change([person(2, score: "99", second: 2)], on: db)
      let records = [
        person(1, score: "10", second: 1), person(2, score: "99", second: 2), person(3, score: "77", second: 1),
      ]
      #expect(try await delta.compare(records, on: db).first?.examples == [id(3)])
      try await Self.destination.store(records, of: delta.mapping, mode: .merge(.none), on: db)
      #expect(try await scores(database) == ["10", "10", "25"])
      #expect(try await delta.compare(records, on: db).first?.examples ?? [] == [])
      #expect(summary(try await claim(database)).count == 3)
    }
  }

  @Test("without write-back Veeva's value is taken as any other; what was pending when it ends is told")
  func switchedOff() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, score: "10", second: 1)], on: db)
      try await db.execute("update t.person set lead_score = 25")
      let without = try Self.persons(writesBack: false)
      try await without.prepare(on: db)
      #expect(
        try await database.rows(["kind", "field", "value", "reason"], from: "t.person_activity")
          == ["dropped|lead_score|25|the field is no longer written to Veeva"])
      try await without.change([person(1, score: "11", second: 2)], on: db)
      #expect(try await scores(database) == ["11"])
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// What marketers change in `person`, and what becomes of it.
@Suite(.server) struct WriteBackTests {
  private static let destination = PostgresDestination(schema: "t")
  private static let activity = ["kind", "field", "value", "other_value", "reason"]

  /// Persons with two-way columns of several types.
  private static func persons(writesBack: Bool = true) throws -> Delta {
    try Delta(
      .personAccounts,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
        ("MasterRecordId", .reference), ("IsPersonAccount", .boolean), ("RecordTypeId", .reference),
        ("LastName", .string), ("PersonEmail", .email), ("PersonBirthdate", .date),
        ("PersonHasOptedOutOfEmail", .boolean), ("Hobbies__pc", .multipicklist), ("Seen__pc", .datetime),
        ("Score__pc", .double), ("V__c", .string),
      ], recordTypes: [Delta.recordType], writesBack: writesBack)
  }

  private func with(_ body: (Delta, TestDatabase, PostgresConnection) async throws -> Void) async throws {
    try await withDatabase { database in
      let delta = try Self.persons()
      try await Self.destination.prepare(delta.mapping, on: database.connection)
      try await body(delta, database, database.connection)
    }
  }

  private func claim(_ database: TestDatabase, limit: Int = 200) async throws -> [CapturedChange] {
    try await Self.destination.captured(limit: limit, on: database.connection)
  }

  private func settle(_ database: TestDatabase, _ changes: [CapturedChange], _ outcome: WriteBackOutcome) async throws {
    try await Self.destination.settle(changes.map { ($0, outcome) }, on: database.connection)
  }

  private func summary(_ changes: [CapturedChange]) -> [String] {
    changes.map { "\($0.column) \($0.state.agreed ?? "∅") -> \($0.value ?? "∅")" }
  }

  private func person(_ number: Int, email: String, second: Int, _ more: [String: String] = [:]) -> [String: String] {
    account(number, "", second: second, ["PersonEmail": email, "LastName": "L\(number)"].merging(more) { $1 })
  }

  @Test("a marketer's edits are claimed once, each column with the value that was agreed; the sync's own are not")
  func claimed() async throws {
    try await with { delta, database, db in
      try await delta.change(
        [person(1, email: "a@x.example", second: 1), person(2, email: "b@x.example", second: 1)], on: db)
      try await delta.change([person(1, email: "c@x.example", second: 2)], on: db)
      try await Self.destination.store(
        [person(2, email: "d@x.example", second: 2)], of: delta.mapping, mode: .merge(.none), on: db)
      #expect(try await claim(database).isEmpty)
      try await db.execute("update t.person set email = 'm@x.example', last_name = null where veeva_id = '\(id(1))'")
      try await db.execute("update t.person set email = 'n@x.example' where veeva_id = '\(id(1))'")
      // Not two-way.
      try await db.execute("update t.person set v__c = 'mine'")
      let changes = try await claim(database)
      #expect(summary(changes) == ["email c@x.example -> n@x.example", "last_name L1 -> ∅"])
      #expect(changes.allSatisfy { $0.recordID == id(1) })
      #expect(try await claim(database).isEmpty)
      try await settle(database, changes, .written(at: Instant(seconds: 0)))
      #expect(try await claim(database).isEmpty)
      #expect(try await database.value("select count(*) from t.person_activity") == "0")
    }
  }

  @Test("values of every type are told in the source's spelling")
  func types() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute(
        """
        set timezone = 'Asia/Tokyo'; set datestyle = 'German';
        update t.person set date_of_birth = '1970-02-03', unsubscribed = true, hobbies__pc = '{Chess,"a b"}',
          seen__pc = '2026-03-01T10:15:00Z', score__pc = 1.50
        """)
      #expect(
        summary(try await claim(database)) == [
          "date_of_birth ∅ -> 1970-02-03", "hobbies__pc ∅ -> Chess;a b", "score__pc ∅ -> 1.50",
          "seen__pc ∅ -> 2026-03-01T10:15:00+00:00", "unsubscribed ∅ -> true",
        ])
    }
  }

  @Test("the echo of a write changes nothing and raises no event, whether or not the write was settled")
  func echo() async throws {
    for isSettled in [true, false] {
      try await with { delta, database, db in
        try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
        try await db.execute("update t.person set email = 'm@x.example'")
        let changes = try await claim(database)
        if isSettled { try await settle(database, changes, .written(at: Instant(seconds: 1_772_323_205))) }
        try await database.forgetEvents()
        let result = try await delta.change([person(1, email: "m@x.example", second: 5)], on: db)
        #expect(result.changed == 0 && result.events == 0)
        #expect(try await database.events().isEmpty)
        #expect(try await database.value("select count(*) from t.crmsync_capture") == "0")
        #expect(try await claim(database).isEmpty)
      }
    }
  }

  @Test("where Veeva has changed the column, too, it wins, and the loser is in the activity log")
  func veevaWins() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'm@x.example', unsubscribed = true")
      try await delta.change([person(1, email: "v@x.example", second: 2)], on: db)
      #expect(try await database.rows(["email", "unsubscribed"], from: "t.person") == ["v@x.example|true"])
      #expect(
        try await database.rows(Self.activity, from: "t.person_activity")
          == ["overruled|email|m@x.example|v@x.example|changed in Veeva, too"])
      #expect(summary(try await claim(database)) == ["unsubscribed ∅ -> true"])
    }
  }

  @Test("a pending change outlives a delta that changes other columns, and a page of the time before its write")
  func outlives() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'm@x.example'")
      try await delta.change([person(1, email: "a@x.example", second: 2, ["V__c": "w"])], on: db)
      #expect(try await database.rows(["email", "v__c"], from: "t.person") == ["m@x.example|w"])
      try await database.forgetEvents()
      let touched = try await delta.change([person(1, email: "a@x.example", second: 3, ["V__c": "w"])], on: db)
      #expect(touched.events == 0)
      #expect(try await database.events().isEmpty)
      try await settle(database, try await claim(database), .written(at: Instant(seconds: 1_772_323_204)))
      try await delta.change([person(1, email: "a@x.example", second: 3, ["V__c": "x"])], on: db)
      #expect(try await database.rows(["email", "v__c"], from: "t.person") == ["m@x.example|x"])
      try await delta.change([person(1, email: "a@x.example", second: 6)], on: db)
      #expect(try await database.rows(["email"], from: "t.person") == ["a@x.example"])
    }
  }

  @Test("a refused change stays, is logged in the org's words, and is claimed again only when it is edited")
  func refused() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'bad'")
      try await settle(database, try await claim(database), .refused(reason: "INVALID_EMAIL_ADDRESS: bad"))
      #expect(
        try await database.rows(Self.activity, from: "t.person_activity")
          == ["refused|email|bad|a@x.example|INVALID_EMAIL_ADDRESS: bad"])
      try await delta.change([person(1, email: "a@x.example", second: 2)], on: db)
      #expect(try await claim(database).isEmpty)
      #expect(try await database.rows(["email"], from: "t.person") == ["bad"])
      try await db.execute("update t.person set email = 'good@x.example'")
      #expect(summary(try await claim(database)) == ["email a@x.example -> good@x.example"])
    }
  }

  @Test("a change of a record that is gone is void; one to be retried comes again, later")
  func goneAndRetry() async throws {
    try await with { delta, database, db in
      try await delta.change(
        [person(1, email: "a@x.example", second: 1), person(2, email: "b@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'm' || email")
      let changes = try await claim(database)
      try await Self.destination.settle(
        [(changes[0], .gone(reason: "ENTITY_IS_DELETED")), (changes[1], .retry(after: .seconds(3600)))], on: db)
      #expect(try await database.rows(["kind", "value"], from: "t.person_activity") == ["gone|ma@x.example"])
      #expect(try await claim(database).isEmpty)
      try await db.execute("update t.crmsync_capture set due = now()")
      #expect(summary(try await claim(database)) == ["email b@x.example -> mb@x.example"])
    }
  }

  @Test("a change that was taken back before it was claimed is none")
  func takenBack() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'm@x.example'")
      try await db.execute("update t.person set email = 'a@x.example'")
      #expect(try await claim(database).isEmpty)
      #expect(try await database.value("select count(*) from t.crmsync_capture") == "0")
    }
  }

  @Test("a claim takes whole persons, up to a limit, and an expired one is made again, knowing what was sent")
  func limits() async throws {
    try await with { delta, database, db in
      try await delta.change((1...5).map { person($0, email: "a\($0)@x.example", second: 1) }, on: db)
      try await db.execute("update t.person set email = 'm@x.example', unsubscribed = true")
      let first = try await claim(database, limit: 2)
      #expect(first.count == 4 && Set(first.map(\.recordID)).count == 2)
      #expect(try await claim(database).count == 6)
      try await db.execute("update t.person set email = 'n@x.example' where veeva_id = '\(first[0].recordID)'")
      #expect(try await claim(database).isEmpty)
      try await db.execute("update t.crmsync_capture set claimed_until = now() - interval '1 second'")
      let again = try await claim(database).filter { $0.recordID == first[0].recordID && $0.column == "email" }
      #expect(again.map(\.state.sent) == [["m@x.example", "n@x.example"]])
      #expect(again.first?.state.step(whenVeevaShows: "m@x.example") == .write("n@x.example"))
    }
  }

  @Test("marketers need no rights on the sync's own tables")
  func rights() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      let role = "marketer_\(database.name)"
      try await db.execute("create role \(role)")
      try await db.execute("grant usage on schema t to \(role); grant select, update on t.person to \(role)")
      try await db.execute("set role \(role); update t.person set email = 'm@x.example'; reset role")
      #expect(try await claim(database).count == 1)
      try await db.execute("drop owned by \(role); drop role \(role)")
    }
  }

  @Test("a text is spelled as Veeva stores it: without blanks around it, and none where nothing is left")
  func spelling() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = E' \t m@x.example\n', last_name = ' ', hobbies__pc = '{}'")
      #expect(try await database.rows(["email", "last_name", "hobbies__pc"], from: "t.person") == ["m@x.example|∅|∅"])
      #expect(
        summary(try await claim(database)) == ["email a@x.example -> m@x.example", "last_name L1 -> ∅"])
    }
  }

  @Test("an edit of two-way columns announces itself, on the channel that the coordinator listens to; a page does not")
  func announced() async throws {
    try await with { delta, database, db in
      try await delta.change([person(1, email: "a@x.example", second: 1)], on: db)
      let listener = try await database.another()
      try await listener.listen("crmsync_progress")
      try await delta.change([person(1, email: "b@x.example", second: 2)], on: db)
      try await db.execute("update t.person set v__c = 'not two-way'")
      try await db.execute("notify crmsync_progress, 'after'; update t.person set email = 'm@x.example'")
      #expect(try await listener.nextNotification(timeout: .seconds(30))?.payload == "after")
      #expect(try await listener.nextNotification(timeout: .seconds(30))?.payload == "")
      await listener.close()
    }
  }

  @Test("a change of an account that is deleted, or leaves the synced set, is void, which the activity log says")
  func deleted() async throws {
    try await with { delta, database, db in
      for (number, more) in [(1, ["IsDeleted": "true"]), (2, ["RecordTypeId": Delta.otherType])] {
        try await delta.change([person(number, email: "a@x.example", second: 1)], on: db)
        try await db.execute("update t.person set email = 'm@x.example' where veeva_id = '\(id(number))'")
        try await delta.change([person(number, email: "a@x.example", second: 2, more)], on: db)
        #expect(try await claim(database).isEmpty)
        try await delta.change([person(number, email: "a@x.example", second: 3)], on: db)
        #expect(
          try await database.rows(["email"], from: "t.person where veeva_id = '\(id(number))'") == ["a@x.example"])
      }
      #expect(
        try await database.rows(["kind", "value", "other_value"], from: "t.person_activity")
          == ["gone|m@x.example|a@x.example", "gone|m@x.example|a@x.example"])
    }
  }

  @Test("changes of persons that are there no longer stand in nobody's way")
  func orphans() async throws {
    try await with { delta, database, db in
      try await delta.change((1...3).map { person($0, email: "a\($0)@x.example", second: 1) }, on: db)
      try await db.execute("update t.person set email = 'm@x.example'")
      try await db.execute("delete from t.person where veeva_id <> '\(id(3))'")
      #expect(try await claim(database, limit: 1).map(\.recordID) == [id(3)])
      #expect(try await database.value("select count(*) from t.crmsync_capture") == "1")
    }
  }

  @Test("a column whose type becomes a wider one keeps its changes, and is captured on")
  func widened() async throws {
    try await withDatabase { database in
      let db = database.connection
      func delta(_ type: FieldType) throws -> Delta {
        try Delta(
          .personAccounts,
          [
            ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
            ("MasterRecordId", .reference), ("IsPersonAccount", .boolean), ("RecordTypeId", .reference),
            ("Score__pc", type),
          ], recordTypes: [Delta.recordType], writesBack: true)
      }
      try await delta(.int).prepare(on: db)
      try await delta(.int).change([account(1, "", second: 1, ["Score__pc": "5"])], on: db)
      try await db.execute("update t.person set score__pc = 7")
      try await delta(.double).prepare(on: db)
      #expect(summary(try await claim(database)) == ["score__pc 5 -> 7"])
      try await db.execute("update t.person set score__pc = 7.5; update t.crmsync_capture set claimed_until = null")
      #expect(summary(try await claim(database)) == ["score__pc 5 -> 7.5"])
    }
  }

  @Test("people see what waits and what was refused, and may let it be written again or give it up")
  func people() async throws {
    try await with { delta, database, db in
      let destination = Self.destination
      try await delta.change((1...3).map { person($0, email: "a\($0)@x.example", second: 1) }, on: db)
      #expect(try await destination.writeBackDemand(limit: 100, on: db).persons == 0)
      try await db.execute("update t.person set email = 'bad', unsubscribed = true")
      #expect(try await destination.writeBackDemand(limit: 100, on: db).persons == 3)
      let changes = try await claim(database)
      try await settle(database, changes.filter { $0.column == "email" }, .refused(reason: "INVALID_EMAIL_ADDRESS"))
      try await settle(database, changes.filter { $0.column != "email" }, .retry(after: .seconds(3600)))
      let status = try #require(try await destination.writeBackStatus(on: db))
      #expect(status.pending == 3 && status.refused == 3 && (status.longestSeconds ?? -1) >= 0)
      let demand = try await destination.writeBackDemand(limit: 100, on: db)
      #expect(demand.persons == 0 && (demand.nextSeconds ?? 0) > 3000)
      let refused = try await destination.refusedChanges(on: db)
      #expect(refused.map(\.recordID) == (1...3).map { id($0) })
      #expect(refused.allSatisfy { $0.value == "bad" && $0.reason == "INVALID_EMAIL_ADDRESS" && $0.column == "email" })
      #expect(try await destination.discardRefused(recordID: id(1), column: "email", on: db))
      #expect(try await !destination.discardRefused(recordID: id(1), column: "email", on: db))
      #expect(try await destination.retryRefused(on: db) == 2)
      #expect(summary(try await claim(database)) == ["email a2@x.example -> bad", "email a3@x.example -> bad"])
      #expect(try await database.rows(["email"], from: "t.person") == ["bad", "bad", "bad"])
      #expect(
        try await database.rows(["kind", "value"], from: "t.person_activity where kind = 'discarded'")
          == ["discarded|bad"])
    }
  }

  @Test("a comparison takes a person with pending changes for what both sides last agreed on")
  func comparison() async throws {
    try await with { delta, database, db in
      let records = (1...4).map { person($0, email: "a\($0)@x.example", second: 1) }
      try await delta.change(records, on: db)
      try await db.execute(
        "update t.person set email = 'm@x.example', unsubscribed = true where veeva_id = '\(id(1))'")
      // No marketer's change: somebody has got at the copy.
      try await db.execute(
        "begin; set local crmsync.writing = 'on'; update t.person set email = 'x' where veeva_id = '\(id(2))'; commit")
      let found = try await delta.compare(records, on: db)
      #expect(found.first?.different == 1 && found.first?.examples == [id(2)])
    }
  }

  @Test("without write-back nothing is captured; switched off again, what was captured is dropped, and says so")
  func switchedOff() async throws {
    try await withDatabase { database in
      let db = database.connection
      let without = try Self.persons(writesBack: false)
      try await without.prepare(on: db)
      #expect(try await database.value("select to_regclass('t.crmsync_capture')") == nil)
      for _ in 0..<2 { try await Self.persons().prepare(on: db) }
      try await without.change(
        [person(1, email: "a@x.example", second: 1), person(2, email: "b@x.example", second: 1)], on: db)
      try await db.execute("update t.person set email = 'm@x.example'")
      try await settle(database, try await claim(database, limit: 1), .written(at: Instant(seconds: 0)))
      try await without.prepare(on: db)
      #expect(
        try await database.rows(Self.activity, from: "t.person_activity")
          == ["dropped|email|m@x.example|b@x.example|the field is no longer two-way"])
      try await db.execute("update t.person set email = 'n@x.example'")
      #expect(try await database.value("select count(*) from t.crmsync_capture") == "0")
      try await without.change([person(1, email: "a@x.example", second: 2)], on: db)
      #expect(
        try await database.rows(["email"], from: "t.person where veeva_id = '\(id(1))'") == ["a@x.example"])
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// What a delta's records do to the tables.
@Suite(.server) struct ChangeTests {
  private let flags = ["v__c", "veeva_is_deleted", "masterrecordid", "extract(second from veeva_system_modstamp)::int"]
  private let deleted = ["IsDeleted": "true"]

  private func with(_ delta: Delta, _ body: (Delta, TestDatabase, PostgresConnection) async throws -> Void)
    async throws
  {
    try await withDatabase { database in
      try await delta.prepare(on: database.connection)
      try await body(delta, database, database.connection)
    }
  }

  @Test("a person deleted in the source stays, flagged, in both tables; undeleted, it is unflagged")
  func deletedPerson() async throws {
    try await with(.accounts()) { delta, database, db in
      try await delta.change([account(1, "a", second: 1), account(2, "b", second: 1)], on: db)
      let page = [account(1, "other", second: 2, deleted)]
      #expect(try await delta.change(page, on: db).changed == 2)
      for table in ["t.person", "t.company"] {
        #expect(try await database.rows(flags, from: table) == ["a|true|∅|2", "b|false|∅|1"])
      }
      let again = try await delta.change(page, on: db)
      #expect(again.changed == 0 && again.events == 0 && again.rows == 1)
      try await delta.change([account(1, "c", second: 3)], on: db)
      #expect(try await database.rows(flags, from: "t.person") == ["b|false|∅|1", "c|false|∅|3"])
    }
  }

  @Test("an account that was never stored stays away when it is deleted or of another record type")
  func neverStored() async throws {
    try await with(.accounts()) { delta, database, db in
      let result = try await delta.change(
        [
          account(1, "a", second: 1, deleted), account(2, "b", second: 1, ["RecordTypeId": Delta.otherType]),
          account(3, "c", second: 1, ["IsPersonAccount": "false"]),
          account(4, "d", second: 1, ["RecordTypeId": ""]),
        ], on: db)
      #expect(result.rows == 4 && result.changed == 0 && result.events == 0)
      for table in ["person", "company"] {
        #expect(try await database.value("select count(*) from t.\(table)") == "0")
      }
    }
  }

  @Test("an account that leaves the selected record types, or is a person no more, is flagged until it is back")
  func left() async throws {
    for way in [["RecordTypeId": Delta.otherType], ["IsPersonAccount": "false"]] {
      try await with(.accounts()) { delta, database, db in
        try await delta.change([account(1, "a", second: 1)], on: db)
        try await delta.change([account(1, "b", second: 2, way)], on: db)
        #expect(try await database.rows(flags, from: "t.person") == ["a|true|∅|2"])
        // The 15-character form is the same record type.
        try await delta.change(
          [account(1, "c", second: 3, ["RecordTypeId": String(Delta.recordType.prefix(15))])], on: db)
        #expect(try await database.rows(flags, from: "t.person") == ["c|false|∅|3"])
        #expect(try await database.rows(flags, from: "t.company") == ["c|false|∅|3"])
      }
    }
  }

  @Test("a merged account points to the winner, with 18 characters, until it is undeleted")
  func merged() async throws {
    try await with(.accounts()) { delta, database, db in
      try await delta.change([account(1, "a", second: 1)], on: db)
      let winner = ["IsDeleted": "true", "MasterRecordId": String(id(7).prefix(15))]
      try await delta.change([account(1, "a", second: 2, winner)], on: db)
      for table in ["t.person", "t.company"] {
        #expect(
          try await database.value("select masterrecordid from \(table)")
            == VeevaID.widened(winner["MasterRecordId"] ?? ""))
      }
      // Not even a back-fill's merge of an older version takes the flag away.
      try await PostgresDestination(schema: "t").store(
        [account(1, "stale", second: 1)], of: delta.mapping, mode: .merge(.none), on: db)
      #expect(try await database.value("select veeva_is_deleted from t.person") == "true")
      try await PostgresDestination(schema: "t").store(
        [account(1, "b", second: 3)], of: delta.mapping, mode: .merge(.none), on: db)
      #expect(try await database.rows(flags, from: "t.person") == ["b|false|∅|3"])
    }
  }

  @Test("MasterRecordId that the configuration includes has one column, and serves as well")
  func includedMaster() async throws {
    let schema = SourceObjectSchema(
      name: "Account",
      fields: [
        SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime),
        SourceField(name: "IsDeleted", type: .boolean), SourceField(name: "MasterRecordId", type: .reference),
        SourceField(name: "IsPersonAccount", type: .boolean),
      ])
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts, include: ["MasterRecordId"]), schema)
    let rules = ChangeRules(object: .personAccounts, fields: mapping.fields, schema: schema)
    #expect(rules.extraFields.isEmpty)
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      let db = database.connection
      try await destination.prepare(mapping, on: db)
      for more in [[:], ["IsDeleted": "true", "MasterRecordId": id(7)]] {
        try await destination.store(
          [account(1, "", second: more.count, more)], of: mapping, mode: .change(rules, .all), on: db)
      }
      #expect(
        try await database.rows(["veeva_is_deleted", "masterrecordid"], from: "t.person") == ["true|\(id(7))"])
    }
  }

  @Test("a deleted call is removed; an older version of it does not come back, a newer one does")
  func deletedCall() async throws {
    try await with(.calls()) { delta, database, db in
      let destination = PostgresDestination(schema: "t")
      try await delta.change([call(1, "a", second: 1), call(2, "b", second: 1)], on: db)
      let page = [call(1, "a", second: 3, deleted)]
      #expect(try await delta.change(page, on: db).changed == 1)
      #expect(try await delta.change(page, on: db).changed == 0)
      try await delta.change([call(1, "stale", second: 2)], on: db)
      try await destination.store([call(1, "stale", second: 1)], of: delta.mapping, mode: .merge(.none), on: db)
      try await destination.store([call(1, "stale", second: 1)], of: delta.mapping, mode: .merge(.all), on: db)
      #expect(try await database.rows(["v__c"], from: "t.call") == ["b"])
      try await delta.change([call(1, "undeleted", second: 4)], on: db)
      #expect(try await delta.change(page, on: db).changed == 0, "a deletion that is older than the row")
      #expect(try await database.rows(["v__c"], from: "t.call") == ["b", "undeleted"])
    }
  }

  @Test("a salesperson has nothing that tells of its deletion, and is followed")
  func salesperson() async throws {
    let users = try Delta(.users, [("Id", .id), ("SystemModstamp", .datetime), ("FirstName", .string)])
    try await with(users) { delta, database, db in
      #expect(delta.rules.extraFields.isEmpty && delta.rules.deletedColumn == nil)
      for (second, name) in ["Ann", "Anna"].enumerated() {
        try await delta.change(
          [["Id": id(1), "SystemModstamp": moment(second), "FirstName": name]], on: db)
      }
      #expect(try await database.rows(["first_name"], from: "t.salesperson") == ["Anna"])
      #expect(try await database.events().count == 2)
    }
  }

  @Test("a call that was created too early is followed where it is stored, and not taken in")
  func tooOld() async throws {
    let from = Instant(seconds: 1_772_323_200)
    let created = [
      ("2026-02-28T23:59:59.000Z", false), ("2026-03-01T00:00:00.000Z", true), ("2026-03-01T00:00:00.000+0000", true),
      ("2026-03-01T00:30:00.000+0100", false), ("2026-02-28T23:30:00-01:00", true), ("", false),
    ]
    try await with(.calls(createdFrom: from)) { delta, database, db in
      for (number, (date, isTaken)) in created.enumerated() {
        try await delta.change([call(number, "a", second: 1, ["CreatedDate": date])], on: db)
        #expect(
          try await database.value("select count(*) from t.call where veeva_id = '\(id(number))'")
            == (isTaken ? "1" : "0"), "\(date)")
      }
      let old = ["CreatedDate": "2026-01-01T00:00:00Z"]
      try await PostgresDestination(schema: "t").store(
        [call(0, "stored", second: 1, old)], of: delta.mapping, mode: .insert, on: db)
      try await delta.change([call(0, "followed", second: 2, old)], on: db)
      #expect(try await database.value("select v__c from t.call where veeva_id = '\(id(0))'") == "followed")
      try await delta.change([call(0, "followed", second: 3, old.merging(deleted) { $1 })], on: db)
      #expect(try await database.value("select count(*) from t.call where veeva_id = '\(id(0))'") == "0")
    }
  }

  @Test("a key message's age is its call's; without a call it is not taken in")
  func keyMessageAge() async throws {
    try await with(.keyMessages(createdFrom: Instant(seconds: 1_772_323_200))) { delta, database, db in
      #expect(delta.rules.extraFields.contains("Call2_vod__r.CreatedDate"))
      try await delta.change(
        [
          call(1, "new", second: 1, ["Call2_vod__r.CreatedDate": "2026-03-02T00:00:00.000Z"]),
          call(2, "old", second: 1, ["Call2_vod__r.CreatedDate": "2026-02-02T00:00:00.000Z"]),
          call(3, "none", second: 1),
        ], on: db)
      #expect(try await database.rows(["v__c"], from: "t.call_key_message") == ["new"])
    }
  }

  @Test("equal content with a newer stamp moves the stamp alone; what is wholly equal is not written")
  func equalContent() async throws {
    try await with(.accounts()) { delta, database, db in
      try await delta.change([account(1, "a", second: 1), account(2, "b", second: 1)], on: db)
      try await database.forgetEvents()
      let columns = ["veeva_id", "ctid", "synced_at", "extract(second from veeva_system_modstamp)::int"]
      let before = try await database.rows(columns, from: "t.person")
      let result = try await delta.change([account(1, "a", second: 2), account(2, "b", second: 1)], on: db)
      #expect(result.rows == 2 && result.changed == 0 && result.events == 0)
      let after = try await database.rows(columns, from: "t.person")
      #expect(before[1] == after[1])
      #expect(before[0].split(separator: "|")[2] == after[0].split(separator: "|")[2] && after[0].hasSuffix("|2"))
      #expect(try await database.events() == [])
    }
  }

  @Test("of several versions in one page the newest decides, deletions among them")
  func versions() async throws {
    try await with(.calls()) { delta, database, db in
      try await delta.change(
        [
          call(1, "new", second: 3), call(1, "gone", second: 2, deleted), call(2, "a", second: 1),
          call(2, "a", second: 2, deleted), call(3, "first", second: 1), call(3, "last", second: 1),
        ], on: db)
      #expect(try await database.rows(["v__c"], from: "t.call") == ["last", "new"])
    }
  }

  @Test("a reject leaves the row as it was; a record that is gone needs nothing but id and stamp")
  func rejects() async throws {
    try await with(.accounts()) { delta, database, db in
      try await delta.change([account(1, "a", second: 1), account(2, "b", second: 1)], on: db)
      let bad = ["Day__c": "never"]
      let result = try await delta.change(
        [
          account(1, "c", second: 2, bad), account(2, "d", second: 2, bad.merging(deleted) { $1 }),
          account(3, "e", second: 2, ["SystemModstamp": "", "IsDeleted": "true"]),
        ], on: db)
      #expect(result.rejects.map(\.recordID) == [id(1), id(3)] && result.rows == 1)
      for table in ["t.person", "t.company"] {
        #expect(try await database.rows(flags, from: table) == ["a|false|∅|1", "b|true|∅|2"])
      }
    }
  }

  @Test("a batch without the rules' fields is refused as a whole")
  func shape() async throws {
    try await with(.accounts()) { delta, database, db in
      await #expect(throws: (any Error).self) {
        try await PostgresDestination(schema: "t").store(
          [account(1, "a", second: 1)], of: delta.mapping, mode: delta.mode(), on: db)
      }
      #expect(await !db.isInTransaction)
    }
  }

  @Test("a call's key messages go with it, those that come late, too, and not those of a call that is back")
  func details() async throws {
    try await with(.calls(triggers: ["V__c"])) { delta, database, db in
      let details = try Delta.keyMessages()
      try await details.prepare(on: db)
      try await delta.change([call(1, "a", second: 1), call(2, "b", second: 1)], on: db)
      try await details.change(
        (11...14).map { call($0, "m", second: 1, ["Call2_vod__c": id($0 % 2 + 1)]) }, on: db)
      try await database.forgetEvents()
      let page = [call(1, "a", second: 2, deleted)]
      let result = try await delta.change(page, on: db)
      #expect(result.changed == 3 && result.events == 3)
      #expect(
        try await database.events() == [
          "call removed 1 {\"v__c\": \"a\"} -", "call_key_message removed 12 {\"v__c\": \"m\"} -",
          "call_key_message removed 14 {\"v__c\": \"m\"} -",
        ])
      #expect(try await delta.change(page, on: db).changed == 0)
      try await details.change([call(15, "late", second: 1, ["Call2_vod__c": id(1)])], on: db)
      #expect(try await delta.change(page, on: db).changed == 1)
      #expect(try await database.value("select count(*) from t.call_key_message") == "2")
      try await delta.change([call(1, "back", second: 3)], on: db)
      try await details.change([call(12, "m", second: 1, ["Call2_vod__c": id(1)])], on: db)
      try await delta.change(page, on: db)
      #expect(try await database.value("select count(*) from t.call_key_message") == "3")
    }
  }

  @Test("key messages are looked up by call through an index, made once the table holds rows")
  func detailIndex() async throws {
    let indexes =
      "select count(*) from pg_indexes where tablename = 'call_key_message' and indexdef like '%call2_vod__c%'"
    try await with(.keyMessages()) { delta, database, db in
      #expect(try await database.value(indexes) == "0")
      try await delta.change([call(1, "m", second: 1, ["Call2_vod__c": id(1)])], on: db)
      for _ in 0..<2 {
        try await delta.prepare(on: db)
        #expect(try await database.value(indexes) == "1")
      }
    }
  }
}

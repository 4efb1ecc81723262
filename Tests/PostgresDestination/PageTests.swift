import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// Pages as a worker writes them.
@Suite(.server) struct PageTests {
  private let destination = PostgresDestination(schema: "t")

  private func withTable(
    _ fields: [(String, FieldType)] = [("V__c", .string)],
    _ body: (ObjectMapping, TestDatabase) async throws -> Void
  ) async throws {
    let mapping = try ObjectMapping.custom(fields)
    try await withDatabase { database in
      try await destination.prepare(mapping, on: database.connection)
      try await body(mapping, database)
    }
  }

  private func record(_ number: Int, _ value: String, day: Int = 1) -> [String: String] {
    ["Id": id(number), "SystemModstamp": "2026-03-0\(day)T00:00:00Z", "V__c": value]
  }

  @Test("a page of older data never overwrites newer data")
  func staleData() async throws {
    try await withTable { mapping, database in
      let db = database.connection
      try await destination.store(
        [record(1, "new", day: 5), record(2, "old", day: 1)], of: mapping, mode: .insert, on: db)
      let result = try await destination.store(
        [record(1, "older", day: 4), record(2, "newer", day: 2)], of: mapping, mode: .merge(.none), on: db)
      #expect(result.rows == 2 && result.changed == 1)
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == ["new", "newer"])
    }
  }

  @Test("equal content is no write: synced_at stays as it was")
  func equalContent() async throws {
    try await withTable([("V__c", .string), ("N__c", .double), ("L__c", .multipicklist)]) { mapping, database in
      let db = database.connection
      var one = record(1, "same")
      one["N__c"] = "1.50"
      one["L__c"] = "A;B"
      let two = record(2, "before")
      try await destination.store([one, two], of: mapping, mode: .insert, on: db)
      let before = try await database.rows(["veeva_id", "synced_at", "ctid"], from: "t.thing__c")
      let result = try await destination.store([one, record(2, "after")], of: mapping, mode: .merge(.none), on: db)
      let after = try await database.rows(["veeva_id", "synced_at", "ctid"], from: "t.thing__c")
      #expect(result.rows == 2 && result.changed == 1)
      #expect(before[0] == after[0] && before[1] != after[1])
      // Equally new but of other content, as formula fields are: the later delivery counts.
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == ["after", "same"])
    }
  }

  @Test("of several versions of a record within a page the newest counts; of equally new ones the last")
  func duplicatesWithinPage() async throws {
    try await withTable { mapping, database in
      try await destination.store(
        [
          record(1, "b", day: 2), record(1, "c", day: 3), record(1, "a", day: 1), record(2, "first"),
          record(2, "last"),
        ], of: mapping, mode: .merge(.none), on: database.connection)
      #expect(try await database.rows(["veeva_id", "v__c"], from: "t.thing__c") == ["\(id(1))|c", "\(id(2))|last"])
    }
  }

  @Test("an insert that meets rows is a page conflict, and the same page passes as a merge")
  func conflict() async throws {
    try await withTable { mapping, database in
      let db = database.connection
      try await destination.store([record(500, "there")], of: mapping, mode: .insert, on: db)
      // Large enough that the server refuses it while it is still being sent.
      let page = (0..<40_000).map { record($0, String(repeating: "x", count: 200), day: 2) }
      await #expect(throws: PageConflict.self) {
        try await destination.store(page, of: mapping, mode: .insert, on: db)
      }
      #expect(await !db.isInTransaction)
      #expect(try await database.value("select count(*) from t.thing__c") == "1")
      let result = try await destination.store(page, of: mapping, mode: .merge(.none), on: db)
      #expect(result.rows == 40_000 && result.changed == 40_000)
    }
  }

  @Test("a record that is twice in a page of an insert is a page conflict")
  func duplicateInsert() async throws {
    try await withTable { mapping, database in
      await #expect(throws: PageConflict.self) {
        try await destination.store(
          [record(1, "a"), record(1, "b")], of: mapping, mode: .insert, on: database.connection)
      }
    }
  }

  @Test("a unique violation of the checkpoint's own is no page conflict")
  func checkpointConflict() async throws {
    try await withTable { mapping, database in
      let db = database.connection
      try await db.execute("create table checkpoint (page int primary key); insert into checkpoint values (1)")
      let error = await #expect(throws: PostgresError.self) {
        try await destination.withPage(of: mapping, mode: .insert, sharesCheckpoints: true, on: db) { page in
          try await page.write(mapping.batch([record(1, "a")]))
          return try await page.commit { _, db in try db.execute("insert into checkpoint values (1)") == 1 }
        }
      }
      #expect(error?.sqlState == "23505")
      #expect(try await database.value("select count(*) from t.thing__c") == "0")
    }
  }

  @Test(
    "page and checkpoint are one transaction; a fenced page leaves nothing",
    arguments: [WriteMode.insert, .merge(.none)])
  func fenced(_ mode: WriteMode) async throws {
    try await withTable { mapping, database in
      let db = database.connection
      try await db.execute("create table checkpoint (page int)")
      for isWanted in [false, true] {
        let result = try await destination.withPage(of: mapping, mode: mode, sharesCheckpoints: true, on: db) { page in
          try await page.write(mapping.batch([record(1, "a")]))
          return try await page.commit { result, db in
            #expect(result.rows == 1)
            try db.execute("insert into checkpoint values (1)")
            return isWanted
          }
        }
        #expect((result != nil) == isWanted)
        #expect(await !db.isInTransaction)
        #expect(try await database.value("select count(*) from t.thing__c") == (isWanted ? "1" : "0"))
        #expect(try await database.value("select count(*) from checkpoint") == (isWanted ? "1" : "0"))
      }
    }
  }

  @Test(
    "a page that is given up leaves nothing, and the connection is fit for the next",
    arguments: [WriteMode.insert, .merge(.none)])
  func abandoned(_ mode: WriteMode) async throws {
    struct GivenUp: Error {}
    try await withTable { mapping, database in
      let db = database.connection
      let page = (0..<5000).map { record($0, String(repeating: "x", count: 100)) }
      await #expect(throws: GivenUp.self) {
        try await destination.withPage(of: mapping, mode: mode, sharesCheckpoints: true, on: db) { writer in
          try await writer.write(mapping.batch(page))
          throw GivenUp()
        }
      }
      // Ended without a commit, without an error either.
      try await destination.withPage(of: mapping, mode: mode, sharesCheckpoints: true, on: db) { writer in
        try await writer.write(mapping.batch(page))
      }
      #expect(await !db.isInTransaction)
      #expect(try await database.value("select count(*) from t.thing__c") == "0")
      #expect(try await destination.store(page, of: mapping, mode: mode, on: db).changed == 5000)
    }
  }

  @Test("a page of many batches fills all tables of its mapping", arguments: [WriteMode.insert, .merge(.none)])
  func manyBatches(_ mode: WriteMode) async throws {
    let mapping = try ObjectMapping.accounts([("Notes__c", .textarea)])
    try await withDatabase { database in
      try await destination.prepare(mapping, on: database.connection)
      let notes = String(repeating: "n", count: 1000)
      // Some 20 MB of COPY text: the tables take several turns.
      let result = try await destination.withPage(
        of: mapping, mode: mode, sharesCheckpoints: true, on: database.connection
      ) { page in
        for start in stride(from: 0, to: 10_000, by: 500) {
          let records = (start..<start + 500).map { ["Id": id($0), "SystemModstamp": stamp, "Notes__c": notes] }
          try await page.write(mapping.batch(records))
        }
        return try await page.commit { _, _ in true }
      }
      #expect(result?.rows == 10_000 && result?.changed == 20_000)
      for table in ["t.person", "t.company"] {
        #expect(try await database.value("select count(distinct veeva_id) from \(table)") == "10000")
      }
    }
  }

  @Test("an empty page commits its checkpoint")
  func emptyPage() async throws {
    try await withTable { mapping, database in
      let result = try await destination.store([], of: mapping, mode: .merge(.none), on: database.connection)
      #expect(result.rows == 0 && result.changed == 0)
      #expect(try await destination.isEmpty(mapping, on: database.connection))
    }
  }

  @Test("merges of the same records at once do not deadlock, and the newest of all wins")
  func concurrentMerges() async throws {
    try await withTable { mapping, database in
      let destination = destination
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 1...4 {
          let page = (0..<500).map { record($0, "writer \(writer)", day: writer) }
          group.addTask {
            var generator = Chance(seed: UInt64(writer))
            let db = try await database.another()
            for _ in 0..<5 {
              try await destination.store(page.shuffled(using: &generator), of: mapping, mode: .merge(.none), on: db)
            }
            await db.close()
          }
        }
        try await group.waitForAll()
      }
      #expect(try await database.value("select string_agg(distinct v__c, ',') from t.thing__c") == "writer 4")
      #expect(try await database.value("select count(*) from t.thing__c") == "500")
    }
  }

  @Test("a connection keeps its staging table, and gets another when the table is altered")
  func stagingTables() async throws {
    try await withTable { mapping, database in
      let db = database.connection
      let count = "select count(*) from pg_class where relname like 'stage\\_%' and relpersistence = 't'"
      for round in 1...3 {
        try await destination.store([record(round, "a")], of: mapping, mode: .merge(.none), on: db)
        #expect(try await database.value(count) == "1")
      }
      // First a column more, then one that changed its type.
      for (day, type, value) in [(2, FieldType.int, "7"), (3, .double, "7.50")] {
        let altered = try ObjectMapping.custom([("V__c", .string), ("W__c", type)])
        try await destination.prepare(altered, on: db)
        var more = record(1, "a", day: day)
        more["W__c"] = value
        try await destination.store([more], of: altered, mode: .merge(.none), on: db)
        #expect(try await database.rows(["w__c"], from: "t.thing__c where veeva_id = '\(id(1))'") == [value])
      }
    }
  }

  @Test(
    "a table or column that went missing is an error of the schema, for both modes",
    arguments: [WriteMode.insert, .merge(.none)])
  func drift(_ mode: WriteMode) async throws {
    try await withTable { mapping, database in
      let db = database.connection
      for (change, state) in [("alter table t.thing__c drop column v__c", "42703"), ("drop table t.thing__c", "42P01")]
      {
        try await db.execute(change)
        let error = await #expect(throws: PostgresError.self) {
          try await destination.store([record(1, "a")], of: mapping, mode: mode, on: db)
        }
        #expect(error?.sqlState == state)
        #expect(await !db.isInTransaction)
      }
      try await destination.prepare(mapping, on: db)
      try await destination.store([record(1, "a")], of: mapping, mode: mode, on: db)
    }
  }

  @Test("somebody's own constraint is named with a remedy, not retried for ever")
  func foreignConstraint() async throws {
    try await withTable { mapping, database in
      let db = database.connection
      try await db.execute("alter table t.thing__c add constraint short check (length(v__c) < 3)")
      for mode in [WriteMode.insert, .merge(.none)] {
        let error = await #expect(throws: DestinationError.self) {
          try await destination.store([record(1, "long")], of: mapping, mode: mode, on: db)
        }
        #expect(error?.problem == .constraint("short"))
        #expect(error?.isRetriable == false && error?.isObjectScoped == true)
        #expect(error?.description.contains("t.thing__c") == true)
      }
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Workers whose mapping is not the table's any more.
@Suite(.server) struct AlteredTableTests {
  private let destination = PostgresDestination(schema: "t")

  private func delta(_ type: FieldType) throws -> Delta {
    try Delta(.custom("Thing__c"), [("Id", .id), ("SystemModstamp", .datetime), ("V__c", type)])
  }

  private func record(_ number: Int, _ value: String, second: Int = 1) -> [String: String] {
    ["Id": id(number), "SystemModstamp": moment(second), "V__c": value]
  }

  @Test(
    "a column widened under a worker that would write it wrongly is schema drift; its page leaves nothing",
    arguments: [
      (FieldType.multipicklist, FieldType.string, "A;B", "A;B"),
      (.datetime, .string, "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z"),
    ])
  func drift(_ old: FieldType, _ new: FieldType, _ value: String, _ kept: String) async throws {
    let (before, after) = (try delta(old), try delta(new))
    try await withDatabase { database in
      let db = database.connection
      let worker = try await database.another()
      try await before.prepare(on: db)
      for mode in [WriteMode.insert, .merge(.none), .merge(.all), before.mode()] {
        // The worker's connection has staging tables of the old shape.
        try await db.execute("drop table t.thing__c")
        try await before.prepare(on: db)
        try await destination.store([record(1, value)], of: before.mapping, mode: mode, on: worker)
        try await after.prepare(on: db)
        let error = await #expect(throws: DestinationError.self) {
          try await destination.store([record(2, value)], of: before.mapping, mode: mode, on: worker)
        }
        #expect(error?.isSchemaDrift == true && error?.isRetriable == true && error?.isObjectScoped == true)
        #expect(error?.description.contains("t.thing__c: column v__c is text") == true)
        #expect(await !worker.isInTransaction)
        try await destination.store([record(2, value)], of: after.mapping, mode: mode, on: worker)
        #expect(try await database.rows(["v__c"], from: "t.thing__c") == [kept, kept])
      }
      await worker.close()
    }
  }

  @Test(
    "a column widened under a worker that writes it rightly takes the worker's rows",
    arguments: [
      (FieldType.int, FieldType.double, "7", "7"), (.int, .string, "7", "7"), (.double, .string, "1.50", "1.50"),
      (.date, .string, "2024-02-29", "2024-02-29"), (.boolean, .string, "true", "true"),
    ])
  func widened(_ old: FieldType, _ new: FieldType, _ value: String, _ kept: String) async throws {
    let (before, after) = (try delta(old), try delta(new))
    try await withDatabase { database in
      let db = database.connection
      let worker = try await database.another()
      try await before.prepare(on: db)
      try await before.change([record(0, value)], on: worker)
      try await after.prepare(on: db)
      for (number, mode) in [WriteMode.insert, .merge(.none), before.mode()].enumerated() {
        try await destination.store([record(number + 1, value)], of: before.mapping, mode: mode, on: worker)
      }
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == Array(repeating: kept, count: 4))
      // What the old mapping wrote is what the new one would: no change, no event.
      try await database.forgetEvents()
      let again = try await after.change((0..<4).map { record($0, value, second: 2) }, on: worker)
      #expect(again.changed == 0 && again.events == 0)
      await worker.close()
    }
  }

  @Test("a field that is removed and comes back keeps its values, and is written again by pages of every kind")
  func comesBack() async throws {
    let with = try delta(.string)
    let without = try Delta(.custom("Thing__c"), [("Id", .id), ("SystemModstamp", .datetime)])
    try await withDatabase { database in
      let db = database.connection
      try await with.prepare(on: db)
      try await with.change([record(1, "kept"), record(2, "kept")], on: db)
      try await without.prepare(on: db)
      try await without.change([record(1, "", second: 2), record(3, "", second: 2)], on: db)
      // A worker that still has the old mapping loses nothing.
      try await with.change([record(4, "old worker", second: 2)], on: db)
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == ["kept", "kept", "old worker", "∅"])
      try await with.prepare(on: db)
      try await with.change([record(1, "new", second: 2), record(3, "filled", second: 2)], on: db)
      try await destination.store([record(2, "newer", second: 2)], of: with.mapping, mode: .merge(.none), on: db)
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == ["filled", "new", "newer", "old worker"])
    }
  }

  @Test("a type that would lose something is refused while rows are there, and they stay as they are")
  func incompatible() async throws {
    let (before, after) = (try delta(.string), try delta(.date))
    try await withDatabase { database in
      let db = database.connection
      try await before.prepare(on: db)
      try await before.change([record(1, "no day")], on: db)
      // A text column holds days as well as any other text.
      try await after.prepare(on: db)
      let list = try delta(.multipicklist)
      let error = await #expect(throws: DestinationError.self) { try await list.prepare(on: db) }
      #expect(error?.problem == .incompatibleColumn("v__c", has: "text", wants: "text[]"))
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == ["no day"])
    }
  }

  @Test("tables of an older release get what deltas need, and keep their rows")
  func olderRelease() async throws {
    let delta = try Delta.accounts()
    try await withDatabase { database in
      let db = database.connection
      try await delta.prepare(on: db)
      try await destination.store([account(1, "a", second: 1)], of: delta.mapping, mode: .insert, on: db)
      try await db.execute(
        "drop table t.crmsync_outbox, t.crmsync_removed, t.crmsync_entity; "
          + "alter table t.person drop masterrecordid; alter table t.company drop masterrecordid")
      let error = await #expect(throws: PostgresError.self) {
        try await delta.change([account(1, "b", second: 2)], on: db)
      }
      #expect(error?.sqlState == "42P01" || error?.sqlState == "42703")
      try await delta.prepare(on: db)
      try await delta.change([account(1, "b", second: 2)], on: db)
      #expect(try await database.rows(["v__c", "masterrecordid"], from: "t.person") == ["b|∅"])
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Tables as they are made, and as they follow the source's schema.
@Suite(.server) struct SchemaTests {
  private let destination = PostgresDestination(schema: "t")

  private func types(_ table: String, _ database: TestDatabase) async throws -> [String] {
    try await database.connection.query(
      """
      select column_name || ' ' || case when data_type = 'ARRAY' then udt_name else data_type end
        || case is_nullable when 'NO' then ' not null' else '' end as line
      from information_schema.columns where table_schema = 't' and table_name = '\(table)' order by ordinal_position
      """
    ).compactMap { try $0.string("line") }
  }

  @Test("person and company have the columns, types and keys of the contract, and no foreign keys")
  func accountTables() async throws {
    let mapping = try ObjectMapping.accounts([
      ("List__c", .multipicklist), ("Int__c", .int), ("Time__c", .time), ("Ref__pc", .reference),
    ])
    try await withDatabase { database in
      try await destination.prepare(mapping, on: database.connection)
      let custom = ["int__c bigint", "list__c _text", "ref__pc text", "time__c time without time zone"]
      #expect(
        try await types("person", database) == [
          "veeva_id text not null", "veeva_system_modstamp timestamp with time zone not null",
          "veeva_created_date timestamp with time zone", "veeva_is_deleted boolean", "last_name text",
          "date_of_birth date",
        ] + custom + ["veeva_type text not null", "masterrecordid text", "synced_at timestamp with time zone not null"])
      #expect(
        try await types("company", database) == [
          "veeva_id text not null", "veeva_system_modstamp timestamp with time zone not null",
          "veeva_created_date timestamp with time zone", "veeva_is_deleted boolean", "company text",
          "annual_revenue numeric",
        ] + custom + ["masterrecordid text", "synced_at timestamp with time zone not null"])
      let constraints = "select string_agg(contype::text || conkey::text, ',') from pg_constraint where conrelid = "
      #expect(try await database.value(constraints + "'t.person'::regclass") == "p{1}")
      #expect(
        try await database.value(
          "select collname from pg_attribute a join pg_collation c on c.oid = attcollation "
            + "where attrelid = 't.person'::regclass and attname = 'veeva_id'") == "C")
      #expect(try await database.value("select col_description('t.company'::regclass, 5)") == "Veeva Account.Name")
    }
  }

  @Test("preparing again changes nothing; a rehearsal leaves nothing")
  func idempotent() async throws {
    let mapping = try ObjectMapping.accounts()
    try await withDatabase { database in
      try await destination.rehearse(mapping, on: database.connection)
      #expect(try await database.value("select to_regnamespace('t') is null") == "true")
      try await destination.prepare(mapping, on: database.connection)
      let catalog =
        "select string_agg(xmin::text, ',' order by attrelid, attnum) from pg_attribute "
        + "where attrelid in ('t.person'::regclass, 't.company'::regclass)"
      let before = try await database.value(catalog)
      try await destination.prepare(mapping, on: database.connection)
      #expect(try await database.value(catalog) == before)
    }
  }

  @Test("processes that prepare the same tables at once all succeed")
  func concurrent() async throws {
    let mapping = try ObjectMapping.accounts([("X__c", .string)])
    try await withDatabase { database in
      let destination = destination
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 {
          group.addTask {
            let db = try await database.another()
            try await destination.prepare(mapping, on: db)
            await db.close()
          }
        }
        try await group.waitForAll()
      }
      #expect(try await types("person", database).contains("x__c text"))
    }
  }

  @Test("new fields become columns; rows that are there keep their values")
  func addedColumns() async throws {
    let narrow = try ObjectMapping.custom([("A__c", .string)])
    let wide = try ObjectMapping.custom([("A__c", .string), ("B__c", .int), ("C__c", .multipicklist)])
    try await withDatabase { database in
      let db = database.connection
      try await destination.prepare(narrow, on: db)
      try await destination.store(
        [["Id": id(1), "SystemModstamp": stamp, "A__c": "kept"]], of: narrow, mode: .insert, on: db)
      try await destination.prepare(wide, on: db)
      #expect(try await database.rows(["a__c", "b__c", "c__c"], from: "t.thing__c") == ["kept|∅|∅"])
    }
  }

  @Test("a field that vanishes keeps its column, which says so, until the field is back")
  func vanishedField() async throws {
    let with = try ObjectMapping.custom([("A__c", .string), ("B__c", .string)])
    let without = try ObjectMapping.custom([("A__c", .string)])
    try await withDatabase { database in
      let db = database.connection
      let comment =
        "select col_description('t.thing__c'::regclass, attnum) from pg_attribute "
        + "where attrelid = 't.thing__c'::regclass and attname = 'b__c'"
      try await destination.prepare(with, on: db)
      try await db.execute("alter table t.thing__c add column mine text")
      for _ in 0..<2 {
        try await destination.prepare(without, on: db)
        #expect(try await database.value(comment) == "Veeva Thing__c.B__c (no longer synced)")
      }
      try await destination.store([["Id": id(1), "SystemModstamp": stamp]], of: without, mode: .insert, on: db)
      try await destination.prepare(with, on: db)
      #expect(try await database.value(comment) == "Veeva Thing__c.B__c")
    }
  }

  @Test(
    "a column is widened where nothing is lost",
    arguments: [
      ("bigint", FieldType.double, "9223372036854775807", "9223372036854775807"), ("integer", .int, "7", "7"),
      ("numeric(6,2)", .double, "1.50", "1.50"), ("varchar(20)", .string, "'short'", "short"),
      ("bigint", .string, "12", "12"), ("boolean", .string, "true", "true"),
      ("date", .string, "'2024-02-29'", "2024-02-29"),
      ("text[]", .string, "'{A,B}'", "A;B"),
      ("timestamptz", .string, "'2026-03-01T10:00:00+02'", "2026-03-01T08:00:00.000Z"),
    ])
  func widening(_ type: String, _ field: FieldType, _ literal: String, _ expected: String) async throws {
    let mapping = try ObjectMapping.custom([("V__c", field)])
    try await withDatabase { database in
      let db = database.connection
      try await destination.prepare(try ObjectMapping.custom([]), on: db)
      try await db.execute(
        "alter table t.thing__c add v__c \(type); "
          + "insert into t.thing__c values ('\(id(1))', '2026-01-01Z', default, \(literal))")
      try await destination.prepare(mapping, on: db)
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == [expected])
      let wanted = field == .double ? "numeric" : field == .int ? "bigint" : "text"
      #expect(try await types("thing__c", database).contains("v__c \(wanted)"))
    }
  }

  @Test(
    "a column that holds a wider type stays, and both modes write it alike",
    arguments: [
      ("numeric", FieldType.int, "12"), ("text", .int, "12"), ("text", .double, "1.50"), ("text", .boolean, "true"),
      ("text", .date, "2024-02-29"), ("text", .time, "10:15:00"),
    ])
  func widerColumn(_ type: String, _ field: FieldType, _ value: String) async throws {
    let mapping = try ObjectMapping.custom([("V__c", field)])
    try await withDatabase { database in
      let db = database.connection
      try await destination.prepare(try ObjectMapping.custom([]), on: db)
      try await db.execute("alter table t.thing__c add v__c \(type)")
      try await destination.prepare(mapping, on: db)
      let records = [["Id": id(1), "SystemModstamp": stamp, "V__c": value]]
      try await destination.store(records, of: mapping, mode: .insert, on: db)
      #expect(try await destination.store(records, of: mapping, mode: .merge(.none), on: db).changed == 0)
      #expect(try await database.rows(["v__c"], from: "t.thing__c") == [value])
    }
  }

  @Test(
    "a column of a type that would lose something is refused, with field, both types and a remedy",
    arguments: [
      ("text", FieldType.multipicklist), ("numeric", .boolean), ("date", .datetime), ("timestamp", .datetime),
      ("double precision", .double), ("text", .datetime),
    ])
  func conflicts(_ type: String, _ field: FieldType) async throws {
    let mapping = try ObjectMapping.custom([("V__c", field)])
    try await withDatabase { database in
      let db = database.connection
      try await destination.prepare(try ObjectMapping.custom([]), on: db)
      try await db.execute("alter table t.thing__c add v__c \(type)")
      let error = await #expect(throws: DestinationError.self) { try await destination.prepare(mapping, on: db) }
      guard case .incompatibleColumn("v__c", _, _) = error?.problem else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
      #expect(error?.isObjectScoped == true && error?.isRetriable == false)
      for part in ["t.thing__c", "v__c", "Thing__c.V__c", "drop or rename"] {
        #expect(error?.description.contains(part) == true)
      }
    }
  }

  @Test(
    "a table or view of that name that is not ours is left alone",
    arguments: [
      "create table t.thing__c (id int)", "create view t.thing__c as select 1 as veeva_id",
      "create table t.thing__c (veeva_id text, veeva_system_modstamp timestamptz, synced_at timestamptz)",
      "create table t.thing__c ()",
    ])
  func foreignTables(_ definition: String) async throws {
    let mapping = try ObjectMapping.custom([("V__c", .string)])
    try await withDatabase { database in
      let db = database.connection
      try await db.execute("create schema t; \(definition)")
      let error = await #expect(throws: DestinationError.self) { try await destination.prepare(mapping, on: db) }
      #expect(error?.problem == .foreignTable)
      #expect(error?.description.contains("t.thing__c") == true)
    }
  }

  @Test("names that need quoting are quoted: of schemas, tables and columns")
  func quoting() async throws {
    let schema = "Acme \"EU\"; drop schema public"
    let odd = PostgresDestination(schema: schema)
    let mapping = try ObjectMapping.custom([("Select__c", .string), ("O'Neil__c", .string)], object: "Order__c")
    try await withDatabase { database in
      let db = database.connection
      try await odd.prepare(mapping, on: db)
      for mode in [WriteMode.insert, .merge(.none)] {
        try await odd.store(
          [
            ["Id": id(1), "SystemModstamp": stamp, "Select__c": mode == .insert ? "insert" : "merge", "O'Neil__c": "x"]
          ], of: mapping, mode: mode,
          on: db)
      }
      #expect(
        try await database.rows(["\"select__c\""], from: "\(quotedIdentifier(schema)).order__c") == ["merge"])
    }
  }

  @Test("a view on a column that has to be widened is named as what stands in the way")
  func dependentView() async throws {
    let mapping = try ObjectMapping.custom([("V__c", .double)])
    try await withDatabase { database in
      let db = database.connection
      try await destination.prepare(try ObjectMapping.custom([("V__c", .int)]), on: db)
      try await db.execute("create view t.report as select v__c from t.thing__c")
      let error = await #expect(throws: DestinationError.self) { try await destination.prepare(mapping, on: db) }
      #expect(error?.problem == .dependency && error?.isObjectScoped == true)
      #expect(await !db.isInTransaction)
    }
  }

  @Test("a database that does not store UTF-8 is refused with a remedy")
  func encoding() async throws {
    let mapping = try ObjectMapping.custom([])
    try await withDatabase { database in
      let name = "\(database.name)_ascii"
      let db = database.connection
      try await db.execute("create database \(name) template template0 encoding 'SQL_ASCII' locale 'C'")
      let other = PostgresConnection(PostgresConfiguration(url: try TestServer.url(database: name)))
      try await other.connect()
      let error = await #expect(throws: DestinationError.self) { try await destination.prepare(mapping, on: other) }
      await other.close()
      try await db.execute("drop database \(name) with (force)")
      #expect(error?.problem == .encoding("SQL_ASCII"))
    }
  }
}

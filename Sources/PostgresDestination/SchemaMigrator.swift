import PostgreSQL
import SyncModel

/// Creates and alters the destination's tables, in one transaction, one process at a time.
struct SchemaMigrator: Sendable {
  let schema: String

  /// Says that a rehearsal went well and its transaction shall be rolled back.
  private struct Rehearsed: Error {}

  func prepare(
    _ tables: [TableMapping], object: String, on connection: PostgresConnection, keepsChanges: Bool = true
  ) async throws {
    let schema = schema
    do {
      try await connection.transaction { db in
        // DDL waits for readers; readers that come later wait for it. Better to try again than to stand in the way.
        try db.execute("set local lock_timeout = '10s'")
        _ = try db.query(
          "select pg_advisory_xact_lock(hashtextextended($1, 7236837461120903))", [.text(schema)])
        try Self.prepareSchema(schema, on: db)
        try Self.prepareBookkeeping(schema, on: db)
        for table in tables { try Self.prepare(table, object: object, schema: schema, on: db) }
        for table in tables where table.table == CaptureTables.person {
          try Self.prepareCapture(table, schema: schema, on: db)
        }
        if !keepsChanges { throw Rehearsed() }
      }
    } catch is Rehearsed {
      return
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema)
    }
  }

  private static func prepareSchema(_ schema: String, on db: isolated PostgresConnection) throws {
    let rows = try db.query(
      """
      select to_regnamespace($1) is not null as found,
        pg_encoding_to_char(encoding) as encoding from pg_database where datname = current_database()
      """, [.text(quotedIdentifier(schema))])
    if let encoding = try rows.first?.string("encoding"), encoding != "UTF8" {
      throw DestinationError(problem: .encoding(encoding), schema: schema, table: nil, detail: "")
    }
    if try rows.first?.bool("found") != true { try db.execute("create schema \(quotedIdentifier(schema))") }
  }

  private static func prepareBookkeeping(_ schema: String, on db: isolated PostgresConnection) throws {
    do {
      try Bookkeeping.prepare(in: schema, on: db)
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema)
    }
  }

  private static func prepareCapture(
    _ table: TableMapping, schema: String, on db: isolated PostgresConnection
  ) throws {
    do {
      try CaptureTables.prepare(table, in: schema, on: db)
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema, table: table.table)
    }
  }

  private static func prepare(
    _ table: TableMapping, object: String, schema: String, on db: isolated PostgresConnection
  ) throws {
    do {
      let existing = try existingTable(table.table, schema: schema, on: db)
      for change in table.changes(from: existing, object: object) {
        try perform(change, on: table, object: object, schema: schema, db)
      }
      for column in table.lookups { try prepareIndex(on: column, of: table.table, schema: schema, db) }
      try Bookkeeping.note(table, in: schema, on: db)
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema, table: table.table)
    }
  }

  /// Makes an index once the table holds rows: the first copy is quicker without.
  private static func prepareIndex(
    on column: String, of table: String, schema: String, _ db: isolated PostgresConnection
  ) throws {
    let name = qualified(schema, table)
    let found = try db.query(
      """
      select exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = $1::regclass and i.indisvalid and i.indpred is null and a.attname = $2) as is_there
      """, [.text(name), .text(column)])
    if try found.first?.bool("is_there") == true { return }
    if try db.query("select from \(name) limit 1").isEmpty { return }
    try db.execute("create index on \(name) (\(quotedIdentifier(column)))")
  }

  private static func perform(
    _ change: SchemaChange, on table: TableMapping, object: String, schema: String, _ db: isolated PostgresConnection
  ) throws {
    let name = qualified(schema, table.table)
    func column(_ column: String) -> String { "\(name).\(quotedIdentifier(column))" }
    switch change {
    case .create:
      try db.execute("create table \(name) (\(table.definitions.map(\.clause).joined(separator: ", ")))")
      let comments = table.definitions.compactMap { definition in
        definition.field.map {
          comment(TableMapping.comment(on: $0, of: object), on: "column \(column(definition.name))")
        }
      }
      try db.execute(
        ([comment("Veeva \(object), kept in step by crmsync", on: "table \(name)")] + comments).joined(separator: "; "))
    case .add(let definition):
      try db.execute("alter table \(name) add column \(definition.clause)")
      if let field = definition.field {
        try db.execute(
          comment(TableMapping.comment(on: field, of: object), on: "column \(column(definition.name))"))
      }
    case .widen(let column, let type, let conversion):
      // PostgreSQL: a column that a trigger's condition names keeps its type. They are made again afterwards.
      if table.table == CaptureTables.person { try db.execute(CaptureTables(schema: schema).dropTriggers) }
      try db.execute(
        "alter table \(name) alter column \(quotedIdentifier(column)) type \(type) using \(conversion)")
    case .retire(let name, let text), .revive(let name, let text):
      try db.execute(comment(text, on: "column \(column(name))"))
    case .conflict(let column, let has, let wants):
      throw DestinationError(
        problem: .incompatibleColumn(column, has: has, wants: wants), schema: schema, table: table.table,
        detail: table.columns.first { $0.column == column }.map { "\(object).\($0.field)" } ?? "")
    case .foreign: throw DestinationError(problem: .foreignTable, schema: schema, table: table.table, detail: "")
    }
  }

  private static func comment(_ text: String, on what: String) -> String {
    "comment on \(what) is '\(text.replacing("'", with: "''"))'"
  }

  /// The table as it is, or `nil` when there is none.
  private static func existingTable(
    _ table: String, schema: String, on db: isolated PostgresConnection
  ) throws -> ExistingTable? {
    let rows = try db.query(
      """
      select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        col_description(c.oid, a.attnum) as comment, c.relkind in ('r', 'p') as is_table,
        exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid
          and i.indpred is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum) as is_unique
      from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.oid = to_regclass($1)
      """, [.text(qualified(schema, table))])
    guard let first = rows.first else { return nil }
    var existing = ExistingTable(columns: [:], isTable: try first.bool("is_table") ?? false, hasKey: false)
    for row in rows {
      guard let name = try row.string("name"), let type = try row.string("type") else { continue }
      existing.columns[name] = ExistingTable.Column(type: type, comment: try row.string("comment"))
      if name == "veeva_id", try row.bool("is_unique") == true { existing.hasKey = true }
    }
    return existing
  }
}

/// A table's name with its schema's, quoted.
func qualified(_ schema: String, _ table: String) -> String {
  "\(quotedIdentifier(schema)).\(quotedIdentifier(table))"
}

import PostgreSQL
import SyncModel

/// Creates and alters the destination's tables, in one transaction, one process at a time.
struct SchemaMigrator: Sendable {
  let schema: String

  func prepare(_ tables: [TableMapping], object: String, on connection: PostgresConnection) async throws {
    let schema = schema
    do {
      try await connection.transaction { db in
        // DDL waits for readers; readers that come later wait for it. Better to try again than to stand in the way.
        try db.execute("set local lock_timeout = '10s'")
        _ = try db.query(
          "select pg_advisory_xact_lock(hashtextextended($1, 7236837461120903))", [.text(schema)])
        let exists = try db.query("select to_regnamespace($1) is not null as found", [.text(quotedIdentifier(schema))])
        if try exists.first?.bool("found") != true { try db.execute("create schema \(quotedIdentifier(schema))") }
        for table in tables { try Self.prepare(table, object: object, schema: schema, on: db) }
      }
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema)
    }
  }

  private static func prepare(
    _ table: TableMapping, object: String, schema: String, on db: isolated PostgresConnection
  ) throws {
    let name = qualified(schema, table.table)
    for change in table.changes(from: try existingColumns(of: table.table, schema: schema, on: db)) {
      switch change {
      case .create:
        try db.execute("create table \(name) (\(table.definitions.map(\.clause).joined(separator: ", ")))")
        let comment = "Veeva \(object), kept in step by crmsync".replacing("'", with: "''")
        try db.execute("comment on table \(name) is '\(comment)'")
      case .add(let column): try db.execute("alter table \(name) add column \(column.clause)")
      case .widen(let column, let type):
        let quoted = quotedIdentifier(column)
        try db.execute("alter table \(name) alter column \(quoted) type \(type) using \(quoted)::\(type)")
      case .conflict(let column, let has, let wants):
        throw DestinationError(
          problem: .incompatibleColumn(column, has: has, wants: wants), schema: schema, table: table.table, detail: "")
      case .foreign: throw DestinationError(problem: .foreignTable, schema: schema, table: table.table, detail: "")
      }
    }
  }

  /// Column types by name, or `nil` when there is no such table.
  private static func existingColumns(
    of table: String, schema: String, on db: isolated PostgresConnection
  ) throws -> [String: String]? {
    let rows = try db.query(
      """
      select a.attname as name, format_type(a.atttypid, null) as type
      from pg_attribute a
      where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
      """, [.text(qualified(schema, table))])
    if rows.isEmpty { return nil }
    var columns: [String: String] = [:]
    for row in rows {
      if let name = try row.string("name"), let type = try row.string("type") { columns[name] = type }
    }
    return columns
  }
}

/// A table's name with its schema's, quoted.
func qualified(_ schema: String, _ table: String) -> String {
  "\(quotedIdentifier(schema)).\(quotedIdentifier(table))"
}

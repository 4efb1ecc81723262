import PostgreSQL
import SyncModel

/// Tables in the destination's schema that hold no records.
enum Bookkeeping {
  /// Changes that were committed and are not published yet.
  static let outbox = "crmsync_outbox"
  /// Records that were seen deleted: an older version of one, which a slow page may still bring, does not come back.
  static let removed = "crmsync_removed"
  /// Which columns of an entity its events carry: who removes a call removes its key messages, and knows only calls.
  static let entities = "crmsync_entity"

  /// How long a removed record is remembered. Results of a bulk job can be read for seven days, and no page is older.
  private static let memory = "30 days"

  private static let definitions = [
    outbox: """
    (id bigint generated always as identity primary key, event_id uuid not null default gen_random_uuid(),
    entity text not null, kind text not null, veeva_id text not null, veeva_system_modstamp timestamptz not null,
    before jsonb, after jsonb, recorded_at timestamptz not null default clock_timestamp())
    """,
    removed: """
    (entity text, veeva_id text collate "C", veeva_system_modstamp timestamptz not null,
    recorded_at timestamptz not null default now(), primary key (entity, veeva_id))
    """,
    entities: "(entity text primary key, event_columns text[] not null)",
  ]

  /// Makes what is missing.
  static func prepare(in schema: String, on db: isolated PostgresConnection) throws {
    for (table, definition) in definitions.sorted(by: { $0.key < $1.key }) {
      // Looked for first: CREATE … IF NOT EXISTS wants the right to create even where there is nothing to do.
      let found = try db.query(
        "select to_regclass($1) is not null as found", [.text(qualified(schema, table))])
      if try found.first?.bool("found") == true { continue }
      try db.execute(
        "create table \(qualified(schema, table)) \(definition); "
          + "comment on table \(qualified(schema, table)) is 'Kept by crmsync for itself'")
    }
    let old = "recorded_at < now() - interval '\(memory)'"
    let removed = qualified(schema, removed)
    if try !db.query("select from \(removed) where \(old) limit 1").isEmpty {
      try db.execute("delete from \(removed) where \(old)")
    }
  }

  /// Takes note of the columns that a table's events carry.
  static func note(_ table: TableMapping, in schema: String, on db: isolated PostgresConnection) throws {
    let names = table.columns.filter { $0.raisesEvents && $0.source > ObjectMapping.modstampColumn }.map(\.column)
    let columns = "array[\(names.map(literal).joined(separator: ", "))]::text[]"
    let entities = qualified(schema, entities)
    let known = try db.query(
      "select from \(entities) where entity = \(literal(table.table)) and event_columns = \(columns)")
    guard known.isEmpty else { return }
    try db.execute(
      "insert into \(entities) values (\(literal(table.table)), \(columns)) "
        + "on conflict (entity) do update set event_columns = excluded.event_columns")
  }
}

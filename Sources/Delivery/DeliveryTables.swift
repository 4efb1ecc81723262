import PostgreSQL
import SyncModel

/// Tables in the mirror's schema that remember what Marketo has.
enum DeliveryTables {
  /// A row per record: what it should be, what Marketo has, and who is bringing it there.
  static let delivery = "crmsync_delivery"
  /// How far each table has been looked through.
  static let marks = "crmsync_delivery_mark"
  /// Imports that have not been settled.
  static let imports = "crmsync_delivery_import"

  /// The columns of a delivery's row that hold contents are hashes:
  /// - `wanted`: what the mirror has, empty for a record that has gone;
  /// - `delivered`: what Marketo has; `sending`: what is under way; `refused`: what Marketo did not take.
  ///
  /// A row waits while `wanted` is neither `delivered` nor `refused`. Its primary key is what keeps a key from being
  /// under way twice: `batch` and `in_flight_until` belong to whoever claimed it last.
  private static let definitions = [
    delivery: """
    (entity text, veeva_id text collate "C", lead text collate "C", wanted text not null, delivered text, sending text,
    refused text, batch text, in_flight_until timestamptz, due_at timestamptz not null default '-infinity',
    attempt integer not null default 0, marketo_id text, first_delivered_at timestamptz, delivered_at timestamptz,
    error_code text, error text, warning text, primary key (entity, veeva_id)) with (fillfactor = 80)
    """,
    marks: "(entity text primary key, seen_from timestamptz)",
    imports: """
    (batch text primary key, entity text not null, import_id bigint not null, rows bigint not null,
    started_at timestamptz not null default clock_timestamp(), followed_until timestamptz not null)
    """,
  ]

  private static let indexes = [
    (
      "waiting",
      "(entity, due_at, attempt desc, veeva_id) where wanted is distinct from delivered and wanted is distinct from refused"
    ),
    ("batch", "(batch) where batch is not null"),
    ("first", "(entity, first_delivered_at)"),
    ("refused", "(entity) where refused is not null"),
  ]

  /// Makes what is missing, for these sources.
  static func prepare(_ sources: [DeliverySource], in schema: String, on db: isolated PostgresConnection) throws {
    let qualified = { (name: String) in "\(quotedIdentifier(schema)).\(quotedIdentifier(name))" }
    _ = try db.query("select pg_advisory_xact_lock(hashtextextended($1, 7236837461120904))", [.text(schema)])
    for (table, definition) in definitions.sorted(by: { $0.key < $1.key }) {
      try db.execute("create table if not exists \(qualified(table)) \(definition)")
      try db.execute("comment on table \(qualified(table)) is 'Kept by crmsync for itself'")
    }
    for (name, columns) in indexes {
      try db.execute(
        "create index if not exists \(quotedIdentifier("\(delivery)_\(name)")) on \(qualified(delivery)) \(columns)")
    }
    for source in sources {
      for column in source.lookups {
        let name = quotedIdentifier("crmsync_delivery_" + ColumnHash.short(column.table + "." + column.column))
        try db.execute(
          "create index if not exists \(name) on \(qualified(column.table)) (\(quotedIdentifier(column.column)))")
      }
      _ = try db.query(
        "insert into \(qualified(marks)) (entity) values ($1) on conflict do nothing", [.text(source.entity.table)])
    }
  }
}

/// Short names of indexes that are long enough to differ.
enum ColumnHash {
  /// FNV-1a, 64 bits, in base 36.
  static func short(_ text: String) -> String {
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    return String(hash, radix: 36)
  }
}

extension DeliverySource {
  /// Columns by which rows are looked for: what changed lately, and what refers to a parent that did.
  var lookups: [(table: String, column: String)] {
    var lookups = [(table: entity.table, column: "synced_at")]
    lookups += entity.parents.filter { $0.column != "veeva_id" }.map { (entity.table, $0.column) }
    guard let path = entity.leadPath else { return lookups }
    lookups.append((path.parent?.table ?? entity.table, path.column))
    if let parent = path.parent { lookups.append((entity.table, parent.column)) }
    if path.reference == .contact { lookups.append(("person", "veeva_contact_id")) }
    return lookups
  }
}

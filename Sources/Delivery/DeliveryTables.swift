import PostgreSQL
import SyncModel

/// Tables in the mirror's schema that remember what Marketo has.
enum DeliveryTables {
  /// A row per record: what it should be, what Marketo has, and who is bringing it there.
  static let delivery = "crmsync_delivery"
  /// How far each table has been looked through.
  static let marks = "crmsync_delivery_mark"
  /// How many records each table has in `delivery`, so that nobody has to count them.
  static let counts = "crmsync_delivery_count"
  /// Imports that have not been settled.
  static let imports = "crmsync_delivery_import"
  /// What is delivered, to which instance, and what stands in the way.
  static let state = "crmsync_delivery_state"
  /// That rows of custom objects were deleted: a row for each statement that did so.
  static let gone = "crmsync_delivery_gone"

  /// The columns of a delivery's row that hold contents are hashes:
  /// - `wanted`: what the mirror has, empty for a record that has gone;
  /// - `delivered`: what Marketo has; `sending`: what is under way; `refused`: what Marketo did not take; `discarded`:
  ///   what of it a person does not want to see again.
  ///
  /// `is_looked_for` says that Marketo was asked for a lead with the person's email address.
  ///
  /// A row waits while `wanted` is neither `delivered` nor `refused`. Its primary key is what keeps a key from being
  /// under way twice: `batch` and `in_flight_until` belong to whoever claimed it last.
  private static let definitions = [
    delivery: """
    (entity text, veeva_id text collate "C", lead text collate "C", wanted text not null, delivered text, sending text,
    refused text, batch text, in_flight_until timestamptz, due_at timestamptz not null default '-infinity',
    attempt integer not null default 0, marketo_id text, first_delivered_at timestamptz, delivered_at timestamptz,
    error_code text, error text, warning text, discarded text,
    is_looked_for boolean not null default false, primary key (entity, veeva_id)) with (fillfactor = 80)
    """,
    marks: "(entity text primary key, seen_from timestamptz, collected_at timestamptz, definition text not null)",
    counts: """
    (entity text primary key, rows bigint not null, unlinked bigint not null default 0, counted_at timestamptz,
    count_seconds float8 not null default 0)
    """,
    imports: """
    (batch text primary key, entity text not null, import_id bigint not null, rows bigint not null,
    started_at timestamptz not null default clock_timestamp(), followed_until timestamptz not null)
    """,
    state: """
    (only_row boolean primary key default true check (only_row), instance text, plan text,
    prepared_at timestamptz, problems jsonb not null default '[]', swept_at timestamptz not null default '-infinity',
    sweep_seconds float8 not null default 0)
    """,
    gone: "(at timestamptz not null default clock_timestamp())",
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

  /// Makes the tables that are missing.
  static func make(in schema: String, on db: isolated PostgresConnection) throws {
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
    try db.execute("insert into \(qualified(state)) default values on conflict do nothing")
    try db.execute(
      """
      create or replace function \(qualified(noteGone))() returns trigger language plpgsql as $$
        begin
          if exists (select from gone) then insert into \(qualified(gone)) default values; end if;
          return null;
        end $$
      """)
  }

  /// Makes what is missing, for these sources.
  static func prepare(_ sources: [DeliverySource], in schema: String, on db: isolated PostgresConnection) throws {
    try make(in: schema, on: db)
    let qualified = { (name: String) in "\(quotedIdentifier(schema)).\(quotedIdentifier(name))" }
    for source in sources {
      for column in source.lookups {
        let name = quotedIdentifier("crmsync_delivery_" + ColumnHash.short(column.table + "." + column.column))
        try db.execute(
          "create index if not exists \(name) on \(qualified(column.table)) (\(quotedIdentifier(column.column)))")
      }
      if source.adopts {
        let name = quotedIdentifier("crmsync_delivery_" + ColumnHash.short(source.entity.table + ".lower(email)"))
        try db.execute("create index if not exists \(name) on \(source.table) (lower(email))")
      }
      if source.entity.leadPath != nil { try noteRemovals(of: source, qualified, on: db) }
      // Rows that are rendered in another way may all have changed.
      _ = try db.query(
        """
        insert into \(qualified(marks)) as m (entity, definition) values ($1, $2)
        on conflict (entity) do update set definition = excluded.definition, seen_from = null
        where m.definition <> excluded.definition
        """, [.text(source.entity.table), .text(source.definition)])
    }
  }

  private static let noteGone = "crmsync_delivery_note_gone"

  private static func noteRemovals(
    of source: DeliverySource, _ qualified: (String) -> String, on db: isolated PostgresConnection
  ) throws {
    let there = try db.query(
      "select from pg_trigger where tgrelid = $1::regclass and tgname = $2",
      [.text(source.table), .text(noteGone)])
    guard there.isEmpty else { return }
    try db.execute(
      """
      create trigger \(noteGone) after delete on \(source.table) referencing old table as gone
        for each statement execute function \(qualified(noteGone))()
      """)
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

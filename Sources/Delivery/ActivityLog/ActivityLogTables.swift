import PostgreSQL

/// Tables in the mirror's schema that remember which entries of the activity log Marketo was told.
enum ActivityLogTables {
  /// A row per entry of the log.
  static let entries = "crmsync_activity"
  /// One row: the type of the activities, and what stands in the way.
  static let state = "crmsync_activity_state"

  private static let onEntry = "crmsync_activity_note"

  /// The columns of an entry's row:
  /// - `outcome`: null while it waits, then `told` or `refused`;
  /// - `claimed_at`: since when a call may have told it; null where none has;
  /// - `claimed_until`: how long nobody else may tell it.
  private static let definitions = [
    entries: """
    (entry_id bigint primary key, outcome text check (outcome in ('told', 'refused')), batch text,
    claimed_at timestamptz, claimed_until timestamptz, attempt integer not null default 0,
    due_at timestamptz not null default '-infinity', marketo_guid text, error_code text, error text,
    settled_at timestamptz)
    """,
    state: """
    (only_row boolean primary key default true check (only_row), type_id bigint, problem text, looked_at timestamptz)
    """,
  ]

  /// Makes what is missing. Entries that are there already are to be told, too.
  /// - Returns: false where there is no log, or deliveries have no tables yet.
  static func prepare(in schema: String, on db: isolated PostgresConnection) throws -> Bool {
    let qualified = { (name: String) in "\(quotedIdentifier(schema)).\(quotedIdentifier(name))" }
    let log = qualified(LeadChangeTables.activity)
    let there = try db.query(
      """
      select to_regclass($1) is not null and to_regclass($2) is not null as found,
        exists (select from pg_trigger where tgrelid = to_regclass($1) and tgname = $3) as prepared
      """, [.text(log), .text(qualified(DeliveryTables.delivery)), .text(onEntry)]
    ).first
    guard try there?.bool("found") == true else { return false }
    if try there?.bool("prepared") == true { return true }
    _ = try db.query("select pg_advisory_xact_lock(hashtextextended($1, 7236837461120905))", [.text(schema)])
    for (table, definition) in definitions.sorted(by: { $0.key < $1.key }) {
      try db.execute("create table if not exists \(qualified(table)) \(definition)")
      try db.execute("comment on table \(qualified(table)) is 'Kept by crmsync for itself'")
    }
    // The trigger's lock lets no entry be written between it and the look at those that are there.
    try db.execute(
      """
      create index if not exists crmsync_activity_waiting on \(qualified(entries)) (entry_id) where outcome is null;
      create index if not exists crmsync_activity_refused on \(qualified(entries)) (settled_at)
        where outcome = 'refused';
      insert into \(qualified(state)) default values on conflict do nothing;
      create or replace function \(qualified(onEntry))() returns trigger language plpgsql
        security definer set search_path = pg_catalog, pg_temp
      as $body$
      begin
        insert into \(qualified(entries)) (entry_id) values (new.id) on conflict do nothing;
        return null;
      end $body$;
      drop trigger if exists \(onEntry) on \(log);
      create trigger \(onEntry) after insert on \(log) for each row execute function \(qualified(onEntry))()
      """)
    try db.execute("insert into \(qualified(entries)) (entry_id) select id from \(log) on conflict do nothing")
    return true
  }
}

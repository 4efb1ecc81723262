import PostgreSQL

/// Tables in the mirror's schema by which marketers' changes of leads are told from our own.
enum LeadChangeTables {
  /// One row: where the feed of changes goes on, and when it was last read to its end.
  static let feed = "crmsync_lead_feed"
  /// What was seen of a field of a lead.
  static let fields = "crmsync_lead_field"
  /// Values of two-way fields that were claimed for delivery, until the feed has passed them.
  static let sent = "crmsync_delivery_sent"
  /// The destination's log of what became of persons' changes; there where write-back is asked for.
  static let activity = "person_activity"

  private static let version = 1
  private static let onEnd = "crmsync_delivery_end"

  /// Makes what is missing. The deliveries' own tables have to be there.
  static func prepare(schema: String, on db: isolated PostgresConnection) throws {
    let qualified = { (name: String) in "\(quotedIdentifier(schema)).\(quotedIdentifier(name))" }
    let delivery = qualified(DeliveryTables.delivery)
    let definitions = [
      feed: "(id boolean primary key default true check (id), token text not null, read_at timestamptz)",
      fields: """
      (veeva_id text collate "C", field text, seen_at timestamptz not null, guids text[] not null, mirror text,
      primary key (veeva_id, field))
      """,
      sent: """
      (veeva_id text collate "C", batch text, content jsonb not null,
      began timestamptz not null default clock_timestamp(), ended timestamptz, primary key (veeva_id, batch))
      """,
    ]
    for (table, definition) in definitions.sorted(by: { $0.key < $1.key }) {
      try db.execute("create table if not exists \(qualified(table)) \(definition)")
      try db.execute("comment on table \(qualified(table)) is 'Kept by crmsync for itself'")
    }
    try db.execute(
      """
      create index if not exists \(quotedIdentifier("\(sent)_ended")) on \(qualified(sent)) (ended)
        where ended is not null;
      create index if not exists \(quotedIdentifier("\(DeliveryTables.delivery)_lead")) on \(delivery) (marketo_id)
        where entity = 'person'
      """)
    let mark = "crmsync lead changes \(version)"
    let current = try db.query(
      """
      select obj_description(oid, 'pg_trigger') as mark from pg_trigger
      where tgrelid = to_regclass($1) and tgname = $2 and not tgisinternal
      """, [.text(delivery), .text(onEnd)])
    if try current.first?.string("mark") == mark { return }
    try db.execute(ending(qualified(onEnd), sent: qualified(sent)))
    try db.execute(
      """
      drop trigger if exists \(onEnd) on \(delivery);
      create trigger \(onEnd) after update of batch on \(delivery) for each row
        when (old.entity = 'person' and old.batch is not null and new.batch is distinct from old.batch)
        execute function \(qualified(onEnd))();
      comment on trigger \(onEnd) on \(delivery) is \(literal(mark))
      """)
  }

  /// Notes when a delivery has ended, whatever ended it: settled, given back or taken over. One whose answer is missing
  /// may be at work as long as its record is held.
  private static func ending(_ function: String, sent: String) -> String {
    """
    create or replace function \(function)() returns trigger language plpgsql set search_path = pg_catalog, pg_temp
    as $body$
    begin
      update \(sent) set ended = greatest(clock_timestamp(), case when new.batch is null then new.in_flight_until end)
      where veeva_id = old.veeva_id and batch = old.batch;
      return null;
    end $body$
    """
  }
}

import PostgreSQL
import SyncModel

/// What tells marketers' changes of a person's two-way columns from the sync's own: a table of changes that Veeva does
/// not have, two triggers, and the log of what became of them.
///
/// The triggers follow ``SyncModel/TwoWayValue``, of which each row of the capture table is one, with the person's
/// column as its value. Who writes for the sync says so by the setting `crmsync.writing`, for a transaction.
struct CaptureTables {
  static let table = "crmsync_capture"
  static let activity = "person_activity"
  static let tokens = "crmsync_capture_token"
  static let person = "person"
  /// Says, until the transaction ends, that the sync is writing what Veeva shows.
  static let announce = "set local crmsync.writing = 'on'"

  /// Moves on whenever the functions or triggers change, so that they are made anew.
  private static let version = 1
  private static let onEdit = "crmsync_capture_edit"
  private static let onMeeting = "crmsync_meet_veeva"

  let schema: String
  /// The two-way columns.
  let columns: [String]

  init(schema: String, columns: [String] = []) {
    self.schema = schema
    self.columns = columns
  }

  private var capture: String { qualified(schema, Self.table) }
  private var log: String { qualified(schema, Self.activity) }
  private var persons: String { qualified(schema, Self.person) }

  /// Makes what is missing, or takes the triggers away where nothing travels back.
  static func prepare(
    _ table: TableMapping, writesBack: Bool, in schema: String, on db: isolated PostgresConnection
  ) throws {
    let columns = writesBack ? table.columns.filter { $0.direction == .bothWays }.map(\.column) : []
    let tables = CaptureTables(schema: schema, columns: columns)
    let current = try db.query(
      """
      select obj_description(oid, 'pg_trigger') as mark from pg_trigger
      where tgrelid = to_regclass($1) and tgname = $2 and not tgisinternal
      """, [.text(tables.persons), .text(onEdit)])
    if columns.isEmpty {
      if !current.isEmpty { try db.execute(tables.dropTriggers) }
      return
    }
    if try current.first?.string("mark") == tables.mark { return }
    try db.execute(tables.makeTables)
    try db.execute(tables.makeFunctions)
    try db.execute(tables.dropTriggers + "; " + tables.makeTriggers)
    try db.execute(tables.forgetOthers)
  }

  private var mark: String { "crmsync write-back \(Self.version): \(columns.joined(separator: ", "))" }

  private var makeTables: String {
    """
    create table if not exists \(capture) (
      veeva_id text collate "C", column_name text, agreed jsonb not null, sent jsonb not null default '[]',
      written_at timestamptz, refused jsonb, token bigint not null default 0, claimed_until timestamptz,
      due timestamptz not null default now(), attempts integer not null default 0,
      captured_at timestamptz not null default clock_timestamp(), primary key (veeva_id, column_name));
    comment on table \(capture) is 'Kept by crmsync for itself';
    create index if not exists crmsync_capture_due on \(capture) (due) where due < 'infinity';
    create sequence if not exists \(qualified(schema, Self.tokens));
    create table if not exists \(log) (
      id bigint generated always as identity primary key, veeva_id text collate "C" not null,
      at timestamptz not null default clock_timestamp(), kind text not null, field text not null, value text,
      other_value text, reason text);
    comment on table \(log) is 'What became of changes of persons that Veeva did not take, kept by crmsync';
    create index if not exists person_activity_person on \(log) (veeva_id)
    """
  }

  private var dropTriggers: String {
    [Self.onEdit, Self.onMeeting].map { "drop trigger if exists \($0) on \(persons)" }.joined(separator: "; ")
  }

  private var makeTriggers: String {
    let names = columns.map(quotedIdentifier)
    let old = names.map { "old.\($0)" }.joined(separator: ", ")
    let new = names.map { "new.\($0)" }.joined(separator: ", ")
    let isOurs = "current_setting('crmsync.writing', true)"
    return """
      create trigger \(Self.onEdit) after update on \(persons) for each row
        when (\(isOurs) is distinct from 'on' and (\(old)) is distinct from (\(new)))
        execute function \(qualified(schema, Self.onEdit))(\(columns.map(literal).joined(separator: ", ")));
      create trigger \(Self.onMeeting) before update on \(persons) for each row
        when (\(isOurs) = 'on') execute function \(qualified(schema, Self.onMeeting))();
      comment on trigger \(Self.onEdit) on \(persons) is \(literal(mark))
      """
  }

  /// Changes of columns that are two-way no longer.
  private var forgetOthers: String {
    let names = columns.map(literal).joined(separator: ", ")
    return """
      with gone as (delete from \(capture) where column_name not in (\(names)) returning *)
      insert into \(log) (veeva_id, kind, field, other_value, reason)
      select veeva_id, 'dropped', column_name, \(Self.text("agreed")), 'the field is no longer two-way' from gone
      """
  }

  /// A JSON value as Veeva writes it: parts of a list joined by `;`.
  static func text(_ value: String) -> String {
    """
    case jsonb_typeof(\(value)) when 'array' then (
      select string_agg(part, ';' order by nth)
      from jsonb_array_elements_text(\(value)) with ordinality as parts (part, nth)
    ) else \(value) #>> '{}' end
    """
  }

  /// The functions run with the rights of their owner: marketers need none on the sync's own tables.
  private var makeFunctions: String {
    let settings = "security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'"
    return """
      create or replace function \(qualified(schema, Self.onEdit))() returns trigger language plpgsql \(settings)
      as $body$
      declare
        was jsonb := to_jsonb(old);
        becomes jsonb := to_jsonb(new);
        name text;
      begin
        foreach name in array tg_argv loop
          if was -> name is distinct from becomes -> name then
            insert into \(capture) as c (veeva_id, column_name, agreed) values (old.veeva_id, name, was -> name)
            on conflict (veeva_id, column_name) do update set refused = null, due = now(), attempts = 0;
          end if;
        end loop;
        return null;
      end $body$;

      create or replace function \(qualified(schema, Self.onMeeting))() returns trigger language plpgsql \(settings)
      as $body$
      declare
        c record;
        was jsonb;
        becomes jsonb;
        mine jsonb;
        shown jsonb;
        kept jsonb := '{}';
        later jsonb;
        place bigint;
      begin
        for c in select * from \(capture) where veeva_id = old.veeva_id order by column_name loop
          if was is null then
            was := to_jsonb(old);
            becomes := to_jsonb(new);
          end if;
          mine := was -> c.column_name;
          shown := becomes -> c.column_name;
          if shown is null then
            continue;
          end if;
          -- A version from before the last write.
          if new.veeva_system_modstamp < c.written_at then
            kept := kept || jsonb_build_object(c.column_name, mine);
            continue;
          end if;
          select min(s.ordinality) into place
          from jsonb_array_elements(c.sent) with ordinality as s (value) where s.value = shown;
          if place is not null or shown = c.agreed then
            -- Our own echo, or nothing new.
            kept := kept || jsonb_build_object(c.column_name, mine);
            select coalesce(jsonb_agg(s.value order by s.ordinality), '[]') into later
            from jsonb_array_elements(c.sent) with ordinality as s (value) where s.ordinality > coalesce(place, 0);
            if later = '[]' and mine = shown then
              delete from \(capture) where veeva_id = c.veeva_id and column_name = c.column_name;
            else
              update \(capture) set agreed = shown, sent = later,
                refused = case when place is null then c.refused end,
                due = case when mine = shown or (place is null and c.refused = mine) then 'infinity'::timestamptz
                  when c.due = 'infinity' then now() else c.due end
              where veeva_id = c.veeva_id and column_name = c.column_name;
            end if;
          else
            if mine <> c.agreed and mine <> shown then
              insert into \(log) (veeva_id, kind, field, value, other_value, reason)
              values (old.veeva_id, 'overruled', c.column_name, \(Self.text("mine")), \(Self.text("shown")),
                'changed in Veeva, too');
            end if;
            delete from \(capture) where veeva_id = c.veeva_id and column_name = c.column_name;
          end if;
        end loop;
        if kept <> '{}' then
          new := jsonb_populate_record(new, kept);
        end if;
        return new;
      end $body$
      """
  }
}

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
  /// What the open bulk job carries, and the one row that says how it stands.
  static let carried = "crmsync_bulk_change"
  static let bulk = "crmsync_bulk_update"
  static let tokens = "crmsync_capture_token"
  static let person = "person"
  /// Says, until the transaction ends, that the sync is writing what Veeva shows.
  static let announce = "set local crmsync.writing = 'on'"

  /// Tells the coordinator, where it listens to this database, that there is something to write.
  private static let announcement = "crmsync_progress"

  /// Moves on whenever the functions or triggers change, so that they are made anew.
  private static let version = 4
  private static let onEdit = "crmsync_capture_edit"
  private static let onSpelling = "crmsync_capture_spelling"
  private static let onMeeting = "crmsync_meet_veeva"

  let schema: String
  /// The columns whose changes are written to Veeva.
  let columns: [MappedColumn]

  init(schema: String, columns: [MappedColumn] = []) {
    self.schema = schema
    self.columns = columns
  }

  private var capture: String { qualified(schema, Self.table) }
  private var carried: String { qualified(schema, Self.carried) }
  private var log: String { qualified(schema, Self.activity) }
  private var persons: String { qualified(schema, Self.person) }

  /// Makes what is missing, or takes the triggers away where nothing travels back.
  static func prepare(_ table: TableMapping, in schema: String, on db: isolated PostgresConnection) throws {
    let tables = CaptureTables(schema: schema, columns: table.columns.filter(\.direction.reachesVeeva))
    let current = try db.query(
      """
      select obj_description(oid, 'pg_trigger') as mark from pg_trigger
      where tgrelid = to_regclass($1) and tgname = $2 and not tgisinternal
      """, [.text(tables.persons), .text(onEdit)])
    if tables.columns.isEmpty {
      let isThere = try db.query("select to_regclass($1) is not null as found", [.text(tables.capture)])
      guard try isThere.first?.bool("found") == true else { return }
      if !current.isEmpty { try db.execute(tables.dropTriggers) }
      try db.execute(tables.forgetOthers)
      return
    }
    if try current.first?.string("mark") == tables.mark { return }
    try db.execute(tables.makeTables)
    try db.execute(tables.makeFunctions)
    try db.execute(tables.dropTriggers + "; " + tables.makeTriggers)
    try db.execute(tables.forgetOthers)
  }

  private var mark: String {
    let columns = columns.map { "\($0.column) \($0.type.rawValue)\($0.direction == .toVeeva ? " owned" : "")" }
    return "crmsync write-back \(Self.version): \(columns.joined(separator: ", "))"
  }

  private var makeTables: String {
    """
    create table if not exists \(capture) (
      veeva_id text collate "C", column_name text, agreed jsonb not null, sent jsonb not null default '[]',
      written_at timestamptz, refused jsonb, token bigint not null default 0, claimed_until timestamptz,
      due timestamptz not null default now(), attempts integer not null default 0,
      captured_at timestamptz not null default clock_timestamp(), primary key (veeva_id, column_name));
    alter table \(capture) add column if not exists is_owned boolean not null default false,
      add column if not exists replaced integer not null default 0;
    comment on table \(capture) is 'Kept by crmsync for itself';
    create index if not exists crmsync_capture_due on \(capture) (due) where due < 'infinity';
    create index if not exists crmsync_capture_refused on \(capture) (veeva_id) where refused is not null;
    create sequence if not exists \(qualified(schema, Self.tokens));
    create table if not exists \(carried) (
      veeva_id text collate "C", column_name text, token bigint not null, value jsonb not null,
      read_at timestamptz not null, primary key (veeva_id, column_name));
    comment on table \(carried) is 'Kept by crmsync for itself';
    create table if not exists \(qualified(schema, Self.bulk)) (
      only_row boolean primary key default true check (only_row), job text, token bigint not null default 0,
      opened_at timestamptz, busy_until timestamptz not null default 'epoch',
      avoided_until timestamptz not null default 'epoch');
    comment on table \(qualified(schema, Self.bulk)) is 'Kept by crmsync for itself';
    insert into \(qualified(schema, Self.bulk)) default values on conflict do nothing;
    create table if not exists \(log) (
      id bigint generated always as identity primary key, veeva_id text collate "C" not null,
      at timestamptz not null default clock_timestamp(), kind text not null, field text not null, value text,
      other_value text, reason text);
    comment on table \(log) is 'What became of changes of persons that Veeva did not take, kept by crmsync';
    create index if not exists person_activity_person on \(log) (veeva_id)
    """
  }

  var dropTriggers: String {
    [Self.onEdit, Self.onSpelling, Self.onMeeting].map { "drop trigger if exists \($0) on \(persons)" }
      .joined(separator: "; ")
  }

  private var makeTriggers: String {
    let names = columns.map { quotedIdentifier($0.column) }
    let old = names.map { "old.\($0)" }.joined(separator: ", ")
    let new = names.map { "new.\($0)" }.joined(separator: ", ")
    let isOurs = "current_setting('crmsync.writing', true)"
    let isEdit = "\(isOurs) is distinct from 'on' and (\(old)) is distinct from (\(new))"
    let arguments = columns.map { literal($0.column) }.joined(separator: ", ")
    return """
      create trigger \(Self.onSpelling) before update on \(persons) for each row
        when (\(isEdit)) execute function \(qualified(schema, Self.onSpelling))();
      create trigger \(Self.onEdit) after update on \(persons) for each row
        when (\(isEdit)) execute function \(qualified(schema, Self.onEdit))(\(arguments));
      create trigger \(Self.onMeeting) before update on \(persons) for each row
        when (\(isOurs) = 'on') execute function \(qualified(schema, Self.onMeeting))();
      comment on trigger \(Self.onEdit) on \(persons) is \(literal(mark))
      """
  }

  /// Changes of columns that no longer travel to Veeva.
  private var forgetOthers: String {
    let names = columns.map { literal($0.column) }.joined(separator: ", ")
    return """
      with gone as (delete from \(capture) where column_name <> all (array[\(names)]::text[]) returning *)
      insert into \(log) (veeva_id, kind, field, value, other_value, reason)
      select g.veeva_id, 'dropped', g.column_name, \(Self.text("to_jsonb(p) -> g.column_name")),
        \(Self.text("g.agreed")),
        case when g.is_owned then 'the field is no longer written to Veeva' else 'the field is no longer two-way' end
      from gone g join \(persons) p on p.veeva_id = g.veeva_id
      where to_jsonb(p) -> g.column_name is distinct from g.agreed order by g.veeva_id, g.column_name
      """
  }

  /// A JSON value as Veeva writes it: parts of a list joined by `;`.
  static func text(_ value: String) -> String {
    """
    case jsonb_typeof(\(value)) when 'array' then (
      select string_agg(part, ';' order by nth)
      from jsonb_array_elements_text(\(value)) with ordinality as parts (part, nth)
    ) else (\(value)) #>> '{}' end
    """
  }

  private var makeFunctions: String { [makeSpelling, makeEdit, makeMeeting].joined(separator: ";\n") }

  /// The functions run with the rights of their owner: marketers need none on the sync's own tables.
  private func function(_ name: String, _ body: String) -> String {
    """
    create or replace function \(qualified(schema, name))() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
    as $body$
    \(body)
    $body$
    """
  }

  /// Spells texts as Veeva stores them: without blanks at either end; an empty one is none. Otherwise what was written
  /// would come back as another value.
  private var makeSpelling: String {
    let changes = columns.compactMap { column -> String? in
      let name = "new.\(quotedIdentifier(column.column))"
      return switch column.type {
      case .text, .identifier: "  \(name) := nullif(btrim(\(name), E' \\t\\r\\n'), '');"
      case .textList: "  \(name) := nullif(\(name), '{}');"
      default: nil
      }
    }
    return function(Self.onSpelling, "begin\n\(changes.joined(separator: "\n"))\n  return new;\nend")
  }

  /// The columns that marketing owns, as an array of SQL.
  private var owned: String {
    let names = columns.filter { $0.direction == .toVeeva }.map { literal($0.column) }
    return "array[\(names.joined(separator: ", "))]::text[]"
  }

  private var makeEdit: String {
    function(
      Self.onEdit,
      """
      declare
        was jsonb := to_jsonb(old);
        becomes jsonb := to_jsonb(new);
        name text;
        is_new boolean := false;
      begin
        foreach name in array tg_argv loop
          if was -> name is distinct from becomes -> name then
            insert into \(capture) as c (veeva_id, column_name, agreed, is_owned)
            values (old.veeva_id, name, was -> name, name = any (\(owned)))
            on conflict (veeva_id, column_name) do update set refused = null, due = now(), attempts = 0, replaced = 0,
              captured_at = case when c.refused is not null or c.agreed = was -> name then clock_timestamp()
                else c.captured_at end;
            is_new := true;
          end if;
        end loop;
        if is_new then
          perform pg_notify('\(Self.announcement)', '');
        end if;
        return null;
      end
      """)
  }

  private var makeMeeting: String {
    function(
      Self.onMeeting,
      """
      declare
        c record;
        was jsonb;
        becomes jsonb;
        mine jsonb;
        shown jsonb;
        kept jsonb := '{}';
        later jsonb;
        under_way jsonb;
        place bigint;
        no_more jsonb;
        times integer;
        name text;
        is_new boolean := false;
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
          if becomes -> 'veeva_is_deleted' = 'true' then
            -- Nothing can be written to it. Should it come back, it comes as Veeva has it, but for what marketing owns.
            if c.is_owned then
              kept := kept || jsonb_build_object(c.column_name, mine);
            elsif mine <> c.agreed then
              insert into \(log) (veeva_id, kind, field, value, other_value, reason)
              values (old.veeva_id, 'gone', c.column_name, \(Self.text("mine")), \(Self.text("c.agreed")),
                'the account was deleted in Veeva, or has left what is synced');
            end if;
            delete from \(capture) where veeva_id = c.veeva_id and column_name = c.column_name;
            continue;
          end if;
          -- A version from before the last write.
          if new.veeva_system_modstamp < c.written_at then
            kept := kept || jsonb_build_object(c.column_name, mine);
            continue;
          end if;
          select b.value into under_way from \(carried) b
          where b.veeva_id = c.veeva_id and b.column_name = c.column_name and b.token = c.token;
          select min(s.ordinality) into place
          from jsonb_array_elements(c.sent) with ordinality as s (value) where s.value = shown;
          if place is not null or shown = c.agreed or c.is_owned then
            -- Our own echo, nothing new, or another value in place of one that marketing owns.
            kept := kept || jsonb_build_object(c.column_name, mine);
            select coalesce(jsonb_agg(s.value order by s.ordinality), '[]') into later
            from jsonb_array_elements(c.sent) with ordinality as s (value)
            where s.ordinality > coalesce(place, 0) and (place is not null or shown = c.agreed);
            no_more := case when place is null and shown = c.agreed then c.refused end;
            times := case when mine = shown then 0 else c.replaced end;
            if place is null and shown <> c.agreed then
              if under_way is not null then
                later := jsonb_build_array(under_way);
              end if;
              times := times + (mine = c.agreed)::integer;
              if times > \(TwoWayValue<String>.mostReplaced) then
                no_more := mine;
              end if;
            end if;
            if no_more is not null and mine = c.agreed and mine <> shown then
              insert into \(log) (veeva_id, kind, field, value, other_value, reason)
              values (old.veeva_id, 'refused', c.column_name, \(Self.text("mine")), \(Self.text("shown")),
                'Veeva has replaced it each time it was written, ' || times || ' times');
            end if;
            if later = '[]' and mine = shown and under_way is null then
              delete from \(capture) where veeva_id = c.veeva_id and column_name = c.column_name;
            else
              -- Without failed attempts, what waits waits for Veeva's change, which would have been here by now.
              update \(capture) set agreed = shown, sent = later, refused = no_more, replaced = times,
                attempts = case when mine = shown then 0 else c.attempts end,
                due = case when mine = shown or no_more = mine then 'infinity'::timestamptz
                  when c.attempts = 0 then least(c.due, now()) when c.due = 'infinity' then now() else c.due end
              where veeva_id = c.veeva_id and column_name = c.column_name;
            end if;
          else
            if mine <> c.agreed and mine <> shown then
              insert into \(log) (veeva_id, kind, field, value, other_value, reason)
              values (old.veeva_id, 'overruled', c.column_name, \(Self.text("mine")), \(Self.text("shown")),
                'changed in Veeva, too');
            end if;
            if under_way is null then
              delete from \(capture) where veeva_id = c.veeva_id and column_name = c.column_name;
            else
              -- A bulk job may still write over Veeva's value: it will be known for our own, and Veeva's written again.
              update \(capture) set agreed = shown, sent = jsonb_build_array(under_way), refused = null, due = 'infinity'
              where veeva_id = c.veeva_id and column_name = c.column_name;
            end if;
          end if;
        end loop;
        \(meetOwned)
        if kept <> '{}' then
          new := jsonb_populate_record(new, kept);
        end if;
        return new;
      end
      """)
  }

  /// What Veeva shows of columns that marketing owns and that both sides agreed on so far.
  private var meetOwned: String {
    let names = columns.filter { $0.direction == .toVeeva }.map { quotedIdentifier($0.column) }
    guard !names.isEmpty else { return "" }
    let (old, new) = (names.map { "old.\($0)" }, names.map { "new.\($0)" })
    return """
      if (\(old.joined(separator: ", "))) is distinct from (\(new.joined(separator: ", "))) then
        if was is null then
          was := to_jsonb(old);
          becomes := to_jsonb(new);
        end if;
        foreach name in array \(owned) loop
          if was -> name <> becomes -> name and not kept ? name then
            kept := kept || jsonb_build_object(name, was -> name);
            if becomes -> 'veeva_is_deleted' <> 'true' then
              insert into \(capture) (veeva_id, column_name, agreed, is_owned, replaced)
              values (old.veeva_id, name, becomes -> name, true, 1);
              is_new := true;
            end if;
          end if;
        end loop;
        if is_new then
          perform pg_notify('\(Self.announcement)', '');
        end if;
      end if;
      """
  }
}

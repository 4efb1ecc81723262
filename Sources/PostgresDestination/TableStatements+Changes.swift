import PostgreSQL
import SyncModel

/// What happens to one row of a table.
enum ChangeKind: String, Sendable, CaseIterable {
  case add = "a"
  /// Its content is replaced.
  case update = "u"
  /// Its content is equal, and only the stamp moves on.
  case stamp = "s"
  case flag = "f"
  case remove = "d"
  /// There is no row, and older versions of the record shall not make one.
  case remember = "x"
}

/// Some rows of a plan that are treated alike.
struct PlannedChange: Sendable {
  let kind: ChangeKind
  /// Whether they raise events.
  let raisesEvents: Bool
  let rows: Int
}

/// The statements that carry out a page's changes, by sets.
///
/// A plan says for each record what happens to its row, and where that row lay when the plan was made. A statement
/// changes only rows that still lie there, so that the values before are those that the plan compared, whatever else
/// happens to the table; rows that have moved meanwhile are planned anew.
extension TableStatements {
  /// Leaves, of several rows with one id, the newest; of equally new ones the one that was delivered last.
  func dropOlder(in staging: String) -> String {
    let staging = "pg_temp.\(quotedIdentifier(staging))"
    return """
      delete from \(staging) s using (
        select ctid as place, row_number() over (
          partition by veeva_id collate "C" order by veeva_system_modstamp desc, ctid desc) as place_in_line
        from \(staging)
      ) d where d.place_in_line > 1 and s.ctid = d.place
      """
  }

  func makePlan(_ plan: String) -> String {
    "create temp table if not exists \(quotedIdentifier(plan)) (id text collate \"C\", place tid, kind \"char\", "
      + "raises boolean, was_flagged boolean, stamp timestamptz, master text) on commit delete rows"
  }

  func clear(_ plan: String) -> String { "delete from pg_temp.\(quotedIdentifier(plan))" }

  /// Fills the plan and counts it by kind.
  func plan(_ plan: String, from staging: String, hasFate: Bool, scope: EventScope) -> String {
    let fate = hasFate ? "s.crmsync_fate" : "'A'::\"char\""
    let master = hasFate ? "s.crmsync_master" : "null::text"
    let flag = flagsDeleted ? "coalesce(t.veeva_is_deleted, false)" : "false"
    let storedMaster = flagsDeleted ? "t.masterrecordid" : "null::text"
    let comparable = "t.veeva_system_modstamp <= s.veeva_system_modstamp and \(fate) in ('A', 'F')"
    let left = content.map { "t.\($0)" } + resets.map { "t.\($0.column)" }
    let right = content.map { "s.\($0)" } + resets.map(\.value)
    let raisesAll = triggers.count == content.count
    let triggered =
      scope == .none || raisesAll
      ? "false" : "case when \(comparable) then \(differ(triggers.map { "t.\($0)" }, triggers.map { "s.\($0)" })) end"
    let gone =
      flagsDeleted
      ? "case when not was_flagged or master is distinct from stored_master then 'f' when is_older then 's' end" : "'d'"
    return """
      with planned as (
        insert into pg_temp.\(quotedIdentifier(plan)) (id, place, kind, raises, was_flagged, stamp, master)
        select id, place, kind::"char", coalesce(\(inScope(scope)) and case kind
            when 'a' then true when 'd' then true when 'f' then not was_flagged
            when 'u' then was_flagged or \(raisesAll ? "true" : "triggered") end, false),
          was_flagged, stamp, master
        from (
          select *, case
              when place is null then case
                when fate = 'A' and not is_blocked then 'a' when fate = 'D' and not is_known then 'x' end
              when is_newer then null
              when fate in ('D', 'L') then \(gone)
              when differs then 'u'
              when is_older then 's'
            end as kind
          from (
            select s.veeva_id as id, t.ctid as place, \(fate) as fate, s.veeva_system_modstamp as stamp,
              \(master) as master, \(storedMaster) as stored_master, \(flag) as was_flagged,
              t.veeva_system_modstamp < s.veeva_system_modstamp as is_older,
              t.veeva_system_modstamp > s.veeva_system_modstamp as is_newer,
              coalesce(r.veeva_system_modstamp > s.veeva_system_modstamp, false) as is_blocked,
              coalesce(r.veeva_system_modstamp >= s.veeva_system_modstamp, false) as is_known,
              case when \(comparable) then \(differ(left, right)) end as differs, \(triggered) as triggered
            from pg_temp.\(quotedIdentifier(staging)) s
            left join \(name) t on t.veeva_id = s.veeva_id
            left join \(removed) r on r.entity = \(entity) and r.veeva_id = s.veeva_id
            offset 0
          ) compared
        ) judged
        where kind is not null
        order by id
        returning kind, raises
      )
      select kind, raises, count(*) as rows from planned group by kind, raises
      """
  }

  /// Carries out a part of a plan.
  /// - Returns: a statement that gives the number of `rows` it changed and, where it raises any, of `events`.
  func perform(_ change: PlannedChange, of plan: String, from staging: String) -> String {
    let part = part(of: change)
    let planned = "pg_temp.\(quotedIdentifier(plan)) p"
    let staged = "pg_temp.\(quotedIdentifier(staging)) s on s.veeva_id = p.id"
    let here = "t.veeva_id = p.id and t.ctid = p.place"
    let old = change.raisesEvents ? " join \(name) old on old.veeva_id = p.id and old.ctid = p.place" : ""
    let returning =
      "returning t.veeva_id as id, t.veeva_system_modstamp as stamp" + (change.raisesEvents ? ", " : "")
    switch change.kind {
    case .add:
      let list = columns.joined(separator: ", ")
      return counting(
        """
        insert into \(name) as t (\(list))
        select \(columns.map { "s.\($0)" }.joined(separator: ", ")) from \(planned) join \(staged)
        where \(part) order by p.id on conflict do nothing
        \(returning)\(change.raisesEvents ? "'added' as kind, null::jsonb as before, \(json(of: "t")) as after" : "")
        """, change)
    case .update:
      let assignments =
        others.map { "\($0) = s.\($0)" } + resets.map { "\($0.column) = \($0.value)" } + ["synced_at = now()"]
      let events = """
        case when p.was_flagged then 'added' else 'updated' end as kind,
          case when not p.was_flagged then \(json(of: "old")) end as before, \(json(of: "t")) as after
        """
      return counting(
        """
        update \(name) t set \(assignments.joined(separator: ", ")) from \(planned) join \(staged)\(old)
        where \(part) and \(here)
        \(returning)\(change.raisesEvents ? events : "")
        """, change)
    case .stamp:
      return counting(
        "update \(name) t set veeva_system_modstamp = p.stamp from \(planned) where \(part) and \(here) \(returning)",
        change)
    case .flag:
      return counting(
        """
        update \(name) t set veeva_is_deleted = true, masterrecordid = p.master, veeva_system_modstamp = p.stamp,
          synced_at = now()
        from \(planned)\(old) where \(part) and \(here)
        \(returning)\(change.raisesEvents ? "'removed' as kind, \(json(of: "old")) as before, null::jsonb as after" : "")
        """, change)
    case .remove:
      let events = "'removed' as kind, \(json(of: "t")) as before, null::jsonb as after"
      return counting(
        """
        delete from \(name) t using \(planned) where \(part) and \(here)
        returning t.veeva_id as id, p.stamp as stamp\(change.raisesEvents ? ", \(events)" : "")
        """, change)
    case .remember: return "select \(change.rows) as rows"
    }
  }

  /// Remembers which records were removed, and when.
  func remember(_ plan: String) -> String {
    """
    insert into \(removed) as r (entity, veeva_id, veeva_system_modstamp)
    select \(entity), p.id, p.stamp from pg_temp.\(quotedIdentifier(plan)) p where p.kind in ('d', 'x') order by p.id
    on conflict (entity, veeva_id) do update
    set veeva_system_modstamp = excluded.veeva_system_modstamp, recorded_at = excluded.recorded_at
    where r.veeva_system_modstamp < excluded.veeva_system_modstamp
    """
  }

  private func part(of change: PlannedChange) -> String {
    "p.kind = '\(change.kind.rawValue)' and \(change.raisesEvents ? "" : "not ")p.raises"
  }

  private func counting(_ statement: String, _ change: PlannedChange) -> String {
    change.raisesEvents
      ? Self.telling(statement, entity: entity, outbox: outbox)
      : "with done as (\(statement)) select count(*) as rows from done"
  }

  /// Runs a statement that returns events, writes them to the outbox, and gives the numbers of rows and events.
  ///
  /// A row that differs from the page by nothing but a marketer's change, which outlives it, is no update.
  static func telling(_ statement: String, entity: String, outbox: String) -> String {
    """
    with done as (\(statement)), told as (
      insert into \(outbox) (entity, kind, veeva_id, veeva_system_modstamp, before, after)
      select \(entity), kind, id, stamp, before, after from done
      where kind <> 'updated' or before is distinct from after order by id
      returning 1)
    select (select count(*) from done) as rows, (select count(*) from told) as events
    """
  }

  private func inScope(_ scope: EventScope) -> String { scope.condition(on: "stamp") }

  private func differ(_ left: [String], _ right: [String]) -> String {
    left.isEmpty
      ? "false" : "(\(left.joined(separator: ", "))) is distinct from (\(right.joined(separator: ", ")))"
  }

  private func json(of alias: String) -> String { eventBody(triggers, of: alias) }
}

/// The columns that events carry, as an object. Its own functions take a hundred arguments at most; rows are wider.
func eventBody(_ columns: [String], of alias: String) -> String {
  columns.isEmpty
    ? "'{}'::jsonb"
    : "(select to_jsonb(e) from (select \(columns.map { "\(alias).\($0)" }.joined(separator: ", "))) e)"
}

extension EventScope {
  /// Whether a record of that stamp raises events, as a condition.
  func condition(on stamp: String) -> String {
    switch self {
    case .none: "false"
    case .all: "true"
    case .since(let moment): "\(stamp) >= to_timestamp(\(moment.milliseconds) / 1000.0)"
    }
  }
}

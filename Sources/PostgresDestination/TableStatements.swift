import PostgreSQL
import SyncModel

/// The statements that write one table.
struct TableStatements {
  /// The table's name, and the entity's.
  let table: String
  /// Streams rows straight in.
  let insert: String
  /// The table's name with its schema's, quoted.
  let name: String
  let schema: String
  /// The mapping's columns, quoted.
  let columns: [String]
  /// Those besides the id.
  let others: [String]
  /// Those besides id and stamp.
  let content: [String]
  /// Those of the content whose changes raise events.
  let triggers: [String]
  /// Columns that the mapping does not fill and that a record that is alive resets, and their values then.
  let resets: [(column: String, value: String)]
  /// Whether rows are flagged rather than removed when their record is gone.
  let flagsDeleted: Bool
  private let mapping: TableMapping

  init(schema: String, table: TableMapping) {
    self.schema = schema
    self.table = table.table
    mapping = table
    name = qualified(schema, table.table)
    columns = table.columns.map { quotedIdentifier($0.column) }
    others = table.columns.filter { $0.source != ObjectMapping.idColumn }.map { quotedIdentifier($0.column) }
    let kept = table.columns.filter { $0.source > ObjectMapping.modstampColumn }
    content = kept.map { quotedIdentifier($0.column) }
    triggers = kept.filter(\.raisesEvents).map { quotedIdentifier($0.column) }
    flagsDeleted = table.flagsDeleted
    resets = table.unmappedFlags.map { (quotedIdentifier($0.name), $0.type == "boolean" ? "false" : "null") }
    insert = "copy \(name) (\(columns.joined(separator: ", "))) from stdin"
  }

  // MARK: Staging

  /// The table's name as a literal.
  private var reference: String { literal(name) }

  /// Names and types of the table's columns as one word, which names its staging table.
  ///
  /// A connection keeps its staging tables; a table that is altered gets another.
  var shape: String {
    """
    select md5(\(reference) || string_agg(
      quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ',' order by attnum)) as shape
    from pg_attribute where attrelid = \(reference)::regclass and attnum > 0 and not attisdropped
    """
  }

  /// The first column that does not hold what the mapping writes, and what it is instead; no row when all do.
  ///
  /// Another release or a newer schema may have altered the table since the mapping was read.
  var misfit: String {
    let names = mapping.columns.map { literal($0.column) }.joined(separator: ", ")
    let types = mapping.columns.map { literal($0.type.columnType) }.joined(separator: ", ")
    let wider = TableMapping.widerTypes.map { "(\(literal($0.0)), \(literal($0.1)))" }.joined(separator: ", ")
    return """
      select w.name as column, coalesce(a.type, 'missing') as has, w.type as wants
      from unnest(array[\(names)], array[\(types)]) as w (name, type)
      left join (
        select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = \(reference)::regclass and attnum > 0 and not attisdropped
      ) a on a.name = w.name
      where a.type is null or not (a.type = w.type or (a.type, w.type) in (\(wider))) limit 1
      """
  }

  /// Keeps the table's columns as they are until the transaction ends.
  var keepShape: String { "lock table \(name) in row exclusive mode" }

  /// A table with the target's columns but without its rules, empty at each transaction's begin.
  /// - Parameter hasFate: whether each row tells its record's fate.
  func stage(_ staging: String, hasFate: Bool) -> String {
    let fate = hasFate ? ", null::\"char\" as crmsync_fate, null::text as crmsync_master" : ""
    return "create temp table if not exists \(quotedIdentifier(staging)) on commit delete rows as "
      + "select *\(fate) from \(name) with no data"
  }

  /// Streams rows into the staging table.
  func copy(into staging: String, hasFate: Bool) -> String {
    let columns = columns + (hasFate ? ["crmsync_fate", "crmsync_master"] : [])
    return "copy pg_temp.\(quotedIdentifier(staging)) (\(columns.joined(separator: ", "))) from stdin"
  }

  // MARK: Merging without events

  /// Moves staged rows over: of several with one id the newest, never over a newer one, and none that is equal. A
  /// record that a delta has seen deleted since does not come back.
  ///
  /// Of equally new rows the one that was delivered last counts. In id order, so that two merges that meet wait for
  /// each other instead of for ever.
  func merge(from staging: String) -> String {
    let columnList = columns.joined(separator: ", ")
    let resets = resets.map { "\($0.column) = \($0.value)" }
    let assignments = others.map { "\($0) = excluded.\($0)" } + resets + ["synced_at = now()"]
    let left = others.map { "t.\($0)" } + self.resets.map { "t.\($0.column)" }
    let right = others.map { "excluded.\($0)" } + self.resets.map(\.value)
    return """
      insert into \(name) as t (\(columnList))
      select distinct on (veeva_id collate "C") \(columnList) from pg_temp.\(quotedIdentifier(staging)) s
      where not exists (
        select from \(removed) r
        where r.entity = \(entity) and r.veeva_id = s.veeva_id and r.veeva_system_modstamp > s.veeva_system_modstamp
      )
      order by veeva_id collate "C", veeva_system_modstamp desc, ctid desc
      on conflict (veeva_id) do update set \(assignments.joined(separator: ", "))
      where t.veeva_system_modstamp <= excluded.veeva_system_modstamp
        and (\(left.joined(separator: ", "))) is distinct from (\(right.joined(separator: ", ")))
      """
  }

  // MARK: Names

  /// The entity as a literal.
  var entity: String { literal(table) }
  /// What remembers removed records.
  var removed: String { qualified(schema, Bookkeeping.removed) }
  /// Where events wait.
  var outbox: String { qualified(schema, Bookkeeping.outbox) }
}

/// A text as a literal of SQL.
func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

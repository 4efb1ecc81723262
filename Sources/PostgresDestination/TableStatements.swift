import PostgreSQL
import SyncModel

/// The statements that write one table.
struct TableStatements {
  let table: String
  /// Streams rows straight in.
  let insert: String
  private let name: String
  private let columns: [String]
  private let columnList: String

  init(schema: String, table: TableMapping) {
    self.table = table.table
    name = qualified(schema, table.table)
    columns = table.columns.map { quotedIdentifier($0.column) }
    columnList = columns.joined(separator: ", ")
    insert = "copy \(name) (\(columnList)) from stdin"
  }

  /// Names and types of the table's columns as one word, which names its staging table.
  ///
  /// A connection keeps its staging tables; a table that is altered gets another.
  var shape: String {
    let reference = "'" + name.replacing("'", with: "''") + "'"
    return """
      select 'stage_' || md5(\(reference) || string_agg(
        quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ',' order by attnum)) as staging
      from pg_attribute where attrelid = \(reference)::regclass and attnum > 0 and not attisdropped
      """
  }

  /// A table with the target's columns but without its rules, empty at each transaction's begin.
  func stage(_ staging: String) -> String {
    "create temp table if not exists \(quotedIdentifier(staging)) on commit delete rows as "
      + "select * from \(name) with no data"
  }

  /// Streams rows into the staging table.
  func copy(into staging: String) -> String {
    "copy pg_temp.\(quotedIdentifier(staging)) (\(columnList)) from stdin"
  }

  /// Moves staged rows over: of several with one id the newest, never over a newer one, and none that is equal.
  ///
  /// Of equally new rows the one that was delivered last counts. In id order, so that two merges that meet wait for
  /// each other instead of for ever.
  func merge(from staging: String) -> String {
    let id = quotedIdentifier("veeva_id")
    let stamp = quotedIdentifier("veeva_system_modstamp")
    let others = columns.filter { $0 != id }
    let assignments = others.map { "\($0) = excluded.\($0)" } + ["synced_at = now()"]
    return """
      insert into \(name) as t (\(columnList))
      select distinct on (\(id) collate "C") \(columnList) from pg_temp.\(quotedIdentifier(staging))
      order by \(id) collate "C", \(stamp) desc, ctid desc
      on conflict (\(id)) do update set \(assignments.joined(separator: ", "))
      where t.\(stamp) <= excluded.\(stamp)
        and (\(others.map { "t.\($0)" }.joined(separator: ", ")))
        is distinct from (\(others.map { "excluded.\($0)" }.joined(separator: ", ")))
      """
  }
}

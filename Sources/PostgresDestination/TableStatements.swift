import PostgreSQL
import SyncModel

/// The statements that write one table.
struct TableStatements {
  let schema: String
  let table: TableMapping

  private var name: String { qualified(schema, table.table) }
  private var staging: String { "pg_temp.\(quotedIdentifier("stage_" + table.table))" }
  private var columns: [String] { table.columns.map { quotedIdentifier($0.column) } }
  private var columnList: String { columns.joined(separator: ", ") }

  /// Streams rows in.
  func copy(_ mode: WriteMode) -> String { "copy \(mode == .insert ? name : staging) (\(columnList)) from stdin" }

  /// A table like the target but without its rules, gone with the transaction.
  var stage: String {
    let definitions = table.columns.map { "\(quotedIdentifier($0.column)) \($0.type.columnType)" }
    return "create temp table \(quotedIdentifier("stage_" + table.table)) (\(definitions.joined(separator: ", "))) "
      + "on commit drop"
  }

  /// Moves staged rows over: of several with one id the newest, never over a newer one, and none that is equal.
  ///
  /// In id order, so that two merges that meet wait for each other instead of for ever.
  var merge: String {
    let id = quotedIdentifier("veeva_id")
    let stamp = quotedIdentifier("veeva_system_modstamp")
    let others = columns.filter { $0 != id }
    let assignments = others.map { "\($0) = excluded.\($0)" } + ["synced_at = now()"]
    return """
      insert into \(name) as t (\(columnList))
      select distinct on (\(id) collate "C") \(columnList) from \(staging) order by \(id) collate "C", \(stamp) desc
      on conflict (\(id)) do update set \(assignments.joined(separator: ", "))
      where t.\(stamp) <= excluded.\(stamp)
        and (\(others.map { "t.\($0)" }.joined(separator: ", ")))
        is distinct from (\(others.map { "excluded.\($0)" }.joined(separator: ", ")))
      """
  }
}

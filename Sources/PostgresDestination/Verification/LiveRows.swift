import PostgreSQL
import SyncModel

/// Which rows of a table the source still answers for. The others are no concern of a comparison: accounts that are
/// flagged as deleted stay, and so do, for a time, calls that have become older than what is selected.
struct LiveRows {
  /// The schema of the destination.
  let schema: String
  /// The oldest creation that is selected, if it is bounded.
  let bound: CreationBound?
  /// The table of calls and its column of creation, where key messages can be told by them.
  let calls: (table: String, created: String)?

  init(schema: String, conditions: [String], on connection: PostgresConnection) async throws {
    self.schema = schema
    bound = CreationBound(conditions)
    calls = bound?.isOfParent == true ? try await Self.calls(schema, on: connection) : nil
  }

  private static func calls(
    _ schema: String, on connection: PostgresConnection
  ) async throws -> (table: String, created: String)? {
    let name = qualified(schema, "call")
    let rows = try await connection.query(
      """
      select count(*) as found from pg_attribute
      where attrelid = to_regclass($1) and attname in ('veeva_id', 'createddate') and not attisdropped
      """, [.text(name)])
    return try rows.first?.int("found") == 2 ? (name, "createddate") : nil
  }

  /// The condition that a row of a table is one of them.
  func condition(_ table: TableMapping, row: String) -> String {
    func column(_ field: String) -> String? {
      table.columns.first { $0.field.lowercased() == field.lowercased() }.map {
        "\(row).\(quotedIdentifier($0.column))"
      }
    }
    var conditions = column("IsDeleted").map { ["\($0) is not true"] } ?? []
    if let bound, !bound.isOfParent, let created = column(bound.field) {
      conditions.append("(\(created) < '\(bound.from)') is not true")
    }
    if let bound, let calls, let call = column("Call2_vod__c") {
      conditions.append(
        "not exists (select from \(calls.table) parent where parent.veeva_id = \(call) "
          + "and parent.\(calls.created) < '\(bound.from)')")
    }
    return conditions.isEmpty ? "true" : conditions.joined(separator: " and ")
  }
}

public import PostgreSQL

/// A marketer's change that the org has refused. Marketing keeps its value.
public struct RefusedChange: Sendable, Codable, Equatable {
  /// 18-character id of the account.
  public let recordID: String
  /// The column of `person`.
  public let column: String
  /// What was refused; `nil` for none.
  public let value: String?
  /// What both sides last agreed on.
  public let agreed: String?
  /// The org's code and words.
  public let reason: String?
  /// When it was refused, by the destination's clock.
  public let refusedAt: String?
}

/// What a person may do with changes that the org has refused.
extension PostgresDestination {
  /// The refused changes, oldest first.
  public func refusedChanges(limit: Int = 1000, on connection: PostgresConnection) async throws -> [RefusedChange] {
    guard try await capturesChanges(on: connection) else { return [] }
    return try await connection.query(
      """
      select c.veeva_id, c.column_name, \(CaptureTables.text("c.refused")) as value,
        \(CaptureTables.text("c.agreed")) as agreed, a.reason,
        to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as refused_at
      from \(qualified(schema, CaptureTables.table)) c
      join \(qualified(schema, CaptureTables.person)) p on p.veeva_id = c.veeva_id
      left join lateral (
        select reason, at from \(qualified(schema, CaptureTables.activity)) a
        where a.veeva_id = c.veeva_id and a.field = c.column_name and a.kind = 'refused' order by id desc limit 1
      ) a on true
      where c.refused is not null and c.due = 'infinity' and to_jsonb(p) -> c.column_name = c.refused
      order by a.at, c.veeva_id, c.column_name limit $1::bigint
      """, [.int(Int64(limit))]
    ).compactMap { row in
      guard let id = try row.string("veeva_id"), let column = try row.string("column_name") else { return nil }
      return RefusedChange(
        recordID: id, column: column, value: try row.string("value"), agreed: try row.string("agreed"),
        reason: try row.string("reason"), refusedAt: try row.string("refused_at"))
    }
  }

  /// Lets all refused changes be written once more, after a rule of the org was changed.
  /// - Returns: how many.
  public func retryRefused(on connection: PostgresConnection) async throws -> Int {
    guard try await capturesChanges(on: connection) else { return 0 }
    let isRefused = "c.refused is not null and c.due = 'infinity'"
    return try await settingRight(isRefused, [], on: connection) { capture, _ in
      "update \(capture) c set refused = null, due = now(), attempts = 0 where \(isRefused)"
    }
  }

  /// Gives a refused change up: nothing is written, and marketing's value stays until Veeva has another one.
  /// - Returns: whether there was one.
  public func discardRefused(recordID: String, column: String, on connection: PostgresConnection) async throws -> Bool {
    guard try await capturesChanges(on: connection) else { return false }
    let isRefused = "c.refused is not null and c.veeva_id = $1 and c.column_name = $2"
    return try await settingRight(isRefused, [.text(recordID), .text(column)], on: connection) { capture, log in
      """
      with gone as (delete from \(capture) c where \(isRefused) returning *)
      insert into \(log) (veeva_id, kind, field, value, other_value, reason)
      select veeva_id, 'discarded', column_name, \(CaptureTables.text("refused")), \(CaptureTables.text("agreed")),
        'given up by a person' from gone
      """
    } == 1
  }

  /// Changes captures under the locks of their persons, as everybody does.
  private func settingRight(
    _ condition: String, _ parameters: [PostgresValue], on connection: PostgresConnection,
    _ statement: (_ capture: String, _ log: String) -> String
  ) async throws -> Int {
    let capture = qualified(schema, CaptureTables.table)
    let change = statement(capture, qualified(schema, CaptureTables.activity))
    let lock = """
      select p.veeva_id from \(qualified(schema, CaptureTables.person)) p
      where p.veeva_id in (select c.veeva_id from \(capture) c where \(condition)) order by p.veeva_id for update
      """
    return try await writingBack {
      try await connection.transaction { db in
        _ = try db.query(lock, parameters)
        return try db.query(change, parameters).affected
      }
    }
  }
}

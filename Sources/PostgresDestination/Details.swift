import PostgreSQL
import SyncModel

/// The key messages of calls, as far as the schema has them.
struct Details: Sendable {
  /// The table's name with its schema's, quoted.
  let name: String
  private let schema: String
  /// The columns that its events carry, quoted.
  private let triggers: [String]

  /// The details, or `nil` where the schema has no such table of ours.
  init?(schema: String, on db: isolated PostgresConnection) throws {
    let name = qualified(schema, CallDetails.table)
    let columns = try db.query(
      """
      select a.attname as name from pg_attribute a, \(qualified(schema, Bookkeeping.entities)) e
      where e.entity = $2 and a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
        and (a.attname = any (e.event_columns) or a.attname = $3) order by a.attnum
      """, [.text(name), .text(CallDetails.table), .text(CallDetails.parentColumn)]
    ).compactMap { try $0.string("name") }
    guard columns.contains(CallDetails.parentColumn) else { return nil }
    let carried = try db.query(
      """
      select name from \(qualified(schema, Bookkeeping.entities)), unnest(event_columns) as name where entity = $1
      """, [.text(CallDetails.table)]
    ).compactMap { try $0.string("name") }
    self.name = name
    self.schema = schema
    triggers = columns.filter(carried.contains).map(quotedIdentifier)
  }

  /// Locks the details of calls, in id order, so that two pages that meet wait for each other.
  /// - Parameter calls: a query that gives `id` and `stamp` of calls.
  func lock(of calls: String) -> String {
    "select from \(name) where \(CallDetails.parentColumn) in (select id from (\(calls)) c) order by veeva_id for update"
  }

  /// Removes the details of calls, and remembers them.
  /// - Parameter calls: a query that gives `id` and `stamp` of calls.
  /// - Returns: a statement that gives `rows` and `events`.
  func remove(of calls: String, scope: EventScope) -> String {
    let entity = literal(CallDetails.table)
    return """
      with gone as (
        delete from \(name) t using (\(calls)) c where t.\(CallDetails.parentColumn) = c.id
        returning t.veeva_id as id, t.veeva_system_modstamp as own, c.stamp as stamp,
          case when \(scope.condition(on: "c.stamp")) then \(eventBody(triggers, of: "t")) end as body
      ), told as (
        insert into \(qualified(schema, Bookkeeping.outbox)) (entity, kind, veeva_id, veeva_system_modstamp, before)
        select \(entity), 'removed', id, stamp, body from gone where body is not null order by id
      ), remembered as (
        insert into \(qualified(schema, Bookkeeping.removed)) (entity, veeva_id, veeva_system_modstamp)
        select \(entity), id, own from gone order by id on conflict (entity, veeva_id) do nothing
      )
      select count(*) as rows, count(body) as events from gone
      """
  }
}

public import PostgreSQL
public import SyncModel

/// What a batch of the removal of old rows came to.
public struct Expired: Sendable, Equatable {
  /// Rows removed; 0 when none is left, or when others are at work on all that are.
  public let rows: Int
  /// Details removed with them.
  public let details: Int

  /// A batch's outcome.
  public init(rows: Int, details: Int) {
    self.rows = rows
    self.details = details
  }
}

extension PostgresDestination {
  /// Removes rows that were kept long enough, a batch at a time so that locks are short. Ask again until `rows` is 0.
  ///
  /// A row's age counts from its date column; where that is empty, or not of a type that tells a day, it may count from
  /// its creation. Rows that somebody else is writing are left for the next time.
  /// - Parameters:
  ///   - table: `call`.
  ///   - dateColumn: `call_date_vod__c`.
  ///   - orCreated: whether the age of a row without a date counts from its creation. Key messages without one go with
  ///     their calls.
  ///   - before: days before this moment's, in UTC, are too old.
  ///   - limit: rows of a batch.
  ///   - details: whether key messages go with their calls, where the schema has them.
  ///   - scope: which removals become events, by the stamps that the rows have.
  public func removeExpired(
    table: String, dateColumn: String, orCreated: Bool = true, before: Instant, limit: Int, details: Bool,
    scope: EventScope, on connection: PostgresConnection
  ) async throws -> Expired {
    let schema = schema
    do {
      return try await connection.transaction { db in
        try Expiry(schema: schema, table: table, orCreated: orCreated).run(
          dateColumn, before, limit, withDetails: details, scope, on: db)
      }
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema, table: table)
    }
  }
}

/// The removal of one batch.
private struct Expiry {
  private static let batch = "pg_temp.crmsync_expired"
  let schema: String
  let table: String
  let orCreated: Bool

  func run(
    _ dateColumn: String, _ before: Instant, _ limit: Int, withDetails: Bool, _ scope: EventScope,
    on db: isolated PostgresConnection
  ) throws -> Expired {
    guard let day = try day(dateColumn, on: db) else { return Expired(rows: 0, details: 0) }
    try db.execute("set local timezone = 'UTC'")
    try TableLock.take(qualified(schema, table), isShared: true, on: db)
    try db.execute(
      "create temp table if not exists crmsync_expired (id text collate \"C\", stamp timestamptz) on commit delete rows"
    )
    _ = try db.query(
      """
      insert into \(Self.batch) select veeva_id, veeva_system_modstamp from \(qualified(schema, table))
      where \(day) < $1::date limit $2 for update skip locked
      """, [.text(String(before.formatted.prefix(10))), .int(Int64(limit))])
    let rows = try db.query(remove(scope, on: db)).first?.int("rows") ?? 0
    var removedDetails: Int64 = 0
    if withDetails, rows > 0, let details = try Details(schema: schema, on: db) {
      try TableLock.take(details.name, isShared: true, on: db)
      let calls = "select id, stamp from \(Self.batch)"
      try db.execute(details.lock(of: calls))
      removedDetails = try db.query(details.remove(of: calls, scope: scope)).first?.int("rows") ?? 0
    }
    return Expired(rows: Int(rows), details: Int(removedDetails))
  }

  /// The day from which a row's age counts, as an expression; `nil` where no column tells one.
  private func day(_ dateColumn: String, on db: isolated PostgresConnection) throws -> String? {
    let rows = try db.query(
      """
      select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = to_regclass($1) and (attname = $2 or $3 and attname = 'createddate') and not attisdropped
        and atttypid in ('date'::regtype, 'timestamptz'::regtype) order by attname <> $2
      """, [.text(qualified(schema, table)), .text(dateColumn), .bool(orCreated)])
    let days = try rows.compactMap { row -> String? in
      guard let name = try row.string("name") else { return nil }
      let column = quotedIdentifier(name)
      return try row.string("type") == "date" ? column : "(\(column) at time zone 'UTC')::date"
    }
    return days.isEmpty ? nil : "coalesce(\(days.joined(separator: ", ")))"
  }

  private func remove(_ scope: EventScope, on db: isolated PostgresConnection) throws -> String {
    let columns = try db.query(
      """
      select name from \(qualified(schema, Bookkeeping.entities)), unnest(event_columns) as name where entity = $1
      """, [.text(table)]
    ).compactMap { try $0.string("name") }.map(quotedIdentifier)
    return """
      with gone as (
        delete from \(qualified(schema, table)) t using \(Self.batch) c where t.veeva_id = c.id
        returning t.veeva_id as id, c.stamp as stamp,
          case when \(scope.condition(on: "c.stamp")) then \(eventBody(columns, of: "t")) end as body
      ), told as (
        insert into \(qualified(schema, Bookkeeping.outbox)) (entity, kind, veeva_id, veeva_system_modstamp, before)
        select \(literal(table)), 'removed', id, stamp, body from gone where body is not null order by id
      )
      select count(*) as rows from gone
      """
  }
}

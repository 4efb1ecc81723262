import PostgreSQL
import SyncModel

/// How deliveries stand. What was settled is not looked at: there may be millions of it.
extension DeliveryStore {
  /// How an entity's deliveries stand.
  public struct Standing: Sendable, Equatable {
    /// Wait, or are under way.
    public var waiting = 0
    /// Of these, under way.
    public var inFlight = 0
    /// Marketo has them, perhaps an older version.
    public var delivered = 0
    /// Refused as they are now.
    public var refused = 0
    /// Rows of the mirror that lead to no synced person, as of the last count; of other entities than custom objects
    /// rows that have not been collected yet.
    public var unlinked = 0
  }

  static let waits = "wanted is distinct from delivered and wanted is distinct from refused"
  /// What counting may take of the time of those who deliver: a twentieth, where it takes long.
  private static let countIsDue =
    "counted_at is null or clock_timestamp() > counted_at + 20 * greatest(0, count_seconds - 0.2) * interval '1 second'"

  private var counts: String { qualified(DeliveryTables.counts) }

  /// How an entity's deliveries stand.
  public func standing(of source: DeliverySource) async throws -> Standing {
    let entity = PostgresValue.text(source.entity.table)
    let isCounted = try await query("select to_regclass($1) is not null as found", [.text(counts)]).first?.bool("found")
    let known = isCounted == true ? try await known(of: entity) : nil
    var parameters = [entity, try known?.int("rows").map(PostgresValue.int) ?? .null]
    if source.entity.leadPath == nil { parameters.append(.text(try known?.string("seen") ?? "-infinity")) }
    let row = try await standingRows(source, parameters).first
    var standing = Standing()
    standing.waiting = Int(try row?.int("waiting") ?? 0)
    standing.inFlight = Int(try row?.int("flying") ?? 0)
    standing.delivered = max(0, Int(try row?.int("delivered") ?? 0))
    standing.refused = Int(try row?.int("refused") ?? 0)
    standing.unlinked = Int(
      try source.entity.leadPath == nil ? row?.int("uncollected") ?? 0 : known?.int("unlinked") ?? 0)
    return standing
  }

  private func known(of entity: PostgresValue) async throws -> PostgresRow? {
    try await query(
      """
      select (select seen_from::text from \(qualified(DeliveryTables.marks)) where entity = $1) as seen,
        (select rows from \(counts) where entity = $1 and counted_at is not null) as rows,
        (select unlinked from \(counts) where entity = $1) as unlinked
      """, [entity]
    ).first
  }

  /// The rows that are looked at are those of partial indexes. How few these are the planner does not know: it takes
  /// their conditions to hold for nearly all rows, and would rather read the whole table. The index of those that wait
  /// is the only one that gives them in its order.
  /// - Parameter prefix: what stands before the statement.
  func standingRows(
    _ source: DeliverySource, _ parameters: [PostgresValue], prefix: String = ""
  ) async throws -> PostgresRows {
    let statement = prefix + standingStatement(source)
    return try await pool.withConnection { connection in
      try await connection.transaction { db in
        try db.execute("set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off")
        return try db.query(statement, parameters)
      }
    }
  }

  /// All that Marketo has none of waits or is refused, so that the number of all tells how many it has.
  ///
  /// Its parameters are the entity, the number of its records, and, of other entities than custom objects, where the
  /// next collection starts: a value, so that it is planned by the index of `synced_at`.
  private func standingStatement(_ source: DeliverySource) -> String {
    let uncollected = """
      (select count(*) from \(source.table) t where t.synced_at >= $3::timestamptz
        and not exists (select from \(delivery) d where d.entity = $1 and d.veeva_id = t.veeva_id))
      """
    return """
      select waiting.number as waiting, refused.number as refused,
        coalesce($2::bigint, (select count(*) from \(delivery) where entity = $1)) - waiting.new - refused.new
          as delivered,
        (select count(*) from \(delivery)
          where batch is not null and entity = $1 and in_flight_until > clock_timestamp()) as flying,
        \(source.entity.leadPath == nil ? uncollected : "0::bigint") as uncollected
      from (select count(*) as number, count(*) filter (where delivered is null) as new
          from (select delivered from \(delivery) where entity = $1 and \(Self.waits)
            order by due_at, attempt desc, veeva_id) few) waiting,
        (select count(*) as number, count(*) filter (where delivered is null) as new
          from \(delivery) where entity = $1 and refused is not null and wanted = refused) refused
      """
  }

  /// Takes note of records that were added or deleted, and counts anew where that is due. Whoever changes the number of
  /// records does it before this, in the same transaction.
  func count(_ source: DeliverySource, added: Int, on db: isolated PostgresConnection) throws {
    let entity = PostgresValue.text(source.entity.table)
    _ = try db.query(
      """
      insert into \(counts) as c (entity, rows) values ($1, $2)
      on conflict (entity) do update set rows = c.rows + excluded.rows
      """, [entity, .int(Int64(added))])
    let isDue = try db.query(
      """
      select counted_at is null or counted_at < clock_timestamp() - interval '1 day' or $2 and (\(Self.countIsDue)) as due
      from \(counts) where entity = $1
      """, [entity, .bool(source.entity.leadPath != nil)]
    ).first?.bool("due")
    guard isDue == true else { return }
    // Others wait for the lock of this row, or are done and seen.
    _ = try db.query(
      """
      update \(counts) c set rows = now.rows, unlinked = greatest(0, now.there - now.linked),
        counted_at = clock_timestamp(),
        count_seconds = extract(epoch from clock_timestamp() - statement_timestamp())
      from (select count(*) as rows, count(*) filter (where wanted <> '') as linked,
          (select count(*) from \(source.table)) as there from \(delivery) where entity = $1) now
      where c.entity = $1
      """, [entity])
  }

  /// Takes note of records that were deleted.
  func count(deleted: Int, of entity: String, on db: isolated PostgresConnection) throws {
    guard deleted > 0 else { return }
    _ = try db.query(
      "update \(counts) set rows = rows - $2 where entity = $1", [.text(entity), .int(Int64(deleted))])
  }
}

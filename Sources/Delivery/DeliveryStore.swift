public import PostgreSQL
import SyncModel

/// What Marketo has of a mirror, remembered beside the mirror. Each method is one statement or one transaction; the
/// methods are grouped by what they do, a file each.
public struct DeliveryStore: Sendable {
  let pool: PostgresPool
  let schema: String
  /// The first pause, in whole seconds, before a record is tried again; it doubles with each attempt, up to a day.
  /// Longer than Marketo may still be working on a call whose answer is missing.
  var retryPause = Duration.seconds(180)

  /// A store.
  /// - Parameters:
  ///   - pool: connections to the mirror's database.
  ///   - schema: the mirror's.
  public init(pool: PostgresPool, schema: String) {
    self.pool = pool
    self.schema = schema
  }

  func qualified(_ table: String) -> String { "\(quotedIdentifier(schema)).\(quotedIdentifier(table))" }
  var delivery: String { qualified(DeliveryTables.delivery) }

  func query(_ statement: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    try await pool.withConnection { try await $0.query(statement, parameters) }
  }

  /// Makes the tables and indexes that are missing. The mirror's tables have to be there.
  public func prepare(_ sources: [DeliverySource]) async throws {
    let schema = schema
    try await pool.withConnection { connection in
      try await connection.transaction { db in
        try DeliveryTables.prepare(sources, in: schema, on: db)
        if sources.contains(where: { !$0.readFields.isEmpty }) {
          try LeadChangeTables.prepare(schema: schema, on: db)
        }
      }
    }
  }

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
    /// Rows of the mirror that lead to no synced person.
    public var unlinked = 0
  }

  /// How an entity's deliveries stand, as of the last collection.
  public func standing(of source: DeliverySource) async throws -> Standing {
    let row = try await query(
      """
      select count(*) filter (where wanted is distinct from delivered and wanted is distinct from refused) as waiting,
        count(*) filter (where batch is not null and in_flight_until > clock_timestamp()) as flying,
        count(delivered) as delivered, count(*) filter (where wanted = refused) as refused,
        (select count(*) from \(source.table)) - count(*) filter (where wanted <> '') as unlinked
      from \(delivery) where entity = $1
      """, [.text(source.entity.table)]
    ).first
    var standing = Standing()
    standing.waiting = Int(try row?.int("waiting") ?? 0)
    standing.inFlight = Int(try row?.int("flying") ?? 0)
    standing.delivered = Int(try row?.int("delivered") ?? 0)
    standing.refused = Int(try row?.int("refused") ?? 0)
    standing.unlinked = max(0, Int(try row?.int("unlinked") ?? 0))
    return standing
  }
}

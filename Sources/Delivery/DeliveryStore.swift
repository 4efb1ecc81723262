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
}

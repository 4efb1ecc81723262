public import PostgreSQL
import SyncModel

/// Carries marketers' changes of leads into the mirror. Beside the mirror it remembers how far the feed was read, and
/// what deliveries may still show up in it.
public struct LeadChangeStore: Sendable {
  let pool: PostgresPool
  let source: DeliverySource
  /// By how much Marketo's clock and the database's may differ.
  var tolerance = Duration.seconds(120)
  /// How long after its end a delivery may still show up in the feed.
  var lag = Duration.seconds(3600)

  /// A store.
  /// - Parameters:
  ///   - pool: connections to the mirror's database.
  ///   - source: of leads, which remembers what it brings: ``DeliverySource/remembering(_:)``.
  public init(pool: PostgresPool, source: DeliverySource) {
    self.pool = pool
    self.source = source
  }

  var fields: [DeliverySchema.Delivered] { source.readFields }
  var feed: String { source.qualified(LeadChangeTables.feed) }
  var delivery: String { source.qualified(DeliveryTables.delivery) }

  func query(_ statement: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    try await pool.withConnection { try await $0.query(statement, parameters) }
  }

  /// Where the feed goes on; `nil` before it was first read.
  public func token() async throws -> String? { try await query("select token from \(feed)").first?.string("token") }

  /// Begins where a token says, unless the feed has begun.
  public func begin(at token: String) async throws {
    _ = try await query("insert into \(feed) (token) values ($1) on conflict do nothing", [.text(token)])
  }

  /// How long the feed may rest before it is read again; `nil` where its tables are missing.
  static func rest(of pause: Duration, in schema: String, on pool: PostgresPool) async throws -> Duration? {
    let feed = "\(quotedIdentifier(schema)).\(quotedIdentifier(LeadChangeTables.feed))"
    return try await pool.withConnection { connection in
      let there = try await connection.query("select from pg_class where oid = to_regclass($1)", [.text(feed)])
      guard !there.isEmpty else { return nil }
      let row = try await connection.query(
        "select extract(epoch from clock_timestamp() - read_at)::float8 as age from \(feed) where read_at is not null"
      ).first
      return try row?.double("age").map { max(.zero, pause - .seconds($0)) } ?? .zero
    }
  }

  /// The database's clock.
  func now() async throws -> Instant {
    let row = try await query("select (extract(epoch from clock_timestamp()) * 1000)::bigint as now").first
    return Instant(milliseconds: try row?.int("now") ?? 0)
  }

  /// The persons that leads of Marketo are, as far as deliveries were told.
  func persons(ofLeads ids: [Int]) async throws -> [Int: String] {
    let rows = try await query(
      """
      select marketo_id, veeva_id from \(delivery)
      where entity = 'person' and marketo_id in (select jsonb_array_elements_text($1::jsonb))
      """, [.text("[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]")])
    return try rows.reduce(into: [:]) { persons, row in
      if let id = try row.string("marketo_id").flatMap({ Int($0) }) { persons[id] = try row.string("veeva_id") }
    }
  }

  /// Notes the leads that persons are.
  func note(_ leads: [Int: String]) async throws {
    try await DeliveryStore(pool: pool, schema: source.schema).note(leads)
  }
}

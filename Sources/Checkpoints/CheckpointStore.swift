public import PostgreSQL

/// What PostgreSQL remembers, so that nothing is done twice or missed after any crash.
///
/// A thin layer: each method is one statement or one transaction, and each transition of a job is the database's
/// form of a rule in ``SyncModel/JobLifecycle``. The methods are grouped by what they remember, a file each.
public struct CheckpointStore: Sendable {
  /// Connections to the database that holds schema `crmsync`.
  public let pool: PostgresPool

  /// A store over a pool of connections.
  public init(pool: PostgresPool) { self.pool = pool }

  /// Runs one statement.
  func query(_ statement: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    try await pool.withConnection { try await $0.query(statement, parameters) }
  }

  /// Runs a transaction.
  func transaction<R: Sendable>(
    _ body: @escaping @Sendable (isolated PostgresConnection) throws -> R
  ) async throws -> R {
    try await pool.withConnection { try await $0.transaction(body) }
  }

  /// Creates or upgrades schema `crmsync`. Safe to run at every start, by every process at once.
  public func migrate() async throws {
    try await transaction { db in
      try db.execute("select pg_advisory_xact_lock(7236837461120901)")
      let exists = try db.query("select to_regclass('crmsync.migration') is not null as found")
      if try exists.first?.bool("found") != true {
        try db.execute(
          """
          create schema if not exists crmsync;
          create table crmsync.migration (version integer primary key, applied_at timestamptz not null default now());
          """)
      }
      let rows = try db.query("select coalesce(max(version), 0) as version from crmsync.migration")
      let current = Int(try rows.first?.int("version") ?? 0)
      for (version, statements) in zip(1..., Migrations.all) where version > current {
        try db.execute(statements)
        _ = try db.query("insert into crmsync.migration (version) values ($1)", [.int(Int64(version))])
      }
    }
  }

  /// The database's clock, which decides leases, terms and due times.
  public func now() async throws -> Int64 {
    let rows = try await query("select (extract(epoch from clock_timestamp()) * 1000)::bigint as now")
    return try rows.first?.int("now") ?? 0
  }

  /// Whether the checkpoints can be written through a connection to a destination, so that a page and its
  /// checkpoint can be one transaction.
  public func shares(databaseOf destination: PostgresConnection) async throws -> Bool {
    let here = try await query("select id::text as id from crmsync.cluster")
    // A destination without the table, or without the right to read it, is simply another database.
    let there = try? await destination.query("select id::text as id from crmsync.cluster")
    guard let ours = try here.first?.string("id"), let theirs = try there?.first?.string("id") else { return false }
    return ours == theirs
  }
}

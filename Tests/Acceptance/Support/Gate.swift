import PostgreSQL

/// Stops whoever gets to a certain statement, inside the open transaction, until the gate is opened: a breakpoint in the
/// database. A process that is killed there has its transaction rolled back.
struct Gate: Sendable {
  private let cluster: TestCluster

  /// What the test holds, and each transaction at the gate waits for.
  private static let lock = 47_110_815

  /// After a change of a table.
  /// - Parameter change: such as `update of watermark on crmsync.object_sync for each row`.
  init(_ cluster: TestCluster, after change: String) async throws {
    try await self.init(
      cluster,
      """
      create function public.gate() returns trigger language plpgsql set lock_timeout = 0 as $$
        begin perform pg_advisory_xact_lock_shared(\(Self.lock)); return null; end $$;
      create trigger gate after \(change) execute function public.gate();
      """)
  }

  /// After a table was created.
  /// - Parameter table: its name with its schema's.
  init(_ cluster: TestCluster, creating table: String) async throws {
    try await self.init(
      cluster,
      """
      create function public.gate() returns event_trigger language plpgsql set lock_timeout = 0 as $$
        begin
          if exists (select from pg_event_trigger_ddl_commands() where object_identity = '\(table)') then
            perform pg_advisory_xact_lock_shared(\(Self.lock));
          end if;
        end $$;
      create event trigger gate on ddl_command_end when tag in ('CREATE TABLE') execute function public.gate();
      """)
  }

  private init(_ cluster: TestCluster, _ statements: String) async throws {
    self.cluster = cluster
    try await cluster.database.execute("select pg_advisory_lock(\(Self.lock)); " + statements)
  }

  private func holders(_ condition: String) async throws -> Int64 {
    try await cluster.number(
      """
      select count(*) from pg_locks where locktype = 'advisory' and objid = \(Self.lock) and pid <> pg_backend_pid()
        and database = (select oid from pg_database where datname = current_database()) and \(condition)
      """)
  }

  /// Waits until a transaction is held.
  func waitForArrival() async throws {
    try await cluster.wait("a transaction to get to the gate", within: .seconds(120)) {
      try await holders("not granted") > 0
    }
  }

  /// Lets go of all that are held, and waits until they have ended.
  func open() async throws {
    try await cluster.database.execute("select pg_advisory_unlock(\(Self.lock))")
    try await cluster.wait("those at the gate to end", within: .seconds(120)) { try await holders("true") == 0 }
  }
}

import PostgreSQL
import Testing

/// PostgreSQL fails, or stands in the way. No person helps.
@Suite("Chaos of PostgreSQL", .serialized, .timeLimit(.minutes(60)))
struct PostgresChaosTests {
  @Test("it drops every connection, one after the other and then all at once, and restarts")
  func connections() async throws {
    let cluster = try await TestCluster(records: 30_000, org: ["--latency-ms", "300"])
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await children[1].waitFor("reached page-committed", within: .seconds(120))
    let others = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    for _ in 0..<cluster.environment.figure(1, full: 5) {
      for row in try await cluster.database.query("select pid from " + others) {
        guard let pid = try row.int("pid") else { continue }
        try await cluster.wait("a connection to end") {
          try await cluster.number("select count(pg_terminate_backend(pid)) from \(others) and pid = \(pid)") == 0
        }
      }
      _ = try await cluster.number("select count(pg_terminate_backend(pid)) from " + others)
    }
    let control = try Child("postgres", cluster.environment.postgresControl, ["restart"])
    #expect(try await control.waitForExit(within: .seconds(120)) == 0, "\(control.text)")
    try await cluster.database.connect()
    try await expectWhole(cluster, children)
  }

  @Test("every other change of a job cannot be serialised, for a while")
  func serialisation() async throws {
    let cluster = try await TestCluster(records: 20_000)
    let coordinator = try cluster.start("coordinator")
    try await cluster.wait("the tables of jobs", within: .seconds(120)) {
      try await cluster.number("select count(to_regclass('crmsync.job'))") == 1
    }
    // Few: a statement that changes two jobs meets it each time, and waits twice as long after each.
    try await disturb(cluster, "update", of: "crmsync.job", raising: "40001", every: 2, until: 8)
    let worker = try cluster.start("worker")
    try await expectWhole(cluster, [coordinator, worker])
    // Each try of a page may meet it, but none of them has to be made by a person.
    #expect(try await cluster.number("select last_value from public.trouble") > 4)
    #expect(worker.count(of: "40001") + coordinator.count(of: "40001") > 0)
  }

  @Test("the destination's disk is full for a while: no failure, and the copy goes on by itself")
  func diskFull() async throws {
    let cluster = try await TestCluster(records: 20_000)
    let coordinator = try cluster.start("coordinator")
    try await waitForTable(cluster)
    let last = cluster.environment.figure(12, full: 60)
    try await disturb(cluster, "insert", of: "copy.person", raising: "53100", every: 1, until: last)
    let worker = try cluster.start("worker")
    try await expectWhole(cluster, [coordinator, worker])
    #expect(try await cluster.number("select last_value from public.trouble") > last)
    #expect(try await cluster.number("select sum(interruptions) from crmsync.job") >= last)
  }

  @Test("a table is locked for much longer than a lease: the page waits, nobody takes it, and others go on")
  func lockedTable() async throws {
    let cluster = try await TestCluster(
      records: 5000, settings: TestCluster.quick.replacing("lease: 2s", with: "lease: 8s"))
    let coordinator = try cluster.start("coordinator")
    try await waitForTable(cluster)
    let configuration = PostgresConfiguration(
      url: await cluster.database.url(of: cluster.environment, database: cluster.tenant))
    let holder = PostgresConnection(configuration)
    try await holder.connect()
    try await holder.execute("begin; lock table copy.person in access exclusive mode")
    let worker = try cluster.start("worker")
    try await cluster.wait("a page to wait for the lock", within: .seconds(120)) {
      try await cluster.number(
        "select count(*) from pg_locks where not granted and relation = 'copy.person'::regclass") > 0
    }
    // The lock has to last for a time: that is what is tried.
    try await holder.execute("select pg_sleep(\(cluster.environment.figure(20, full: 300)))")
    #expect(
      try await cluster.number(
        "select count(*) from crmsync.object_sync where object = 'User' and copied_at is not null") == 1)
    try await holder.execute("commit")
    await holder.close()
    try await expectWhole(cluster, [coordinator, worker])
    #expect(try await cluster.number("select max(token) from crmsync.job where object = 'Account'") == 1)
  }

  private func waitForTable(_ cluster: TestCluster) async throws {
    try await cluster.wait("the destination's table", within: .seconds(120)) {
      try await cluster.number("select count(to_regclass('copy.person'))") == 1
    }
  }

  /// Lets changes of a table's rows fail until so many have been tried. A sequence counts them, since what it hands out
  /// is never rolled back.
  private func disturb(
    _ cluster: TestCluster, _ change: String, of table: String, raising state: String, every nth: Int, until last: Int
  ) async throws {
    try await cluster.database.execute(
      """
      create sequence public.trouble;
      create function public.make_trouble() returns trigger language plpgsql as $$
        declare number bigint := nextval('public.trouble');
        begin
          if number <= \(last) and number % \(nth) = 0 then
            raise exception 'trouble made by a test' using errcode = '\(state)';
          end if;
          return new;
        end $$;
      create trigger trouble before \(change) on \(table) for each row execute function public.make_trouble();
      """)
  }

  private func expectWhole(_ cluster: TestCluster, _ children: [Child]) async throws {
    try await cluster.waitUntilSynced(within: .seconds(180))
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    try await cluster.expectEqualToOrg()
    for child in children { child.signal(15) }
  }
}

import Foundation
import PostgreSQL
import Testing

/// Two coordinators, of which the one that leads is paused past its term, again and again.
@Suite("Leadership", .serialized, .timeLimit(.minutes(60)))
struct LeadershipTests {
  @Test("a leader that sleeps past its term and wakes up late changes nothing")
  func sleepingLeader() async throws {
    let cluster = try await TestCluster.copied(
      2000, settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 0s, overlap: 5m,"))
    try await recordWrites(cluster)
    let worker = try cluster.start("worker")
    let coordinators = [try cluster.start("coordinator"), try cluster.start("coordinator")]
    for _ in 0..<cluster.environment.figure(2, full: 100) {
      let (old, term) = try await writingLeader(of: cluster, among: coordinators)
      old.signal(SIGSTOP)
      let others = coordinators.filter { $0 !== old }
      _ = try await writingLeader(of: cluster, among: others, after: term)
      old.signal(SIGCONT)
      try await old.waitFor(#""message":"no longer leading","term":"\#(term)""#, within: .seconds(120))
    }
    try await cluster.change(
      #"[{"op":"update","object":"Account","sample":20,"seed":1,"set":{"FirstName":"Changed"}}]"#)
    let changed = "select count(*) from copy.person where first_name = 'Changed'"
    try await cluster.wait("the change", within: .seconds(120)) { try await cluster.number(changed) > 0 }
    for child in coordinators + [worker] { child.signal(15) }
    for child in coordinators + [worker] { #expect(try await child.waitForExit() == 0) }
    try await cluster.expectEqualToOrg()
    // A connection belongs to one process: it must never have written under the lead of another.
    #expect(
      try await cluster.number(
        "select count(*) from (select from public.write group by backend, started having count(distinct holder) > 1) w")
        == 0)
    #expect(try await cluster.number("select count(distinct holder) from public.write") == 2)
    let doubled = "select from crmsync.cycle group by object, window_from, window_to, started_at having count(*) > 1"
    #expect(try await cluster.number("select count(*) from (\(doubled)) d") == 0)
  }

  /// Keeps who led, and on which connection, whenever a coordinator wrote.
  private func recordWrites(_ cluster: TestCluster) async throws {
    try await cluster.database.execute(
      """
      create table public.write (backend integer, started timestamptz, holder text, term bigint);
      create function public.record_write() returns trigger language plpgsql as $$ begin
        insert into public.write
          select a.pid, a.backend_start, l.holder, l.term from pg_stat_activity a, crmsync.leadership l
          where a.pid = pg_backend_pid();
        return null;
      end $$;
      create trigger record_write after insert or update on crmsync.cycle
        for each row execute function public.record_write();
      create trigger record_write after update on crmsync.job
        for each row when (new.state = 'queued' and old.state <> 'queued') execute function public.record_write();
      """)
  }

  /// Waits until one of some processes leads in a term later than another, and has written in it.
  private func writingLeader(
    of cluster: TestCluster, among coordinators: [Child], after term: Int64 = -1
  ) async throws -> (Child, Int64) {
    var found: (Child, Int64)?
    try await cluster.wait("a leader to write", within: .seconds(120)) {
      let rows = try await cluster.database.query(
        """
        select l.holder, l.term from crmsync.leadership l
        where l.expires_at > clock_timestamp() and exists (select from public.write w where w.term = l.term)
        """)
      guard let row = rows.first, let holder = try row.string("holder"), let now = try row.int("term"), now > term,
        let leader = coordinators.first(where: { holder.contains("-\($0.identifier)-") })
      else { return false }
      found = (leader, now)
      return true
    }
    guard let found else { throw Unexpected("nobody leads") }
    return found
  }
}

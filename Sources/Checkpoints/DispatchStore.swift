import PostgreSQL
import SyncModel

/// A job that the leader has taken for the queue.
public struct DispatchedJob: Sendable, Equatable {
  public let id: Int64
  public let tenant: String
  public let object: String
  /// Which time it is put on the queue.
  public let dispatch: Int64
}

/// The leader's side of handing out work.
extension CheckpointStore {
  /// Takes runnable jobs that are due for the queue, oldest first.
  /// - Parameters:
  ///   - outstanding: most jobs of the tenant and lane that may be on the queue or at work at once.
  ///   - queued: most jobs of the tenant and lane that may be on the queue.
  public func dispatch(
    tenant: String, lane: String, outstanding: Int, queued: Int, leader: LeaderStamp
  ) async throws -> [DispatchedJob] {
    try await asLeader(leader) { db in
      try db.query(
        """
        with out as (
          select count(*) filter (where state = 'queued') as queued, count(*) as outstanding
          from crmsync.job where tenant = $1 and lane = $2 and state in ('queued', 'leased')
        ), due as (
          select id from crmsync.job
          where tenant = $1 and lane = $2 and state = 'runnable' and due_at <= clock_timestamp()
          order by due_at, id
          limit greatest(0, (select least($4 - queued, $3 - outstanding) from out))
          for update skip locked
        )
        update crmsync.job j
        set state = 'queued', dispatch = dispatch + 1, queued_at = clock_timestamp()
        from due where j.id = due.id
        returning j.id, j.object, j.dispatch
        """, [.text(tenant), .text(lane), .int(Int64(outstanding)), .int(Int64(queued))]
      ).map { row in
        DispatchedJob(
          id: try row.requireInt("id"), tenant: tenant, object: try row.require("object"),
          dispatch: try row.requireInt("dispatch"))
      }
    }
  }

  /// Tells waiting workers that there is work on the queue.
  public func announceWork() async throws { _ = try await query("notify crmsync_work") }

  /// Takes back jobs that the broker did not take.
  public func withdraw(_ jobs: [DispatchedJob], leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      for job in jobs {
        _ = try db.query(
          "update crmsync.job set state = 'runnable' where id = $1 and state = 'queued' and dispatch = $2",
          [.int(job.id), .int(job.dispatch)])
      }
    }
  }

  /// Takes back jobs whose message the broker has lost: on the queue for long, while the queue is empty.
  /// - Returns: how many.
  public func withdrawLost(
    tenant: String, lane: String, olderThan age: Duration, leader: LeaderStamp
  ) async throws -> Int {
    try await asLeader(leader) { db in
      try db.query(
        """
        update crmsync.job set state = 'runnable'
        where tenant = $1 and lane = $2 and state = 'queued'
          and queued_at < clock_timestamp() - $3::float8 * interval '1 second'
        """, [.text(tenant), .text(lane), .seconds(age)]
      ).affected
    }
  }

  /// Takes back the jobs whose lease ran out. A job that took down too many workers becomes a dead letter.
  /// - Returns: how many.
  public func sweepLeases(leader: LeaderStamp) async throws -> Int {
    try await asLeader(leader) { db in
      try db.query(
        """
        update crmsync.job
        set interruptions = interruptions + 1, vanished = vanished + 1, lease_until = null,
          state = case when vanished + 1 >= $1 then 'dead' else 'runnable' end, due_at = clock_timestamp(),
          last_error = case when vanished + 1 >= $1
            then 'took down ' || (vanished + 1) || ' workers, the last one ' || coalesce(worker, 'unknown')
            else last_error end
        where state = 'leased' and lease_until < clock_timestamp()
        """, [.int(Int64(JobLifecycle.mostVanished))]
      ).affected
    }
  }

  /// When the next delayed job of a tenant becomes due, in milliseconds from now; `nil` when there is none.
  public func nextDue(tenant: String) async throws -> Int64? {
    try await query(
      """
      select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::bigint as wait
      from crmsync.job where tenant = $1 and state in ('runnable', 'extracting') and due_at > clock_timestamp()
      """, [.text(tenant)]
    ).first?.int("wait")
  }
}

import PostgreSQL

/// A job that failed too often, parked until a person decides.
public struct DeadLetter: Sendable, Codable, Equatable {
  public let job: Int64
  public let tenant: String
  public let object: String
  public let rangeFrom: String?
  public let rangeTo: String?
  /// Pages committed before it was parked.
  public let pages: Int64
  public let failures: Int64
  public let interruptions: Int64
  /// What went wrong last.
  public let reason: String
  public let parkedAt: String
}

/// What a person may do with dead letters.
extension CheckpointStore {
  /// The dead letters, oldest first.
  public func deadLetters(tenant: String?, object: String?, limit: Int = 1000) async throws -> [DeadLetter] {
    try await query(
      """
      select id, tenant, object, range_from, range_to, (position ->> 'pages')::bigint as pages, failures,
        interruptions, coalesce(last_error, 'unknown') as reason, to_char(due_at at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS"Z"') as parked_at
      from crmsync.job
      where state = 'dead' and ($1::text is null or tenant = $1) and ($2::text is null or object = $2)
      order by id limit $3
      """, [tenant.map(PostgresValue.text) ?? .null, object.map(PostgresValue.text) ?? .null, .int(Int64(limit))]
    ).map { row in
      DeadLetter(
        job: try row.requireInt("id"), tenant: try row.require("tenant"), object: try row.require("object"),
        rangeFrom: try row.string("range_from"), rangeTo: try row.string("range_to"),
        pages: try row.int("pages") ?? 0, failures: try row.requireInt("failures"),
        interruptions: try row.requireInt("interruptions"), reason: try row.require("reason"),
        parkedAt: try row.require("parked_at"))
    }
  }

  /// Sends dead letters back to work, where they ended.
  /// - Returns: how many.
  public func retryDeadLetters(_ jobs: [Int64]) async throws -> Int {
    try await transaction { db in
      let revived = try db.query(
        """
        with revived as (
          update crmsync.job
          set failures = 0, vanished = 0, due_at = clock_timestamp(),
            state = case when method = 'bulk' and position ->> 'bulkJob' is null then 'extracting'
              else 'runnable' end
          where state = 'dead' and id = any($1::bigint[])
          returning tenant, object, cycle
        ), \(Self.reopening(cyclesOf: "revived"))
        select count(*) as count from revived
        """, [.idArray(jobs)])
      try db.execute("notify crmsync_progress")
      return Int(try revived.first?.int("count") ?? 0)
    }
  }

  /// Gives dead letters up: the rest of their partitions is not copied.
  /// - Returns: how many.
  public func discardDeadLetters(_ jobs: [Int64]) async throws -> Int {
    try await transaction { db in
      let discarded = try db.query(
        """
        with discarded as (
          update crmsync.job set state = 'done', last_error = 'discarded by an operator: ' || coalesce(last_error, '')
          where state = 'dead' and id = any($1::bigint[])
          returning tenant, object, cycle
        ), \(Self.reopening(cyclesOf: "discarded"))
        select count(*) as count from discarded
        """, [.idArray(jobs)])
      try db.execute("notify crmsync_progress")
      return Int(try discarded.first?.int("count") ?? 0)
    }
  }

  /// Lets cycles that failed go on, as part of a statement. They rest at their end as if they had not failed: the pause
  /// after the failure is none that somebody asked for.
  private static func reopening(cyclesOf jobs: String) -> String {
    """
    reopened as (
      update crmsync.cycle set phase = 'copying', error = null, finished_at = null
      where phase = 'failed' and id in (select cycle from \(jobs))
      returning tenant, object, kind, started_at
    ), rested as (
      update crmsync.object_sync o set next_due = r.started_at from reopened r
      where o.tenant = r.tenant and o.object = r.object and r.kind <> 'backfill' and o.next_due > clock_timestamp()
    )
    """
  }
}

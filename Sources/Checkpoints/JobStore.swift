public import PostgreSQL
public import SyncModel

/// A job as a worker gets it: everything needed to go on where the last committed page ended.
public struct ClaimedJob: Sendable {
  public let id: Int64
  public let tenant: String
  public let cycle: Int64
  /// Fencing token of this claim.
  public let token: Int64
  public let partition: Partition
  public let purpose: PagePurpose
  /// Whether what it changes becomes events.
  public let raisesEvents: Bool
  public let mapping: ObjectMapping
  public let position: Position
  /// Failures since the last committed page.
  public let failures: Int
  /// Interruptions over the job's life.
  public let interruptions: Int
}

/// What a committed page adds to its job.
public struct PageCheckpoint: Sendable {
  public let position: Position
  public let rows: Int
  public let rejects: [Reject]
  /// Whether this was the partition's last page.
  public let isLast: Bool

  /// A checkpoint.
  public init(position: Position, rows: Int, rejects: [Reject], isLast: Bool) {
    self.position = position
    self.rows = rows
    self.rejects = rejects
    self.isLast = isLast
  }
}

/// The worker's side of a job's life.
extension CheckpointStore {
  /// Takes the lease of a job that is on the queue.
  /// - Returns: `nil` when the job is not waiting for a worker: a duplicate or late message.
  public func claim(_ job: Int64, worker: String, lease: Duration) async throws -> ClaimedJob? {
    let rows = try await query(
      """
      with claimed as (
        update crmsync.job
        set state = 'leased', token = token + 1, worker = $2,
          lease_until = clock_timestamp() + $3::float8 * interval '1 second'
        where id = $1 and state = 'queued'
        returning *
      )
      select j.id, j.tenant, j.cycle, j.token, j.failures, j.interruptions, j.position::text as position, \(JobWork.columns)
      from claimed j \(JobWork.joins)
      """,
      [.int(job), .text(worker), .seconds(lease)])
    return try rows.first.map(Self.claimedJob)
  }

  private static func claimedJob(_ row: PostgresRow) throws -> ClaimedJob {
    ClaimedJob(
      id: try row.requireInt("id"), tenant: try row.require("tenant"), cycle: try row.requireInt("cycle"),
      token: try row.requireInt("token"), partition: try JobWork.partition(row), purpose: try JobWork.purpose(row),
      raisesEvents: try JobWork.raisesEvents(row),
      mapping: try row.json("mapping", as: ObjectMapping.self),
      position: try row.json("position", as: Position.self), failures: Int(try row.requireInt("failures")),
      interruptions: Int(try row.requireInt("interruptions")))
  }

  /// Commits a page's checkpoint on a connection whose transaction also holds the page.
  ///
  /// A worker that freezes between here and its commit holds the job's row no longer than
  /// ``PostgresConnection/longestSilence``, so that others can rescue the job.
  /// - Returns: `false` when the token is no longer the job's: the page must not be committed.
  public static func commitPage(
    _ page: PageCheckpoint, of job: ClaimedJob, lease: Duration, on db: isolated PostgresConnection
  ) throws -> Bool {
    let updated = try db.query(
      """
      update crmsync.job
      set position = $3::jsonb, rows_committed = rows_committed + $4, rows_rejected = rows_rejected + $5,
        failures = 0, vanished = 0, last_error = null,
        state = case when $6 then 'done' else state end,
        lease_until = case when $6 then null else clock_timestamp() + $7::float8 * interval '1 second' end,
        first_page_at = coalesce(first_page_at, now()), last_page_at = clock_timestamp()
      where id = $1 and state = 'leased' and token = $2
      returning set_config('idle_in_transaction_session_timeout', $8, true)
      """,
      [
        .int(job.id), .int(job.token), .json(page.position), .int(Int64(page.rows)), .int(Int64(page.rejects.count)),
        .bool(page.isLast), .seconds(lease), .text(PostgresConnection.longestSilence),
      ])
    guard updated.affected == 1 else { return false }
    for reject in page.rejects { try record(reject, of: job, on: db) }
    return true
  }

  /// Tells the coordinator that a job has ended, once that is committed: a notification within the page's transaction
  /// would make the commits of all workers wait for each other.
  public func announceProgress() async throws { _ = try await query("notify crmsync_progress") }

  private static func record(
    _ reject: Reject, of job: ClaimedJob, on db: isolated PostgresConnection
  ) throws {
    _ = try db.query(
      """
      insert into crmsync.reject (tenant, object, record_id, field, expected, reason, job)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant, object, record_id) do update
      set field = excluded.field, expected = excluded.expected, reason = excluded.reason, job = excluded.job,
        seen_at = now(), state = 'open'
      """,
      [
        .text(job.tenant), .text(job.partition.object.apiName), .text(reject.recordID),
        reject.field.map(PostgresValue.text) ?? .null, .text(reject.expected), .text(reject.reason), .int(job.id),
      ])
  }

  /// Commits a page's checkpoint by itself, after the page was committed in another database.
  public func commitPage(_ page: PageCheckpoint, of job: ClaimedJob, lease: Duration) async throws -> Bool {
    try await transaction { db in try Self.commitPage(page, of: job, lease: lease, on: db) }
  }

  /// Prolongs the lease of a job whose page takes long.
  /// - Returns: `false` when the lease is no longer held.
  public func renew(_ job: ClaimedJob, lease: Duration) async throws -> Bool {
    try await query(
      """
      update crmsync.job set lease_until = clock_timestamp() + $3::float8 * interval '1 second'
      where id = $1 and state = 'leased' and token = $2
      """,
      [.int(job.id), .int(job.token), .seconds(lease)]
    ).affected == 1
  }

  /// Gives the rest of a job back at a page boundary; this is no failure.
  public func handBack(_ job: ClaimedJob, after delay: Duration, reason: String?) async throws -> Bool {
    try await leave(
      job,
      """
      update crmsync.job
      set state = 'runnable', due_at = clock_timestamp() + $3::float8 * interval '1 second', lease_until = null,
        worker = null, last_error = coalesce($4, last_error)
      where id = $1 and state = 'leased' and token = $2
      """, [.seconds(delay), reason.map(PostgresValue.text) ?? .null])
  }

  /// Records that the work was cut off by something that was away; this is no failure.
  public func interrupt(_ job: ClaimedJob, after delay: Duration, reason: String) async throws -> Bool {
    try await leave(
      job,
      """
      update crmsync.job
      set state = 'runnable', due_at = clock_timestamp() + $3::float8 * interval '1 second', lease_until = null,
        worker = null, interruptions = interruptions + 1, last_error = $4
      where id = $1 and state = 'leased' and token = $2
      """, [.seconds(delay), .text(reason)])
  }

  /// Records a failure of the work itself and what was decided about it.
  public func fail(
    _ job: ClaimedJob, retry: RetryDecision, error: String, needsSchema: Bool = false
  ) async throws -> Bool {
    try await leave(
      job,
      """
      with failed as (
        update crmsync.job
        set failures = failures + 1, lease_until = null, worker = null, last_error = $4,
          state = case when $3::float8 is null then 'dead' else 'runnable' end,
          due_at = clock_timestamp() + coalesce($3::float8, 0) * interval '1 second'
        where id = $1 and state = 'leased' and token = $2
        returning tenant, object
      ), flagged as (
        update crmsync.object_sync o set needs_schema = true from failed f
        where $5 and o.tenant = f.tenant and o.object = f.object
      )
      select 1 from failed
      """, [retry.parameter, .text(error), .bool(needsSchema)])
  }

  /// Records that the results of the job's extract are gone: the partition starts over with a new one.
  public func loseExtract(_ job: ClaimedJob, retry: RetryDecision, error: String) async throws -> Bool {
    try await leave(
      job,
      """
      update crmsync.job
      set failures = failures + 1, lease_until = null, worker = null, last_error = $4, position = $5::jsonb,
        state = case when $3::float8 is null then 'dead' when method = 'bulk' then 'extracting' else 'runnable' end,
        due_at = clock_timestamp() + coalesce($3::float8, 0) * interval '1 second'
      where id = $1 and state = 'leased' and token = $2
      """, [retry.parameter, .text(error), .json(job.position.restarted())])
  }

  private func leave(_ job: ClaimedJob, _ statement: String, _ parameters: [PostgresValue]) async throws -> Bool {
    try await transaction { db in
      let changed = try db.query(statement, [.int(job.id), .int(job.token)] + parameters)
      try db.execute("notify crmsync_progress")
      return changed.affected == 1
    }
  }
}

extension RetryDecision {
  /// Seconds until the next try, null for the dead letter.
  var parameter: PostgresValue {
    switch self {
    case .retry(let after): .seconds(after)
    case .deadLetter: .null
    }
  }
}

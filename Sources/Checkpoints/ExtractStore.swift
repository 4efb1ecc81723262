import PostgreSQL
public import SyncModel

/// A job whose bulk job is to be created or is being waited for.
public struct ExtractingJob: Sendable {
  public let id: Int64
  /// The bulk job; `nil` when it has to be created.
  public let bulkJob: String?
  public let failures: Int
  public let partition: Partition
}

/// The leader's side of bulk jobs in the source.
extension CheckpointStore {
  /// The jobs that wait for a bulk job, those that have one first, and at most `open` of them.
  ///
  /// `open` bounds the bulk jobs that exist at once and are not complete.
  public func extractingJobs(tenant: String, open: Int) async throws -> [ExtractingJob] {
    try await query(
      """
      select j.id, j.failures, j.position ->> 'bulkJob' as bulk_job, \(JobWork.columns)
      from crmsync.job j \(JobWork.joins)
      join crmsync.object_sync o on o.tenant = j.tenant and o.object = j.object
      where j.tenant = $1 and j.state = 'extracting' and c.phase = 'copying'
        and (j.position ->> 'bulkJob' is not null or (j.due_at <= clock_timestamp() and not o.needs_schema))
      order by j.position ->> 'bulkJob' is null, c.kind <> 'delta', j.due_at, j.id
      limit $2
      """, [.text(tenant), .int(Int64(open))]
    ).map { row in
      ExtractingJob(
        id: try row.requireInt("id"), bulkJob: try row.string("bulk_job"),
        failures: Int(try row.requireInt("failures")), partition: try JobWork.partition(row))
    }
  }

  /// Records the bulk job that was created for a job.
  public func extractCreated(_ job: Int64, bulkJob: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.job set position = jsonb_set(position, '{bulkJob}', to_jsonb($2::text))
        where id = $1 and state = 'extracting' and position ->> 'bulkJob' is null
        """, [.int(job), .text(bulkJob)])
    }
  }

  /// The bulk jobs are complete: their results can be read.
  public func extractsCompleted(_ bulkJobs: [String], tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.job set state = 'runnable', due_at = clock_timestamp()
        where tenant = $1 and state = 'extracting' and position ->> 'bulkJob' = any($2::text[])
        """, [.text(tenant), .textArray(bulkJobs)])
    }
  }

  /// A bulk job failed or could not be created.
  public func extractFailed(
    _ job: Int64, retry: RetryDecision, error: String, leader: LeaderStamp
  ) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.job
        set failures = failures + 1, last_error = $3,
          state = case when $2::float8 is null then 'dead' else 'extracting' end,
          due_at = clock_timestamp() + coalesce($2::float8, 0) * interval '1 second',
          position = jsonb_build_object(
            'pages', position -> 'pages',
            'mayExist', (position ->> 'mayExist')::boolean or (position ->> 'pages')::int > 0)
        where id = $1 and state = 'extracting'
        """, [.int(job), retry.parameter, .text(error)])
    }
  }

  /// Marks an object's schema as changed under its copy.
  public func flagSchema(of object: SourceObject, tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        "update crmsync.object_sync set needs_schema = true where tenant = $1 and object = $2",
        [.text(tenant), .text(object.apiName)])
    }
  }

  /// Changes the way an object is read to REST: the Bulk API does not take it.
  public func readByREST(_ object: SourceObject, tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.job set method = 'rest', state = 'runnable', due_at = clock_timestamp()
        where tenant = $1 and object = $2 and state = 'extracting'
        """, [.text(tenant), .text(object.apiName)])
    }
  }

  /// Bulk jobs whose every page is committed, so that the source may be told to forget them.
  public func extractsToDelete(tenant: String, limit: Int) async throws -> [(job: Int64, bulkJob: String)] {
    try await query(
      """
      select id, position ->> 'bulkJob' as bulk_job from crmsync.job
      where tenant = $1 and state = 'done' and not extract_deleted and method = 'bulk'
        and position ->> 'bulkJob' is not null
      order by id limit $2
      """, [.text(tenant), .int(Int64(limit))]
    ).map { (try $0.requireInt("id"), try $0.require("bulk_job")) }
  }

  /// Records that the source was told.
  public func extractDeleted(_ job: Int64, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query("update crmsync.job set extract_deleted = true where id = $1", [.int(job)])
    }
  }
}

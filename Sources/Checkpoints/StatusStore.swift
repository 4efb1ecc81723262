import PostgreSQL
import SyncModel

/// Progress of one object, for people.
public struct ObjectStatus: Sendable, Codable, Equatable {
  public let tenant: String
  public let object: String
  public let phase: ObjectPhase
  public let error: String?
  public let rowsExpected: Int64?
  public let rowsCommitted: Int64
  public let rowsRejected: Int64
  public let jobs: Int64
  public let jobsDone: Int64
  /// Bulk jobs that are being waited for.
  public let jobsExtracting: Int64
  /// Jobs that could run now and have not begun.
  public let jobsRunnable: Int64
  public let jobsQueued: Int64
  /// Pages in flight: jobs that a worker holds.
  public let jobsLeased: Int64
  public let deadLetters: Int64
  public let failures: Int64
  public let interruptions: Int64
  public let plannedCalls: Int64?
  /// Seconds from the first committed page to now, or to the last page once the object is synced.
  public let seconds: Double?
  public let lastError: String?
  public let syncedAt: String?
}

/// One tenant, for people.
public struct TenantStatus: Sendable, Codable, Equatable {
  public let tenant: String
  public let error: String?
  public let cycle: Int64?
  public let cycleState: CycleState?
  public let apiUsed: Int64
  public let apiAllowed: Int64
  public let waitingFor: String?
  public let waitingSeconds: Int64?
  public let rejects: Int64
  /// Age of the oldest job that could run now, in seconds; delayed jobs do not count.
  public let oldestRunnableSeconds: Double?
}

/// A process of the cluster, for people.
public struct ProcessStatus: Sendable, Codable, Equatable {
  public let id: String
  public let role: ProcessRole
  public let slots: Int64
  public let busy: Int64
  public let leads: Bool
}

/// What `status` shows.
extension CheckpointStore {
  /// Every object of every tenant.
  public func objectStatuses() async throws -> [ObjectStatus] {
    try await query(
      """
      select o.tenant, o.object, o.phase, o.error, o.rows_expected, o.planned_calls,
        coalesce(j.rows, 0) as rows, coalesce(j.rejected, 0) as rejected, coalesce(j.jobs, 0) as jobs,
        coalesce(j.done, 0) as done, coalesce(j.extracting, 0) as extracting, coalesce(j.runnable, 0) as runnable,
        coalesce(j.queued, 0) as queued, coalesce(j.leased, 0) as leased, coalesce(j.dead, 0) as dead,
        coalesce(j.failures, 0) as failures, coalesce(j.interruptions, 0) as interruptions, j.last_error,
        extract(epoch from (case when o.phase = 'synced' then j.last_page else now() end) - j.first_page)::float8
          as seconds,
        to_char(o.synced_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as synced_at
      from crmsync.object_sync o
      left join lateral (
        select sum(rows_committed)::bigint as rows, sum(rows_rejected)::bigint as rejected, count(*) as jobs,
          count(*) filter (where state = 'done') as done,
          count(*) filter (where state = 'extracting') as extracting,
          count(*) filter (where state = 'runnable') as runnable,
          count(*) filter (where state = 'queued') as queued,
          count(*) filter (where state = 'leased') as leased,
          count(*) filter (where state = 'dead') as dead,
          sum(failures)::bigint as failures, sum(interruptions)::bigint as interruptions,
          min(first_page_at) as first_page, max(last_page_at) as last_page,
          (array_agg(last_error order by last_page_at desc nulls last) filter (where last_error is not null
            and state <> 'done'))[1] as last_error
        from crmsync.job where tenant = o.tenant and object = o.object and cycle = o.cycle
      ) j on true
      order by o.tenant, o.object
      """
    ).map { row in
      ObjectStatus(
        tenant: try row.require("tenant"), object: try row.require("object"),
        phase: ObjectPhase(rawValue: try row.require("phase")) ?? .failed, error: try row.string("error"),
        rowsExpected: try row.int("rows_expected"), rowsCommitted: try row.requireInt("rows"),
        rowsRejected: try row.requireInt("rejected"), jobs: try row.requireInt("jobs"),
        jobsDone: try row.requireInt("done"), jobsExtracting: try row.requireInt("extracting"),
        jobsRunnable: try row.requireInt("runnable"), jobsQueued: try row.requireInt("queued"),
        jobsLeased: try row.requireInt("leased"), deadLetters: try row.requireInt("dead"),
        failures: try row.requireInt("failures"), interruptions: try row.requireInt("interruptions"),
        plannedCalls: try row.int("planned_calls"), seconds: try row.double("seconds"),
        lastError: try row.string("last_error"), syncedAt: try row.string("synced_at"))
    }
  }

  /// Every tenant.
  public func tenantStatuses() async throws -> [TenantStatus] {
    try await query(
      """
      select t.name, t.error, c.id as cycle, c.state as cycle_state, coalesce(b.used, 0) as used,
        coalesce(b.allowed, 0) as allowed,
        case when b.blocked_until > now() then b.blocked_because
          when t.waiting_until > now() then t.waiting_for end as waiting_for,
        ceil(extract(epoch from case when b.blocked_until > now() then b.blocked_until - now()
          when t.waiting_until > now() then t.waiting_until - now() end))::bigint as waiting,
        (select count(*) from crmsync.reject r where r.tenant = t.name and r.state = 'open') as rejects,
        (select extract(epoch from now() - min(j.due_at))::float8 from crmsync.job j
          where j.tenant = t.name and j.state in ('runnable', 'queued') and j.due_at <= now()) as oldest
      from crmsync.tenant t
      left join lateral (
        select id, state from crmsync.cycle where tenant = t.name order by id desc limit 1
      ) c on true
      left join crmsync.api_budget b on b.tenant = t.name
      order by t.name
      """
    ).map { row in
      TenantStatus(
        tenant: try row.require("name"), error: try row.string("error"), cycle: try row.int("cycle"),
        cycleState: try row.string("cycle_state").flatMap(CycleState.init), apiUsed: try row.requireInt("used"),
        apiAllowed: try row.requireInt("allowed"), waitingFor: try row.string("waiting_for"),
        waitingSeconds: try row.int("waiting"), rejects: try row.requireInt("rejects"),
        oldestRunnableSeconds: try row.double("oldest"))
    }
  }

  /// The processes seen in the last half minute.
  public func processes() async throws -> [ProcessStatus] {
    try await query(
      """
      select p.id, p.role, p.slots, p.busy, l.holder is not null as leads
      from crmsync.process p
      left join crmsync.leadership l on l.holder = p.id and l.expires_at > clock_timestamp()
      where p.seen_at > now() - interval '30 seconds'
      order by p.role, p.id
      """
    ).map { row in
      ProcessStatus(
        id: try row.require("id"), role: ProcessRole(rawValue: try row.require("role")) ?? .worker,
        slots: try row.requireInt("slots"), busy: try row.requireInt("busy"), leads: try row.bool("leads") ?? false)
    }
  }
}

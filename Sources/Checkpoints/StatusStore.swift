import PostgreSQL
public import SyncModel

/// Progress of one object, for people.
///
/// Figures are those of the newest cycle that had anything to move: the deltas that find nothing would hide it.
public struct ObjectStatus: Sendable, Codable, Equatable {
  public let tenant: String
  public let object: String
  /// Where the newest cycle stands.
  public let phase: CyclePhase
  /// What the cycle is that the figures are of.
  public let kind: CycleKind
  /// Whether the object was copied once.
  public let isCopied: Bool
  /// Why the newest cycle failed.
  public let error: String?
  /// What a person should know though the object is in step.
  public let warning: String?
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
  /// Seconds from the first committed page to now, or to the last page once the cycle is done.
  public let seconds: Double?
  public let lastError: String?
  public let syncedAt: String?
  /// Everything changed before this moment is committed here.
  public let watermark: String?
  /// Seconds until the next cycle; `nil` while one is under way.
  public let nextCycleSeconds: Int64?
  /// Rows that a back-fill beside the deltas has committed, and how many it expects; `nil` where there is none.
  public let backfillRows: Int64?
  public let backfillExpected: Int64?
}

/// One tenant, for people.
public struct TenantStatus: Sendable, Codable, Equatable {
  public let tenant: String
  public let error: String?
  public let apiUsed: Int64
  public let apiAllowed: Int64
  /// Why its calls have to wait. That the configured share is used up is not read from the checkpoints, which do not
  /// know the share: whoever knows it fills it in.
  public var waitingFor: String?
  public let waitingSeconds: Int64?
  public let rejects: Int64
  /// Age of the oldest job that could run now, in seconds; delayed jobs do not count.
  public let oldestRunnableSeconds: Double?
  /// Changes that wait in the destination to be published; `nil` where there are no tables yet, or where the
  /// destination cannot be reached. It is not read from the checkpoints: whoever knows the destination fills it in.
  public var unpublishedEvents: Int64?
  /// Marketers' changes that Veeva does not have; `nil` where none were ever captured, and as above.
  public var writeBack: WriteBackStatus?
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
  /// Every selected object of every tenant.
  public func objectStatuses() async throws -> [ObjectStatus] {
    try await query(
      """
      select o.tenant, o.object, o.copied_at is not null as is_copied, o.warning, last.phase, last.error,
        shown.kind, shown.rows_expected, shown.planned_calls,
        coalesce(j.rows, 0) as rows, coalesce(j.rejected, 0) as rejected, coalesce(j.jobs, 0) as jobs,
        coalesce(j.done, 0) as done, coalesce(j.extracting, 0) as extracting, coalesce(j.runnable, 0) as runnable,
        coalesce(j.queued, 0) as queued, coalesce(j.leased, 0) as leased,
        coalesce(j.failures, 0) as failures, coalesce(j.interruptions, 0) as interruptions, j.last_error,
        (select count(*) from crmsync.job d where d.tenant = o.tenant and d.object = o.object and d.state = 'dead')
          as dead,
        extract(epoch from (case when shown.phase = 'done' then j.last_page else now() end) - j.first_page)::float8
          as seconds,
        to_char(o.synced_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as synced_at,
        to_char(o.watermark at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as watermark,
        case when last.phase in ('done', 'failed')
          then greatest(0, ceil(extract(epoch from o.next_due - clock_timestamp())))::bigint end as next_cycle,
        case when fill.id is not null then coalesce(f.rows, 0) end as fill_rows, fill.rows_expected as fill_expected
      from crmsync.object_sync o
      left join lateral (
        select id, phase, error from crmsync.cycle c
        where c.tenant = o.tenant and c.object = o.object and c.kind <> 'backfill' order by c.id desc limit 1
      ) last on true
      left join lateral (
        select id, kind, phase, rows_expected, planned_calls from crmsync.cycle c
        where c.tenant = o.tenant and c.object = o.object and c.kind <> 'backfill'
          and (c.kind = 'initial' or exists (select from crmsync.job j where j.cycle = c.id))
        order by c.id desc limit 1
      ) shown on true
      left join lateral (
        select id, rows_expected from crmsync.cycle c where c.tenant = o.tenant and c.object = o.object
          and c.kind = 'backfill' and c.phase in ('waiting', 'planning', 'copying')
      ) fill on true
      left join lateral (
        select sum(rows_committed)::bigint as rows from crmsync.job where cycle = fill.id
      ) f on true
      left join lateral (
        select sum(rows_committed)::bigint as rows, sum(rows_rejected)::bigint as rejected, count(*) as jobs,
          count(*) filter (where state = 'done') as done,
          count(*) filter (where state = 'extracting') as extracting,
          count(*) filter (where state = 'runnable') as runnable,
          count(*) filter (where state = 'queued') as queued,
          count(*) filter (where state = 'leased') as leased,
          sum(failures)::bigint as failures, sum(interruptions)::bigint as interruptions,
          min(first_page_at) as first_page, max(last_page_at) as last_page,
          (array_agg(last_error order by last_page_at desc nulls last) filter (where last_error is not null
            and state <> 'done'))[1] as last_error
        from crmsync.job where cycle = shown.id
      ) j on true
      where o.is_selected
      order by o.tenant, o.object
      """
    ).map(Self.objectStatus)
  }

  private static func objectStatus(_ row: PostgresRow) throws -> ObjectStatus {
    ObjectStatus(
      tenant: try row.require("tenant"), object: try row.require("object"),
      phase: CyclePhase(rawValue: try row.string("phase") ?? "") ?? .waiting,
      kind: CycleKind(rawValue: try row.string("kind") ?? "") ?? .initial,
      isCopied: try row.bool("is_copied") ?? false, error: try row.string("error"),
      warning: try row.string("warning"),
      rowsExpected: try row.int("rows_expected"), rowsCommitted: try row.requireInt("rows"),
      rowsRejected: try row.requireInt("rejected"), jobs: try row.requireInt("jobs"),
      jobsDone: try row.requireInt("done"), jobsExtracting: try row.requireInt("extracting"),
      jobsRunnable: try row.requireInt("runnable"), jobsQueued: try row.requireInt("queued"),
      jobsLeased: try row.requireInt("leased"), deadLetters: try row.requireInt("dead"),
      failures: try row.requireInt("failures"), interruptions: try row.requireInt("interruptions"),
      plannedCalls: try row.int("planned_calls"), seconds: try row.double("seconds"),
      lastError: try row.string("last_error"), syncedAt: try row.string("synced_at"),
      watermark: try row.string("watermark"), nextCycleSeconds: try row.int("next_cycle"),
      backfillRows: try row.int("fill_rows"), backfillExpected: try row.int("fill_expected"))
  }

  /// Every tenant.
  public func tenantStatuses() async throws -> [TenantStatus] {
    try await query(
      """
      select t.name, t.error, coalesce(b.used, 0) as used, coalesce(b.allowed, 0) as allowed,
        case when b.blocked_until > now() then b.blocked_because
          when t.waiting_until > now() then t.waiting_for end as waiting_for,
        ceil(extract(epoch from case when b.blocked_until > now() then b.blocked_until - now()
          when t.waiting_until > now() then t.waiting_until - now() end))::bigint as waiting,
        (select count(*) from crmsync.reject r where r.tenant = t.name and r.state = 'open') as rejects,
        (select extract(epoch from now() - min(j.due_at))::float8 from crmsync.job j
          where j.tenant = t.name and j.state in ('runnable', 'queued') and j.due_at <= now()) as oldest
      from crmsync.tenant t
      left join crmsync.api_budget b on b.tenant = t.name
      order by t.name
      """
    ).map { row in
      TenantStatus(
        tenant: try row.require("name"), error: try row.string("error"), apiUsed: try row.requireInt("used"),
        apiAllowed: try row.requireInt("allowed"), waitingFor: try row.string("waiting_for"),
        waitingSeconds: try row.int("waiting"), rejects: try row.requireInt("rejects"),
        oldestRunnableSeconds: try row.double("oldest"))
    }
  }

  /// How the cycles that a tenant's selected objects ended since a moment went; an object with none is left out.
  /// - Parameter since: by the database's clock, in milliseconds since 1970.
  public func cyclesEnded(tenant: String, since: Int64) async throws -> [ClosedCycle] {
    try await query(
      """
      select distinct on (c.object) c.id, c.object, c.kind, c.phase
      from crmsync.cycle c join crmsync.object_sync o on o.tenant = c.tenant and o.object = c.object
      where c.tenant = $1 and o.is_selected and c.kind <> 'backfill'
        and c.finished_at >= to_timestamp($2::float8 / 1000)
      order by c.object, c.finished_at
      """, [.text(tenant), .int(since)]
    ).map(Self.closedCycle)
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

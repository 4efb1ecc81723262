import PostgreSQL
public import SyncModel

/// When the cycles of an object begin.
extension CheckpointStore {
  /// Takes note of which objects are selected. What was copied of the others stays, and rests.
  public func select(_ objects: [SourceObject], tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        insert into crmsync.object_sync (tenant, object) select $1, unnest($2::text[])
        on conflict (tenant, object) do update set is_selected = true, next_due = clock_timestamp()
        where not object_sync.is_selected
        """, [.text(tenant), .textArray(objects.map(\.apiName))])
      _ = try db.query(
        """
        update crmsync.object_sync set is_selected = false
        where tenant = $1 and is_selected and object <> all ($2::text[])
        """, [.text(tenant), .textArray(objects.map(\.apiName))])
    }
  }

  /// The cycles of an object that are under way, after opening those that are due: one in the object's rhythm, and
  /// beside it one that fills what its mapping has gained.
  public func openCycles(of object: SourceObject, tenant: String, leader: LeaderStamp) async throws -> [OpenCycle] {
    try await asLeader(leader) { db in
      let open = try Self.underWay(object, tenant, db)
      var opened = false
      if !open.contains(where: { $0.kind != .backfill }) { opened = try Self.openNext(object, tenant, db) }
      if !open.contains(where: { $0.kind == .backfill }) {
        opened = try Self.openBackfill(object, tenant, db) || opened
      }
      return opened ? try Self.underWay(object, tenant, db) : open
    }
  }

  private static func underWay(
    _ object: SourceObject, _ tenant: String, _ db: isolated PostgresConnection
  ) throws -> [OpenCycle] {
    try db.query(
      """
      select c.id, c.kind, c.phase, c.extent, c.sample_job, c.rows_expected, c.failures, o.needs_schema,
        (extract(epoch from o.watermark) * 1000)::bigint as watermark,
        (extract(epoch from c.window_from) * 1000)::bigint as window_from,
        (extract(epoch from c.window_to) * 1000)::bigint as window_to
      from crmsync.cycle c join crmsync.object_sync o on o.tenant = c.tenant and o.object = c.object
      where c.tenant = $1 and c.object = $2 and c.phase in ('waiting', 'planning', 'copying')
      order by c.id
      """, [.text(tenant), .text(object.apiName)]
    ).map { row in
      OpenCycle(
        id: try row.requireInt("id"), object: object, kind: CycleKind(rawValue: try row.require("kind")) ?? .delta,
        phase: CyclePhase(rawValue: try row.require("phase")) ?? .failed,
        extent: BackfillExtent(rawValue: try row.require("extent")) ?? .selected, window: try DeltaWindow(row),
        watermark: try row.int("watermark").map(Instant.init(milliseconds:)),
        needsSchema: try row.bool("needs_schema") ?? false, sampleJob: try row.string("sample_job"),
        rowsExpected: try row.int("rows_expected"), failures: Int(try row.requireInt("failures")))
    }
  }

  /// Opens an object's next cycle if it is due, or its last one once more if that failed before it had jobs.
  private static func openNext(
    _ object: SourceObject, _ tenant: String, _ db: isolated PostgresConnection
  ) throws -> Bool {
    let parameters: [PostgresValue] = [.text(tenant), .text(object.apiName)]
    let due = try db.query(
      """
      select o.copied_at is not null as is_copied, last.id, last.kind, last.phase,
        exists (select from crmsync.job j where j.cycle = last.id) as has_jobs,
        exists (select from crmsync.job j where j.cycle = last.id and j.state not in ('done', 'dead')) as has_open_jobs,
        exists (select from crmsync.job j where j.cycle = last.id and j.state = 'dead') as has_dead_letters
      from crmsync.object_sync o left join lateral (
        select id, kind, phase from crmsync.cycle c
        where c.tenant = o.tenant and c.object = o.object and c.kind <> 'backfill' order by id desc limit 1
      ) last on true
      where o.tenant = $1 and o.object = $2 and o.is_selected and o.next_due <= clock_timestamp()
      """, parameters)
    guard let row = due.first else { return false }
    let isCopied = try row.bool("is_copied") ?? false
    if let last = try row.int("id"), try row.string("phase") == CyclePhase.failed.rawValue {
      let hasJobs = try row.bool("has_jobs") ?? false
      let waitsForPerson = try row.bool("has_dead_letters") == true && row.bool("has_open_jobs") != true
      if !hasJobs { return try reopen(last, as: .waiting, db) }
      if !isCopied {
        // Its dead letters are for a person to decide; what is not parked goes on.
        return waitsForPerson ? false : try reopen(last, as: .copying, db)
      }
      try supersede(last, db)
    }
    return try db.query(
      "insert into crmsync.cycle (tenant, object, kind) values ($1, $2, $3)",
      parameters + [.text((isCopied ? CycleKind.delta : .initial).rawValue)]
    ).affected == 1
  }

  /// Opens a cycle once more. The reason for which it failed stays until it has come further.
  private static func reopen(_ cycle: Int64, as phase: CyclePhase, _ db: isolated PostgresConnection) throws -> Bool {
    try db.query(
      """
      update crmsync.cycle set phase = $2, finished_at = null, started_at = clock_timestamp()
      where id = $1 and phase = 'failed'
      """, [.int(cycle), .text(phase.rawValue)]
    ).affected == 1
  }

  /// Gives up what is left of a failed delta: the next one reads all of it again. Whoever holds a job of it is fenced.
  private static func supersede(_ cycle: Int64, _ db: isolated PostgresConnection) throws {
    _ = try db.query(
      """
      update crmsync.job set state = 'done', token = token + 1, lease_until = null, worker = null,
        last_error = 'superseded by the next delta' || coalesce(': ' || last_error, '')
      where cycle = $1 and state <> 'done'
      """, [.int(cycle)])
  }

  /// Opens the back-fill that is wanted. It stands for one that failed before: what that has left undone is part of
  /// it, and what that has read may be out of date since it began.
  private static func openBackfill(
    _ object: SourceObject, _ tenant: String, _ db: isolated PostgresConnection
  ) throws -> Bool {
    try db.query(
      """
      with wanted as (
        select tenant, object, backfill from crmsync.object_sync o
        where tenant = $1 and object = $2 and is_selected and copied_at is not null and backfill is not null
          and not exists (select from crmsync.cycle c where c.tenant = o.tenant and c.object = o.object
            and c.kind = 'backfill' and c.phase = 'failed' and c.finished_at > clock_timestamp() - interval '1 minute')
        for update
      ), taken as (
        update crmsync.object_sync o set backfill = null from wanted w where o.tenant = w.tenant and o.object = w.object
      ), superseded as (
        update crmsync.job j set state = 'done', token = token + 1, lease_until = null, worker = null,
          last_error = 'superseded by the next back-fill' || coalesce(': ' || last_error, '')
        from wanted w join crmsync.cycle c on c.tenant = w.tenant and c.object = w.object and c.kind = 'backfill'
          and c.phase = 'failed'
        where j.cycle = c.id and j.state <> 'done'
        returning c.extent
      ), last as (
        select c.phase, c.window_from, c.window_to from wanted w
        join crmsync.cycle c on c.tenant = w.tenant and c.object = w.object and c.kind = 'backfill'
        order by c.id desc limit 1
      )
      insert into crmsync.cycle (tenant, object, kind, extent, window_from, window_to)
      select w.tenant, w.object, 'backfill',
        case when exists (select from superseded where extent = 'everything') then 'everything' else w.backfill end,
        last.window_from, last.window_to
      from wanted w left join last on last.phase = 'failed'
      """, [.text(tenant), .text(object.apiName)]
    ).affected == 1
  }

  /// The objects that have something to do for the planner now: a cycle is due, or one has left work behind.
  public func dueObjects(tenant: String) async throws -> [SourceObject] {
    try await query(
      """
      select o.object from crmsync.object_sync o
      where o.tenant = $1 and o.is_selected and (
        (o.next_due <= clock_timestamp() and not exists (
          select from crmsync.cycle c where c.tenant = o.tenant and c.object = o.object and c.kind <> 'backfill'
            and c.phase in ('waiting', 'planning', 'copying')))
        or o.needs_schema or (o.backfill is not null and o.copied_at is not null))
      """, [.text(tenant)]
    ).map { SourceObject(apiName: try $0.require("object")) }
  }

  /// Makes the next cycle of a tenant's object, or of all of them, due at once. One that is under way is followed by
  /// another.
  /// - Returns: how many objects.
  public func hurry(tenant: String, object: SourceObject?) async throws -> Int {
    try await transaction { db in
      let hurried = try db.query(
        """
        update crmsync.object_sync set next_due = clock_timestamp()
        where tenant = $1 and ($2::text is null or object = $2) and is_selected
        """, [.text(tenant), object.map { .text($0.apiName) } ?? .null])
      try db.execute("notify crmsync_progress")
      return hurried.affected
    }
  }

  /// By the source's clock: everything of an object that changed before is committed here. `nil` before its first copy.
  public func watermark(of object: SourceObject, tenant: String) async throws -> Instant? {
    try await query(
      """
      select (extract(epoch from watermark) * 1000)::bigint as watermark from crmsync.object_sync
      where tenant = $1 and object = $2
      """, [.text(tenant), .text(object.apiName)]
    ).first?.int("watermark").map(Instant.init(milliseconds:))
  }

  /// When an object's next cycle is due, from now; `nil` while one is under way, or none will be.
  public func nextCycle(of object: SourceObject, tenant: String) async throws -> Duration? {
    try await query(
      """
      select greatest(0, extract(epoch from o.next_due - clock_timestamp()) * 1000)::bigint as wait
      from crmsync.object_sync o where o.tenant = $1 and o.object = $2 and o.is_selected and not exists (
        select from crmsync.cycle c where c.tenant = o.tenant and c.object = o.object and c.kind <> 'backfill'
          and c.phase in ('waiting', 'planning', 'copying'))
      """, [.text(tenant), .text(object.apiName)]
    ).first?.int("wait").map { .milliseconds($0) }
  }
}

extension DeltaWindow {
  /// The window in columns `window_from` and `window_to`, in milliseconds; `nil` where there is none.
  init?(_ row: PostgresRow) throws {
    guard let from = try row.int("window_from"), let to = try row.int("window_to") else { return nil }
    self.init(from: Instant(milliseconds: from), to: Instant(milliseconds: to))
  }
}

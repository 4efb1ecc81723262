import PostgreSQL
public import SyncModel

/// A cycle that is under way, as the leader sees it.
public struct OpenCycle: Sendable, Equatable {
  public let id: Int64
  public let object: SourceObject
  public let kind: CycleKind
  public let phase: CyclePhase
  /// What a back-fill reads.
  public let extent: BackfillExtent
  /// What a delta reads, once that is decided.
  public let window: DeltaWindow?
  /// Everything of the object that changed before is committed here.
  public let watermark: Instant?
  /// The schema has changed under the running cycle and must be read again.
  public let needsSchema: Bool
  /// The bulk job that lists the cycle's ids, while ranges are being cut.
  public let sampleJob: String?
  public let rowsExpected: Int64?
  /// Tries that went wrong since the last step forward.
  public let failures: Int
}

/// A cycle that has just ended.
public struct ClosedCycle: Sendable, Equatable {
  public let id: Int64
  public let object: SourceObject
  public let kind: CycleKind
  public let phase: CyclePhase
}

/// What a cycle's jobs are recorded from.
public struct CyclePlan: Sendable {
  public let ranges: [IDRange]
  public let method: ExtractMethod
  public let lane: String
  public let rowsExpected: Int
  public let apiCalls: Int

  /// A plan.
  public init(ranges: [IDRange], method: ExtractMethod, lane: String, rowsExpected: Int, apiCalls: Int) {
    self.ranges = ranges
    self.method = method
    self.lane = lane
    self.rowsExpected = rowsExpected
    self.apiCalls = apiCalls
  }
}

/// The leader's side of a cycle's life, from its opening to its end.
extension CheckpointStore {
  /// Records when a cycle's reading began, what it reads up to, and whether what it changes becomes events.
  ///
  /// A first copy also sets the watermark from which the first delta starts, unless an earlier try has. A back-fill
  /// began when the one began that it stands for.
  public func begin(
    _ cycle: OpenCycle, window: DeltaWindow, raisesEvents: Bool, tenant: String, leader: LeaderStamp
  ) async throws {
    try await asLeader(leader) { db in
      let begun = try db.query(
        """
        update crmsync.cycle
        set window_from = case when kind = 'backfill' then least(window_from, to_timestamp($2::float8 / 1000))
            else to_timestamp($2::float8 / 1000) end,
          window_to = to_timestamp($3::float8 / 1000),
          raises_events = $4
        where id = $1 and phase = 'waiting'
        """, [.int(cycle.id), .int(window.from.milliseconds), .int(window.to.milliseconds), .bool(raisesEvents)])
      guard begun.affected == 1, cycle.kind == .initial else { return }
      _ = try db.query(
        """
        update crmsync.object_sync set watermark = coalesce(watermark, to_timestamp($3::float8 / 1000))
        where tenant = $1 and object = $2
        """, [.text(tenant), .text(cycle.object.apiName), .int(window.from.milliseconds)])
    }
  }

  /// Records that a cycle's ids are being listed by a bulk job.
  public func beginSampling(_ cycle: Int64, job: String, rowsExpected: Int, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.cycle set phase = 'planning', sample_job = $2, rows_expected = $3
        where id = $1 and phase in ('waiting', 'planning')
        """, [.int(cycle), .text(job), .int(Int64(rowsExpected))])
    }
  }

  /// Records a cycle's jobs and starts its copy, in one step. A cycle without jobs ends at the next look.
  /// - Returns: how many jobs were recorded; 0 as well when the cycle had left planning already.
  public func record(_ plan: CyclePlan, of cycle: Int64, leader: LeaderStamp) async throws -> Int {
    try await asLeader(leader) { db in
      let moved = try db.query(
        """
        update crmsync.cycle
        set phase = 'copying', rows_expected = $2, planned_calls = $3, sample_job = null, error = null, failures = 0
        where id = $1 and phase in ('waiting', 'planning')
        """, [.int(cycle), .int(Int64(plan.rowsExpected)), .int(Int64(plan.apiCalls))])
      guard moved.affected == 1 else { return 0 }
      var recorded = 0
      for batch in stride(from: 0, to: plan.ranges.count, by: 1000) {
        let part = plan.ranges[batch..<min(batch + 1000, plan.ranges.count)]
        recorded += try db.query(
          """
          insert into crmsync.job (tenant, object, cycle, lane, method, mapping_version, state, range_from, range_to)
          select c.tenant, c.object, c.id, $2, $3, o.mapping_version,
            case $3 when 'bulk' then 'extracting' else 'runnable' end, nullif(r.lower, ''), nullif(r.upper, '')
          from crmsync.cycle c join crmsync.object_sync o on o.tenant = c.tenant and o.object = c.object,
            unnest($4::text[], $5::text[]) as r (lower, upper)
          where c.id = $1
          """,
          [
            .int(cycle), .text(plan.lane), .text(plan.method.rawValue),
            .textArray(part.map { $0.from ?? "" }), .textArray(part.map { $0.to ?? "" }),
          ]
        ).affected
      }
      return recorded
    }
  }

  /// Counts a try of a cycle that went wrong though it may go well the next time.
  public func countFailure(of cycle: Int64, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query("update crmsync.cycle set failures = failures + 1 where id = $1", [.int(cycle)])
    }
  }

  /// Stops a cycle with a reason, while those of other objects go on; it is tried again after a while.
  ///
  /// A back-fill is wanted again as a whole, with whatever was asked for meanwhile.
  public func fail(
    _ cycle: OpenCycle, error: String, tenant: String, retryAfter pause: Duration, leader: LeaderStamp
  ) async throws {
    try await asLeader(leader) { db in
      let failed = try db.query(
        """
        update crmsync.cycle set phase = 'failed', error = $2, finished_at = clock_timestamp(), sample_job = null,
          failures = 0
        where id = $1 and phase in ('waiting', 'planning', 'copying')
        """, [.int(cycle.id), .text(error)])
      guard failed.affected == 1 else { return }
      try Self.rest(cycle.id, pause: pause, on: db)
      _ = try db.query(
        """
        update crmsync.object_sync set backfill = case when backfill = 'everything' then backfill else $3 end
        where tenant = $1 and object = $2 and $4
        """,
        [
          .text(tenant), .text(cycle.object.apiName), .text(cycle.extent.rawValue), .bool(cycle.kind == .backfill),
        ])
    }
  }

  /// Ends the cycles of a tenant whose jobs have all ended, and moves the watermarks of those that are complete.
  ///
  /// A cycle with dead letters has failed, naming them, once nothing else of it is under way.
  /// - Parameter copyPause: rest between a first copy and its first delta.
  public func closeCycles(
    tenant: String, pause: Duration, copyPause: Duration = .zero, failurePause: Duration, leader: LeaderStamp
  ) async throws -> [ClosedCycle] {
    try await asLeader(leader) { db in
      let closed = try db.query(
        """
        with ended as (
          select c.id, dead.count as dead, dead.reason
          from crmsync.cycle c cross join lateral (
            select count(*) as count, (array_agg(j.last_error order by j.id))[1] as reason
            from crmsync.job j where j.cycle = c.id and j.state = 'dead'
          ) dead
          where c.tenant = $1 and c.phase = 'copying'
            and not exists (select from crmsync.job j where j.cycle = c.id and j.state not in ('done', 'dead'))
        )
        update crmsync.cycle c
        set phase = case when e.dead = 0 then 'done' else 'failed' end, finished_at = clock_timestamp(),
          error = case when e.dead > 0 then e.dead || ' dead letter(s), the first: ' || coalesce(e.reason, 'unknown')
            || '; see crmsync dead-letters list' end
        from ended e where c.id = e.id
        returning c.id, c.object, c.kind, c.phase
        """, [.text(tenant)]
      ).map(Self.closedCycle)
      for cycle in closed where cycle.phase == .done { try Self.complete(cycle, tenant: tenant, on: db) }
      for cycle in closed {
        let wait = cycle.phase == .failed ? failurePause : cycle.kind == .initial ? copyPause : pause
        try Self.rest(cycle.id, pause: wait, on: db)
      }
      return closed
    }
  }

  static func closedCycle(_ row: PostgresRow) throws -> ClosedCycle {
    ClosedCycle(
      id: try row.requireInt("id"), object: SourceObject(apiName: try row.require("object")),
      kind: CycleKind(rawValue: try row.require("kind")) ?? .delta,
      phase: CyclePhase(rawValue: try row.require("phase")) ?? .failed)
  }

  /// What a complete cycle means for its object.
  ///
  /// A back-fill reads records as they were when it began; a delta may have removed some of them since. So the next
  /// delta goes back to its beginning, and one that was under way meanwhile does not move the watermark past it. Nor
  /// does a delta under which the mapping changed: it may have taken records for what they no longer are.
  private static func complete(
    _ cycle: ClosedCycle, tenant: String, on db: isolated PostgresConnection
  ) throws {
    _ = try db.query(
      """
      update crmsync.object_sync o
      set synced_at = case when c.kind = 'backfill' then o.synced_at else c.finished_at end,
        copied_at = case when c.kind = 'initial' then c.finished_at else o.copied_at end,
        watermark = case
          when c.kind = 'delta' and not exists (select from crmsync.cycle b where b.tenant = c.tenant
            and b.object = c.object and b.kind = 'backfill' and b.phase = 'done' and b.finished_at >= c.started_at)
            and not exists (select from crmsync.mapping m where m.tenant = o.tenant and m.object = o.object
              and m.version = o.mapping_version and m.created_at >= c.started_at)
            then greatest(o.watermark, c.window_to)
          when c.kind = 'backfill' then least(o.watermark, c.window_from) else o.watermark end
      from crmsync.cycle c where c.id = $1 and o.tenant = c.tenant and o.object = c.object
      """, [.int(cycle.id)])
  }

  /// Sets when the next cycle is due, unless somebody has asked for one meanwhile. A back-fill has no rhythm.
  private static func rest(_ cycle: Int64, pause: Duration, on db: isolated PostgresConnection) throws {
    _ = try db.query(
      """
      update crmsync.object_sync o set next_due = clock_timestamp() + $2::float8 * interval '1 second'
      from crmsync.cycle c
      where c.id = $1 and c.kind <> 'backfill' and o.tenant = c.tenant and o.object = c.object
        and o.next_due <= c.started_at
      """, [.int(cycle), .seconds(pause)])
  }

  /// Deletes what is left of deltas and back-fills that ended long ago. The newest of each object is kept.
  /// - Returns: how many cycles.
  public func forgetCycles(tenant: String, olderThan age: Duration, leader: LeaderStamp) async throws -> Int {
    try await asLeader(leader) { db in
      let old = try db.query(
        """
        select c.id from crmsync.cycle c
        where c.tenant = $1 and c.kind <> 'initial' and c.phase in ('done', 'failed')
          and c.finished_at < clock_timestamp() - $2::float8 * interval '1 second'
          and exists (select from crmsync.cycle n where n.tenant = c.tenant and n.object = c.object and n.id > c.id
            and n.kind = c.kind)
          and not exists (select from crmsync.job j where j.cycle = c.id
            and (j.state <> 'done' or (j.method = 'bulk' and not j.extract_deleted)))
        order by c.id limit 500
        """, [.text(tenant), .seconds(age)]
      ).map { try $0.requireInt("id") }
      guard !old.isEmpty else { return 0 }
      _ = try db.query("delete from crmsync.job where cycle = any($1::bigint[])", [.idArray(old)])
      _ = try db.query("delete from crmsync.cycle where id = any($1::bigint[])", [.idArray(old)])
      return old.count
    }
  }
}

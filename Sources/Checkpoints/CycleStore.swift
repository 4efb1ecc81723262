import PostgreSQL
public import SyncModel

/// An object of a tenant, as far as its initial copy has come.
public struct ObjectProgress: Sendable {
  public let object: SourceObject
  public let phase: ObjectPhase
  public let mappingVersion: Int
  /// The schema has changed under the running copy and must be read again.
  public let needsSchema: Bool
  /// The bulk job that lists the object's ids, while ranges are being cut.
  public let sampleJob: String?
  public let rowsExpected: Int64?
}

/// Where an object stands in its cycle.
public enum ObjectPhase: String, Sendable, Codable {
  /// Nothing was done yet.
  case waiting
  /// Its ranges are being cut.
  case planning
  case copying
  /// Copied completely.
  case synced
  /// Stopped, with a reason that a person has to act on.
  case failed
}

/// The leader's side of cycles and objects.
extension CheckpointStore {
  /// Opens the tenant's initial cycle, unless every object named was copied already.
  ///
  /// Objects that failed before get another chance; those that were synced are left alone.
  /// - Returns: the running cycle, or `nil` when there is nothing to copy.
  public func openCycle(tenant: String, objects: [SourceObject], leader: LeaderStamp) async throws -> Int64? {
    try await asLeader(leader) { db in
      for object in objects {
        _ = try db.query(
          "insert into crmsync.object_sync (tenant, object) values ($1, $2) on conflict do nothing",
          [.text(tenant), .text(object.apiName)])
      }
      let running = try db.query(
        "select id from crmsync.cycle where tenant = $1 and state = 'running'", [.text(tenant)])
      if let cycle = try running.first?.int("id") {
        try Self.enter(cycle, tenant: tenant, objects: objects, on: db)
        return cycle
      }
      let open = try db.query(
        "select 1 from crmsync.object_sync where tenant = $1 and object = any($2::text[]) and phase <> 'synced'",
        [.text(tenant), .textArray(objects.map(\.apiName))])
      guard !open.isEmpty else { return nil }
      let opened = try db.query(
        "insert into crmsync.cycle (tenant, kind) values ($1, 'initial') returning id", [.text(tenant)])
      guard let cycle = try opened.first?.int("id") else { return nil }
      try Self.enter(cycle, tenant: tenant, objects: objects, on: db)
      return cycle
    }
  }

  private static func enter(
    _ cycle: Int64, tenant: String, objects: [SourceObject], on db: isolated PostgresConnection
  ) throws {
    _ = try db.query(
      """
      update crmsync.object_sync
      set cycle = $1, phase = case when phase = 'failed' and mapping_version > 0 and exists (
            select 1 from crmsync.job j where j.tenant = object_sync.tenant and j.object = object_sync.object
              and j.cycle = object_sync.cycle)
          then 'copying' else 'waiting' end, error = null
      where tenant = $2 and object = any($3::text[]) and phase in ('waiting', 'failed')
        and (cycle is distinct from $1 or phase = 'failed')
      """, [.int(cycle), .text(tenant), .textArray(objects.map(\.apiName))])
  }

  /// The cycle that the tenant is in.
  public func runningCycle(tenant: String) async throws -> Int64? {
    try await query("select id from crmsync.cycle where tenant = $1 and state = 'running'", [.text(tenant)])
      .first?.int("id")
  }

  /// The objects of a cycle.
  public func objects(tenant: String, cycle: Int64) async throws -> [ObjectProgress] {
    try await query(
      """
      select object, phase, mapping_version, needs_schema, sample_job, rows_expected
      from crmsync.object_sync where tenant = $1 and cycle = $2 order by object
      """, [.text(tenant), .int(cycle)]
    ).map { row in
      ObjectProgress(
        object: SourceObject(apiName: try row.require("object")),
        phase: ObjectPhase(rawValue: try row.require("phase")) ?? .failed,
        mappingVersion: Int(try row.requireInt("mapping_version")), needsSchema: try row.bool("needs_schema") ?? false,
        sampleJob: try row.string("sample_job"), rowsExpected: try row.int("rows_expected"))
    }
  }

  /// Keeps a mapping under a new version and makes it that of the object and of its jobs that have no extract yet.
  /// - Parameter deltaFrom: where the first delta has to start; kept from the first call on.
  /// - Returns: the version.
  @discardableResult
  public func store(
    _ mapping: ObjectMapping, conditions: [String], deltaFrom: Instant, tenant: String, leader: LeaderStamp
  ) async throws -> Int {
    let mappingJSON = try PostgresValue.json(mapping)
    let conditionsJSON = try PostgresValue.json(conditions)
    return try await asLeader(leader) { db in
      let rows = try db.query(
        """
        with next as (
          update crmsync.object_sync
          set mapping_version = mapping_version + 1, needs_schema = false, started_at = coalesce(started_at, now()),
            delta_from = coalesce(delta_from, to_timestamp($5::float8 / 1000))
          where tenant = $1 and object = $2
          returning mapping_version
        ), kept as (
          insert into crmsync.mapping (tenant, object, version, mapping, conditions)
          select $1, $2, mapping_version, $3::jsonb, $4::jsonb from next
        ), moved as (
          update crmsync.job j set mapping_version = next.mapping_version from next
          where j.tenant = $1 and j.object = $2 and j.state <> 'done' and j.position ->> 'bulkJob' is null
        )
        select mapping_version from next
        """,
        [
          .text(tenant), .text(mapping.object.apiName), mappingJSON, conditionsJSON, .int(deltaFrom.milliseconds),
        ])
      return Int(try rows.first?.int("mapping_version") ?? 0)
    }
  }

  /// The mapping and conditions in force for an object, if it has been mapped.
  public func mapping(of object: SourceObject, tenant: String) async throws -> (ObjectMapping, [String])? {
    let rows = try await query(
      """
      select m.mapping::text as mapping, m.conditions::text as conditions
      from crmsync.object_sync o
      join crmsync.mapping m on m.tenant = o.tenant and m.object = o.object and m.version = o.mapping_version
      where o.tenant = $1 and o.object = $2
      """, [.text(tenant), .text(object.apiName)])
    return try rows.first.map { row in
      (try row.json("mapping", as: ObjectMapping.self), try row.json("conditions", as: [String].self))
    }
  }

  /// Records that an object's ids are being listed by a bulk job.
  public func beginSampling(
    _ object: SourceObject, job: String?, rowsExpected: Int, tenant: String, leader: LeaderStamp
  ) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.object_sync set phase = 'planning', sample_job = $3, rows_expected = $4
        where tenant = $1 and object = $2 and phase in ('waiting', 'planning')
        """, [.text(tenant), .text(object.apiName), job.map(PostgresValue.text) ?? .null, .int(Int64(rowsExpected))])
    }
  }

  /// Records an object's jobs and starts its copy, in one step.
  /// - Returns: how many jobs were recorded; 0 when the object had left planning already.
  public func record(
    ranges: [IDRange], method: ExtractMethod, of object: SourceObject, rowsExpected: Int, apiCalls: Int,
    tenant: String, cycle: Int64, leader: LeaderStamp
  ) async throws -> Int {
    try await asLeader(leader) { db in
      let moved = try db.query(
        """
        update crmsync.object_sync
        set phase = 'copying', rows_expected = $3, planned_calls = $4, sample_job = null
        where tenant = $1 and object = $2 and phase in ('waiting', 'planning')
        returning mapping_version
        """, [.text(tenant), .text(object.apiName), .int(Int64(rowsExpected)), .int(Int64(apiCalls))])
      guard !moved.isEmpty else { return 0 }
      var recorded = 0
      for batch in stride(from: 0, to: ranges.count, by: 1000) {
        let part = ranges[batch..<min(batch + 1000, ranges.count)]
        recorded += try db.query(
          """
          insert into crmsync.job (tenant, object, cycle, lane, method, mapping_version, state, range_from, range_to)
          select $1, $2, $3, 'initial', $4, o.mapping_version, case $4 when 'bulk' then 'extracting' else 'runnable' end,
            nullif(r.lower, ''), nullif(r.upper, '')
          from crmsync.object_sync o, unnest($5::text[], $6::text[]) as r (lower, upper)
          where o.tenant = $1 and o.object = $2
          """,
          [
            .text(tenant), .text(object.apiName), .int(cycle), .text(method.rawValue),
            .textArray(part.map { $0.from ?? "" }), .textArray(part.map { $0.to ?? "" }),
          ]
        ).affected
      }
      return recorded
    }
  }

  /// Stops an object with a reason, while others go on.
  public func failObject(_ object: SourceObject, error: String, tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        "update crmsync.object_sync set phase = 'failed', error = $3 where tenant = $1 and object = $2",
        [.text(tenant), .text(object.apiName), .text(error)])
    }
  }

  /// Closes what is complete: objects whose jobs are all done, and a cycle whose objects are all synced or failed.
  ///
  /// An object with dead letters is failed, naming them, once nothing else of it is under way.
  /// - Returns: the state of the cycle afterwards: `running`, `done` or `failed`.
  public func advance(tenant: String, cycle: Int64, leader: LeaderStamp) async throws -> CycleState {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        with tally as (
          select o.object, count(j.id) filter (where j.state not in ('done', 'dead')) as open,
            count(j.id) filter (where j.state = 'dead') as dead,
            (array_agg(j.last_error order by j.id) filter (where j.state = 'dead'))[1] as reason
          from crmsync.object_sync o
          left join crmsync.job j on j.tenant = o.tenant and j.object = o.object and j.cycle = o.cycle
          where o.tenant = $1 and o.cycle = $2 and o.phase = 'copying'
          group by o.object
        )
        update crmsync.object_sync o
        set phase = case when t.dead = 0 then 'synced' else 'failed' end,
          synced_at = case when t.dead = 0 then now() else o.synced_at end,
          error = case when t.dead = 0 then null else
            t.dead || ' dead letter(s), the first: ' || coalesce(t.reason, 'unknown')
            || '; see crmsync dead-letters list' end
        from tally t
        where o.tenant = $1 and o.cycle = $2 and o.object = t.object and t.open = 0
        """, [.text(tenant), .int(cycle)])
      let rows = try db.query(
        """
        update crmsync.cycle c
        set state = case when s.failed > 0 then 'failed' else 'done' end, finished_at = now()
        from (
          select count(*) filter (where phase = 'failed') as failed,
            count(*) filter (where phase in ('waiting', 'planning', 'copying')) as open
          from crmsync.object_sync where tenant = $1 and cycle = $2
        ) s
        where c.id = $2 and c.tenant = $1 and c.state = 'running' and s.open = 0
        returning c.state
        """, [.text(tenant), .int(cycle)])
      return CycleState(rawValue: try rows.first?.string("state") ?? "running") ?? .running
    }
  }
}

/// Where a cycle stands.
public enum CycleState: String, Sendable, Codable {
  case running
  case done
  /// Every object ended, at least one of them with a reason to act on.
  case failed
}

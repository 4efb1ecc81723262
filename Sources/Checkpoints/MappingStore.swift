import PostgreSQL
public import SyncModel

/// What an object's schema and selection come to, as it is kept under a version.
public struct StoredMapping: Sendable, Equatable {
  public let mapping: ObjectMapping
  public let scope: SelectionScope
  /// SOQL conditions that select the object's records.
  public let conditions: [String]
  /// What a delta's records mean.
  public let rules: ChangeRules

  /// A mapping with what belongs to it.
  public init(mapping: ObjectMapping, scope: SelectionScope, conditions: [String], rules: ChangeRules) {
    self.mapping = mapping
    self.scope = scope
    self.conditions = conditions
    self.rules = rules
  }
}

extension CheckpointStore {
  /// The mapping in force for an object, if it has been mapped.
  public func mapping(of object: SourceObject, tenant: String) async throws -> StoredMapping? {
    let rows = try await query(Self.currentMapping, [.text(tenant), .text(object.apiName)])
    return try rows.first.map(Self.storedMapping)
  }

  private static let currentMapping = """
    select m.version, m.mapping::text as mapping, m.scope::text as scope, m.conditions::text as conditions,
      m.rules::text as rules
    from crmsync.object_sync o
    join crmsync.mapping m on m.tenant = o.tenant and m.object = o.object and m.version = o.mapping_version
    where o.tenant = $1 and o.object = $2
    """

  private static func storedMapping(_ row: PostgresRow) throws -> StoredMapping {
    StoredMapping(
      mapping: try row.json("mapping", as: ObjectMapping.self), scope: try row.json("scope", as: SelectionScope.self),
      conditions: try row.json("conditions", as: [String].self), rules: try row.json("rules", as: ChangeRules.self))
  }

  /// Makes a mapping that of its object and of its jobs that have no extract yet.
  ///
  /// It gets a new version where it differs from the one before. Where it has gained something that rows which were
  /// copied already lack, a back-fill is asked for. Conditions move with the clock and make no new version.
  public func store(_ new: StoredMapping, tenant: String, leader: LeaderStamp) async throws {
    let object = PostgresValue.text(new.mapping.object.apiName)
    let columns = try [
      PostgresValue.json(new.mapping), .json(new.scope), .json(new.conditions), .json(new.rules),
    ]
    try await asLeader(leader) { db in
      let row = try db.query(Self.currentMapping + " for update of o", [.text(tenant), object]).first
      if let row {
        let old = try Self.storedMapping(row)
        if old.mapping == new.mapping, old.scope == new.scope {
          return try Self.refresh(columns, version: try row.requireInt("version"), tenant: tenant, object, on: db)
        }
        if let extent = BackfillExtent.after((old.mapping, old.scope), (new.mapping, new.scope)) {
          try Self.askForBackfill(extent, tenant: tenant, object, on: db)
        }
      }
      _ = try db.query(
        """
        with next as (
          update crmsync.object_sync set mapping_version = mapping_version + 1, needs_schema = false
          where tenant = $1 and object = $2
          returning mapping_version
        ), kept as (
          insert into crmsync.mapping (tenant, object, version, mapping, scope, conditions, rules)
          select $1, $2, mapping_version, $3::jsonb, $4::jsonb, $5::jsonb, $6::jsonb from next
        )
        update crmsync.job j set mapping_version = next.mapping_version from next
        where j.tenant = $1 and j.object = $2 and j.state <> 'done' and j.position ->> 'bulkJob' is null
        """, [.text(tenant), object] + columns)
    }
  }

  private static func refresh(
    _ columns: [PostgresValue], version: Int64, tenant: String, _ object: PostgresValue,
    on db: isolated PostgresConnection
  ) throws {
    _ = try db.query(
      """
      update crmsync.mapping set conditions = $4::jsonb, rules = $5::jsonb
      where tenant = $1 and object = $2 and version = $3
      """, [.text(tenant), object, .int(version)] + columns.suffix(2))
    _ = try db.query(
      "update crmsync.object_sync set needs_schema = false where tenant = $1 and object = $2 and needs_schema",
      [.text(tenant), object])
  }

  /// Once nothing was copied yet, nothing can be missing.
  private static func askForBackfill(
    _ extent: BackfillExtent, tenant: String, _ object: PostgresValue, on db: isolated PostgresConnection
  ) throws {
    _ = try db.query(
      """
      update crmsync.object_sync o
      set backfill = case when o.backfill = 'everything' then o.backfill else $3 end
      where o.tenant = $1 and o.object = $2 and (o.copied_at is not null or exists (
        select from crmsync.cycle c join crmsync.job j on j.cycle = c.id
        where c.tenant = o.tenant and c.object = o.object and c.kind = 'initial'))
      """, [.text(tenant), object, .text(extent.rawValue)])
  }

  /// Lets an object's schema be read again, at the latest when its next cycle begins.
  public func askForSchema(of object: SourceObject, tenant: String) async throws {
    _ = try await query(
      "update crmsync.object_sync set needs_schema = true where tenant = $1 and object = $2 and not needs_schema",
      [.text(tenant), .text(object.apiName)])
  }

  /// Says what a person should know of an object though it is in step; `nil` takes it back.
  public func warn(_ warning: String?, of object: SourceObject, tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.object_sync set warning = $3 where tenant = $1 and object = $2 and warning is distinct from $3
        """, [.text(tenant), .text(object.apiName), warning.map(PostgresValue.text) ?? .null])
    }
  }

  /// Takes back a warning, because a person has found out that nothing is wrong, or has mended it.
  public func forgetWarning(of object: SourceObject, tenant: String) async throws {
    _ = try await query(
      "update crmsync.object_sync set warning = null where tenant = $1 and object = $2 and warning is not null",
      [.text(tenant), .text(object.apiName)])
  }
}

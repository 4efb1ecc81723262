import PostgreSQL
import SyncModel

/// Finds what Marketo lacks.
extension DeliveryStore {
  /// Takes note of rows that have changed since the last collection, or whose parents have.
  ///
  /// A row's `synced_at` is the beginning of the transaction that wrote it, and shows once that is committed. The next
  /// collection therefore starts where the oldest transaction that runs now began. Where the server does not tell, since
  /// the transaction is another role's, it looks an hour back.
  /// - Returns: how many wait anew.
  @discardableResult
  public func collect(_ source: DeliverySource) async throws -> Int {
    let entity = source.entity.table
    let statement = collection(source)
    let marks = qualified(DeliveryTables.marks)
    return try await pool.withConnection { connection in
      try await connection.transaction { db in
        _ = try db.query("select from \(marks) where entity = $1 for update", [.text(entity)])
        let next = try db.query(
          """
          select least(now(), min(case when query = '<insufficient privilege>' then now() - interval '1 hour'
            else xact_start end))::text as next
          from pg_stat_activity a where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
            and (query <> '<insufficient privilege>'
              or exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'virtualxid'))
          """
        ).first?.string("next")
        let collected = try db.query(statement, [.text(entity)]).first
        try count(source, added: Int(try collected?.int("new") ?? 0), on: db)
        _ = try db.query(
          "update \(marks) set seen_from = $2::timestamptz, collected_at = now() where entity = $1",
          [.text(entity), next.map(PostgresValue.text) ?? .null])
        return Int(try collected?.int("changed") ?? 0)
      }
    }
  }

  private func collection(_ source: DeliverySource) -> String {
    """
    with mark as materialized (
      select coalesce(seen_from, '-infinity') as seen from \(qualified(DeliveryTables.marks)) where entity = $1
    ), candidate as (\(candidates(source))
    ), collected as (insert into \(delivery) as d (entity, veeva_id, lead, wanted)
    select $1, t.veeva_id, \(source.lead), md5(c.json)
    from candidate join \(source.rows) on t.veeva_id = candidate.veeva_id \(source.contentJSON)
    order by t.veeva_id
    on conflict (entity, veeva_id) do update set wanted = excluded.wanted, lead = excluded.lead,
      due_at = '-infinity', attempt = 0
    where d.wanted <> excluded.wanted or d.lead is distinct from excluded.lead
    -- Of a row that was there before, the transaction that replaced it is known.
    returning xmax = 0 as is_new)
    select count(*) as changed, count(*) filter (where is_new) as new from collected
    """
  }

  private func candidates(_ source: DeliverySource) -> String {
    var parts = ["select t.veeva_id from \(source.table) t, mark where t.synced_at >= mark.seen"]
    for parent in source.entity.parents {
      parts.append(
        """
        select t.veeva_id from mark, \(delivery) f join \(source.table) t
          on t.\(quotedIdentifier(parent.column)) = f.veeva_id
        where f.entity = \(literal(parent.table)) and f.first_delivered_at >= mark.seen and mark.seen > '-infinity'
        """)
    }
    guard source.entity.leadPath != nil else { return parts.joined(separator: " union ") }
    let recent = source.entity.leadPath?.parent == nil ? ["l"] : ["l", "p"]
    for alias in recent {
      parts.append(
        "select t.veeva_id from mark, \(source.rows) "
          + "where \(alias).synced_at >= mark.seen and mark.seen > '-infinity'")
    }
    return parts.joined(separator: " union ")
  }

  /// Takes note of custom objects whose row has gone or no longer leads to a person: when rows were deleted, and every
  /// hour, since a link can be lost in other ways. A sweep goes through all deliveries, and takes a small part of the
  /// time only.
  ///
  /// Leads, companies and salespersons stay, flagged by their own fields.
  /// - Returns: how many there are to be deleted.
  @discardableResult
  public func sweep(_ sources: [DeliverySource]) async throws -> Int {
    let swept = sources.filter { $0.entity.leadPath != nil }
    let (state, gone) = (qualified(DeliveryTables.state), qualified(DeliveryTables.gone))
    let statements = swept.map { (entity: $0.entity.table, parts: removal($0)) }
    return try await pool.withConnection { connection in
      try await connection.transaction { db in
        let claim = "update \(state) set swept_at = clock_timestamp() where \(Self.sweepIsDue(state, gone))"
        guard try db.query(claim).affected > 0 else { return 0 }
        try db.execute("delete from \(gone)")
        var removed = 0
        for (entity, parts) in statements {
          removed += try db.query(parts.0, [.text(entity)]).affected
          try count(deleted: try db.query(parts.1, [.text(entity)]).affected, of: entity, on: db)
        }
        try db.execute("update \(state) set sweep_seconds = extract(epoch from clock_timestamp() - swept_at)")
        return removed
      }
    }
  }

  /// A condition on the state's row.
  static func sweepIsDue(_ state: String, _ gone: String) -> String {
    """
    clock_timestamp() > \(state).swept_at + 20 * greatest(0, \(state).sweep_seconds - 1) * interval '1 second'
      and (\(state).swept_at < clock_timestamp() - interval '1 hour' or exists (select from \(gone)))
    """
  }

  private func removal(_ source: DeliverySource) -> (String, String) {
    (
      """
      update \(delivery) d set wanted = '', due_at = '-infinity', attempt = 0
      where d.entity = $1 and d.wanted <> '' and not exists (
        select from \(source.rows) where t.veeva_id = d.veeva_id)
      """,
      // What Marketo never had needs no deleting there.
      """
      delete from \(delivery) where entity = $1 and wanted = '' and coalesce(delivered, '') = ''
        and (in_flight_until is null or in_flight_until <= clock_timestamp())
      """
    )
  }
}

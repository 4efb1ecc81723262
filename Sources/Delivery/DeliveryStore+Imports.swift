import PostgreSQL

/// An import that Marketo has taken and whose end has not been recorded.
public struct OpenImport: Sendable, Equatable {
  /// The claim whose records it holds.
  public let batch: String
  public let importID: Int
  /// How many records were sent.
  public let rows: Int
}

/// Imports run for minutes: whoever started one may die, and another takes over.
extension DeliveryStore {
  /// Remembers an import that Marketo has taken. Until it is settled its records stay claimed.
  public func remember(_ importID: Int, of batch: DeliveryBatch, following lease: Duration) async throws {
    _ = try await query(
      """
      insert into \(qualified(DeliveryTables.imports)) (batch, entity, import_id, rows, followed_until)
      values ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5::float8))
      """,
      [.text(batch.id), .text(batch.entity), .int(Int64(importID)), .int(Int64(batch.records.count)), .seconds(lease)])
  }

  /// Imports of an entity that nobody follows any more; from now on the caller does.
  public func takeOverImports(of entity: String, following lease: Duration) async throws -> [OpenImport] {
    try await query(
      """
      update \(qualified(DeliveryTables.imports)) i
      set followed_until = clock_timestamp() + make_interval(secs => $2::float8)
      where batch in (select batch from \(qualified(DeliveryTables.imports))
        where entity = $1 and followed_until <= clock_timestamp() for update skip locked)
      returning batch, import_id, rows
      """, [.text(entity), .seconds(lease)]
    ).map {
      OpenImport(
        batch: try $0.string("batch") ?? "", importID: Int(try $0.int("import_id") ?? 0),
        rows: Int(try $0.int("rows") ?? 0))
    }
  }

  /// Keeps an import, and its records, with the caller for longer.
  public func keepFollowing(_ open: OpenImport, for lease: Duration, records: Duration) async throws {
    _ = try await query(
      """
      with kept as (
        update \(qualified(DeliveryTables.imports))
        set followed_until = clock_timestamp() + make_interval(secs => $2::float8) where batch = $1 returning batch
      ), mine as materialized (
        select d.entity, d.veeva_id from \(delivery) d join kept on kept.batch = d.batch
        order by d.veeva_id for update of d
      )
      update \(delivery) d set in_flight_until = statement_timestamp() + make_interval(secs => $3::float8)
      from mine where d.entity = mine.entity and d.veeva_id = mine.veeva_id
      """, [.text(open.batch), .seconds(lease), .seconds(records)])
  }

  /// Records the end of an import: what failed is refused, everything else of it was accepted.
  public func settle(_ open: OpenImport, of entity: String, failures: [(key: String, reason: String)]) async throws {
    var results: [DeliveryResult] = []
    for failure in failures {
      results.append(DeliveryResult(veevaID: failure.key, .refused, code: "import", message: failure.reason))
    }
    let batch = DeliveryBatch(id: open.batch, entity: entity, records: [])
    try await settle(batch, results)
    // After the failures, what still belongs to the batch was imported. A crash in between is made good by whoever
    // takes the import over: the failures no longer belong to the batch.
    let (delivery, imports, ofBatch) = (delivery, qualified(DeliveryTables.imports), ofBatch)
    try await pool.withConnection { connection in
      try await connection.transaction { db in
        _ = try db.query(
          """
          \(ofBatch)
          update \(delivery) d set delivered = sending, delivered_at = clock_timestamp(),
            first_delivered_at = coalesce(first_delivered_at, clock_timestamp()), refused = null, error = null,
            error_code = null, attempt = 0, due_at = '-infinity', batch = null, in_flight_until = null, sending = null
          from mine where d.entity = $1 and d.veeva_id = mine.veeva_id
          """, [.text(entity), .text(open.batch)])
        _ = try db.query("delete from \(imports) where batch = $1", [.text(open.batch)])
      }
    }
  }

  /// Notes warnings about records that were imported.
  public func note(warnings: [(key: String, reason: String)], of entity: String) async throws {
    guard !warnings.isEmpty else { return }
    _ = try await query(
      """
      update \(delivery) d set warning = r.reason from jsonb_to_recordset($2::jsonb) r (id text, reason text)
      where d.entity = $1 and d.veeva_id = r.id
      """, [.text(entity), try .json(warnings.map { ["id": $0.key, "reason": $0.reason] })])
  }

  /// Gives up on an import whose outcome cannot be known: its records wait again, after a while.
  public func abandon(_ open: OpenImport, of entity: String, hold: Duration, error: String) async throws {
    try await release(DeliveryBatch(id: open.batch, entity: entity, records: []), hold: hold, error: error)
    _ = try await query("delete from \(qualified(DeliveryTables.imports)) where batch = $1", [.text(open.batch)])
  }
}

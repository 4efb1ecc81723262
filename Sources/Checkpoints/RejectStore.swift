import PostgreSQL
public import SyncModel

/// A refused record, as an operator sees it.
public struct StoredReject: Sendable, Codable, Equatable {
  public let id: Int64
  public let tenant: String
  public let object: String
  public let recordID: String
  public let field: String?
  public let expected: String
  public let reason: String
  public let job: Int64
  public let seenAt: String
}

/// What a person may do with rejects.
extension CheckpointStore {
  /// The rejects, oldest first.
  public func rejects(tenant: String?, object: String?, limit: Int = 1000) async throws -> [StoredReject] {
    try await query(
      """
      select id, tenant, object, record_id, field, expected, reason, job,
        to_char(seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as seen_at
      from crmsync.reject
      where state = 'open' and ($1::text is null or tenant = $1) and ($2::text is null or object = $2)
      order by id limit $3
      """, [tenant.map(PostgresValue.text) ?? .null, object.map(PostgresValue.text) ?? .null, .int(Int64(limit))]
    ).map { row in
      StoredReject(
        id: try row.requireInt("id"), tenant: try row.require("tenant"), object: try row.require("object"),
        recordID: try row.require("record_id"), field: try row.string("field"), expected: try row.require("expected"),
        reason: try row.require("reason"), job: try row.requireInt("job"), seenAt: try row.require("seen_at"))
    }
  }

  /// Rejects that a person has seen and does not want to see again.
  /// - Returns: how many.
  public func discardRejects(_ ids: [Int64]) async throws -> Int {
    try await query(
      "update crmsync.reject set state = 'discarded' where state = 'open' and id = any($1::bigint[])", [.idArray(ids)]
    ).affected
  }

  /// Rejects whose record was stored after all.
  /// - Returns: how many.
  public func resolveRejects(_ recordIDs: [String], object: String, tenant: String) async throws -> Int {
    try await query(
      "delete from crmsync.reject where tenant = $1 and object = $2 and record_id = any($3::text[])",
      [.text(tenant), .text(object), .textArray(recordIDs)]
    ).affected
  }
}

/// Rejects outside the life cycle of jobs.
extension CheckpointStore {
  /// Ids of the records of an object that were refused, those included that a person has discarded.
  public func rejectedIDs(of object: String, tenant: String, limit: Int) async throws -> [String] {
    try await query(
      "select record_id from crmsync.reject where tenant = $1 and object = $2 order by id limit $3",
      [.text(tenant), .text(object), .int(Int64(limit))]
    ).map { try $0.require("record_id") }
  }

  /// Records that were refused when they were fetched again.
  public func recordRejects(_ rejects: [Reject], of object: String, tenant: String) async throws {
    guard !rejects.isEmpty else { return }
    try await transaction { db in
      for reject in rejects {
        _ = try db.query(
          """
          insert into crmsync.reject (tenant, object, record_id, field, expected, reason, job)
          values ($1, $2, $3, $4, $5, $6, 0)
          on conflict (tenant, object, record_id) do update
          set field = excluded.field, expected = excluded.expected, reason = excluded.reason, seen_at = now()
          """,
          [
            .text(tenant), .text(object), .text(reject.recordID), reject.field.map(PostgresValue.text) ?? .null,
            .text(reject.expected), .text(reject.reason),
          ])
      }
    }
  }
}

import Foundation
import PostgreSQL
import SyncModel

/// Persons that Marketo may know by their email address alone.
extension DeliveryStore {
  /// A person that is new to Marketo.
  struct Newcomer: Sendable, Equatable {
    let veevaID: String
    /// In lower case.
    let email: String
    /// Synced persons that have the address.
    let persons: Int
  }

  /// Claims persons that are new to Marketo and that nobody has looked for by their address.
  /// - Returns: `nil` when there are none.
  func claimNewcomers(of source: DeliverySource, atMost limit: Int, for lease: Duration) async throws
    -> (batch: DeliveryBatch, newcomers: [Newcomer])?
  {
    let id = UUID().uuidString
    let rows = try await query(
      """
      with picked as materialized (
        select d.veeva_id, lower(t.email) as email from \(delivery) d join \(source.table) t on t.veeva_id = d.veeva_id
        where \(Self.waiting) and d.wanted <> '' and d.delivered is null and not d.is_looked_for and t.email is not null
        order by d.veeva_id limit $4 for update of d skip locked
      )
      update \(delivery) d set batch = $2, in_flight_until = statement_timestamp() + make_interval(secs => $3::float8)
      from picked where d.entity = $1 and d.veeva_id = picked.veeva_id
      returning d.veeva_id as id, picked.email as email,
        (select count(*) from \(source.table) o where lower(o.email) = picked.email
          and o.veeva_is_deleted is not true) as persons
      """, [.text(source.entity.table), .text(id), .seconds(lease), .int(Int64(limit))])
    guard !rows.isEmpty else { return nil }
    let newcomers = try rows.map {
      Newcomer(
        veevaID: try $0.string("id") ?? "", email: try $0.string("email") ?? "",
        persons: Int(try $0.int("persons") ?? 0))
    }
    let records = newcomers.map { DeliveryBatch.Record(veevaID: $0.veevaID, payload: "") }
    return (DeliveryBatch(id: id, entity: source.entity.table, records: records), newcomers)
  }

  /// Records what was found out about a batch of newcomers: who is not refused is delivered from now on.
  func settle(_ batch: DeliveryBatch, refused: [(veevaID: String, code: String, message: String)]) async throws {
    _ = try await query(
      """
      \(ofBatch), refused as (
        select id, code, message from jsonb_to_recordset($3::jsonb) r (id text, code text, message text)
      )
      update \(delivery) d set batch = null, in_flight_until = null, is_looked_for = r.id is null,
        refused = case when r.id is null then d.refused else d.wanted end, error_code = r.code, error = r.message
      from mine left join refused r on r.id = mine.veeva_id
      where d.entity = $1 and d.veeva_id = mine.veeva_id
      """,
      [
        .text(batch.entity), .text(batch.id),
        try .json(refused.map { ["id": $0.veevaID, "code": $0.code, "message": $0.message] }),
      ])
  }
}

extension DeliverySource {
  /// Whether leads may be known by an address alone.
  var adopts: Bool { entity.target == .lead && entity.fields.contains { $0.column == "email" } }
}

import PostgreSQL

/// What Marketo has refused, and what a person does about it.
extension DeliveryStore {
  /// A record that Marketo refused as it is now.
  public struct Refusal: Sendable, Codable, Equatable {
    public let entity: String
    public let veevaID: String
    /// Marketo's.
    public let code: String
    /// In Marketo's own words.
    public let message: String
  }

  private static let refused = "refused is not null and wanted = refused"

  /// Refused records that nobody has discarded.
  /// - Parameters:
  ///   - entity: only of this one.
  ///   - id: only this record.
  public func refusals(of entity: String? = nil, id: String? = nil, limit: Int = 1000) async throws -> [Refusal] {
    guard try await isMade() else { return [] }
    return try await query(
      """
      select entity, veeva_id, coalesce(error_code, '') as code, coalesce(error, '') as message from \(delivery)
      where \(Self.refused) and discarded is distinct from refused and ($1::text is null or entity = $1)
        and ($2::text is null or veeva_id = $2)
      order by entity, veeva_id limit $3
      """, parameters(entity, id) + [.int(Int64(limit))]
    ).map {
      Refusal(
        entity: try $0.string("entity") ?? "", veevaID: try $0.string("veeva_id") ?? "",
        code: try $0.string("code") ?? "", message: try $0.string("message") ?? "")
    }
  }

  /// Lets refused records be tried again as they are.
  /// - Returns: how many.
  public func retryRefusals(of entity: String? = nil, id: String? = nil) async throws -> Int {
    guard try await isMade() else { return 0 }
    return try await query(
      """
      update \(delivery) set refused = null, discarded = null, attempt = 0, due_at = '-infinity'
      where \(Self.refused) and ($1::text is null or entity = $1) and ($2::text is null or veeva_id = $2)
      """, parameters(entity, id)
    ).affected
  }

  /// Refused records that nobody wants to see again, until they change.
  /// - Returns: how many.
  public func discardRefusals(of entity: String, id: String) async throws -> Int {
    guard try await isMade() else { return 0 }
    return try await query(
      """
      update \(delivery) set discarded = refused
      where \(Self.refused) and discarded is distinct from refused and entity = $1 and veeva_id = $2
      """, [.text(entity), .text(id)]
    ).affected
  }

  private func parameters(_ entity: String?, _ id: String?) -> [PostgresValue] {
    [entity.map(PostgresValue.text) ?? .null, id.map(PostgresValue.text) ?? .null]
  }
}

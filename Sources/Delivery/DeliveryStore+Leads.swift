import PostgreSQL

/// Which leads persons are, where Marketo's answers or its feed told.
extension DeliveryStore {
  /// Notes the leads that persons are.
  func note(_ leads: [Int: String]) async throws {
    guard !leads.isEmpty else { return }
    _ = try await query(
      """
      update \(delivery) d set marketo_id = l.lead from jsonb_to_recordset($1::jsonb) l (lead text, person text)
      where d.entity = 'person' and d.veeva_id = l.person and d.marketo_id is null
      """, [try .json(leads.map { ["lead": String($0.key), "person": $0.value] })])
  }
}

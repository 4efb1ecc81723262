import Checkpoints
import Logging
import PostgresDestination
import SyncModel
import Tenants

/// Removes calls that were kept long enough, and what is left of cycles that ended long ago.
struct Retention: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let logger: Logger

  /// Rows removed in one transaction: their locks are held for some milliseconds.
  private static let batch = 1000
  /// How long a cycle is remembered; the newest of each object is kept.
  private static let memory = Duration.seconds(86_400)

  /// Removes what has had its day.
  func clear() async throws {
    while try await checkpoints.forgetCycles(tenant: tenant.name, olderThan: Self.memory, leader: leader) > 0 {}
    // Call and key messages share their day; with calls gone first, few messages are left to look for.
    for object in [SourceObject.calls, .callKeyMessages] {
      guard let months = tenant.selections.first(where: { $0.object == object })?.months,
        let mapping = try await checkpoints.mapping(of: object, tenant: tenant.name)?.mapping
      else { continue }
      for table in mapping.tables { try await clear(table, of: object, months: months) }
    }
  }

  private func clear(_ table: TableMapping, of object: SourceObject, months: Int) async throws {
    guard let day = table.columns.first(where: { $0.field == object.dayField })?.column else { return }
    let oldest = Instant(milliseconds: try await checkpoints.now()).monthsBefore(months)
    let scope = tenant.raisesEvents(in: .delta) ? EventScope.all : .none
    var removed = 0
    while true {
      try await checkpoints.confirmLead(leader)
      let expired = try await tenant.removeExpired(
        table: table.table, dateColumn: day, orCreated: object == .calls, before: oldest, limit: Self.batch,
        details: object == .calls, scope: scope)
      removed += expired.rows + expired.details
      if expired.rows < Self.batch { break }
    }
    guard removed > 0 else { return }
    logger.info(
      "removed what was kept long enough",
      metadata: ["tenant": "\(tenant.name)", "object": "\(object)", "rows": "\(removed)"])
  }
}

import Checkpoints
import PostgresDestination
import SyncModel
import Tenants

/// Fetches some records of an object again and merges them into the destination, outside the life cycle of jobs.
struct RecordRefresh: Sendable {
  let tenant: Tenant
  let mapping: ObjectMapping
  let conditions: [String]
  let limits: PlanningLimits
  let checkpoints: CheckpointStore
  /// Records that were refused before; of those that are stored now the reject is resolved.
  let rejected: Set<PackedID>

  /// What refreshing came to.
  struct Outcome: Sendable {
    /// Records that were found and stored, or were stored already.
    var stored = 0
    /// Records that were found and refused.
    var refused = 0
    /// Rejects that are none any more.
    var resolved = 0
  }

  /// Refreshes records by their ids.
  func refresh(_ ids: [String]) async throws -> Outcome {
    var outcome = Outcome()
    try await tenant.extract(
      ids: ids, of: mapping.object, fields: mapping.fields, conditions: conditions, limits: limits
    ) { try await store($0, &outcome) }
    return outcome
  }

  /// Refreshes every record, in one pass over the source.
  func refreshAll() async throws -> Outcome {
    var outcome = Outcome()
    try await tenant.extract(mapping.object, fields: mapping.fields, conditions: conditions, limits: limits) {
      try await store($0, &outcome)
    }
    return outcome
  }

  private func store(_ batch: RecordBatch, _ outcome: inout Outcome) async throws {
    let scope = tenant.raisesEvents(in: .delta) ? EventScope.all : .none
    let refused = try await tenant.withPageWriter(for: mapping, mode: .merge(scope)) { writer in
      try await writer.write(batch)
      return try await writer.commit { _, _ in true }?.rejects ?? []
    }
    let object = mapping.object.apiName
    try await checkpoints.recordRejects(refused, of: object, tenant: tenant.name)
    outcome.refused += refused.count
    outcome.stored += batch.rowCount - refused.count
    guard !rejected.isEmpty else { return }
    let stillRefused = Set(refused.map(\.recordID))
    let resolved = (0..<batch.rowCount).compactMap { batch.text(row: $0, column: ObjectMapping.idColumn) }
      .filter { id in PackedID(id).map(rejected.contains) == true }
      .compactMap { VeevaID.widened($0) }.filter { !stillRefused.contains($0) }
    if !resolved.isEmpty {
      outcome.resolved += try await checkpoints.resolveRejects(resolved, object: object, tenant: tenant.name)
    }
  }
}

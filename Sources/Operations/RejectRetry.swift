public import Checkpoints
public import SyncModel
public import Tenants

/// Fetches rejected records again, after they were put right in the source.
public struct RejectRetry: Sendable {
  private let checkpoints: CheckpointStore
  private let limits: PlanningLimits

  /// A retry.
  public init(checkpoints: CheckpointStore, limits: PlanningLimits) {
    self.checkpoints = checkpoints
    self.limits = limits
  }

  /// Fetches the rejects of a tenant's object and stores those that can be stored now.
  /// - Returns: how many were stored, and how many are still refused or gone.
  public func retry(_ object: SourceObject, of tenant: Tenant) async throws -> (stored: Int, left: Int) {
    let ids = try await checkpoints.rejects(tenant: tenant.name, object: object.apiName).map(\.recordID)
      .compactMap { VeevaID.widened($0) }
    guard !ids.isEmpty, let stored = try await checkpoints.mapping(of: object, tenant: tenant.name) else {
      return (0, ids.count)
    }
    let refresh = RecordRefresh(
      tenant: tenant, mapping: stored.mapping, conditions: stored.conditions, limits: limits, checkpoints: checkpoints,
      rejected: Set(ids.compactMap { PackedID($0) }))
    let resolved = try await refresh.refresh(ids).resolved
    return (resolved, ids.count - resolved)
  }
}

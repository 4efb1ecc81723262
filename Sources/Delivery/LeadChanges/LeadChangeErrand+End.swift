public import Checkpoints
import Marketo
public import SyncModel

extension LeadChangeErrand {
  /// The errand of a tenant whose mirror is delivered.
  /// - Parameters:
  ///   - pause: between two readings of the feed.
  ///   - objects: those that the configuration selects now.
  public init(
    tenant: String, end: DeliveryEnd, checkpoints: CheckpointStore, pause: @escaping @Sendable () -> Duration,
    objects: @escaping @Sendable () -> [SourceObject]
  ) {
    let lead: @Sendable () async throws -> DeliveryEntity? = {
      try await checkpoints.deliveryPlan(of: objects(), tenant: tenant).lead
    }
    self.init(
      tenant: tenant, client: end.client, pool: end.store.pool, schema: end.schema, checkpoints: checkpoints,
      pause: pause, isWanted: { try await lead()?.isRead ?? false },
      source: {
        guard let lead = try await lead() else { return nil }
        // Looked at anew each time: an administrator may have hidden a field, and the feed takes no unknown one.
        return try await DeliveryPreparation([lead], at: end.client).sources(schema: end.schema).first
      })
  }
}

import PostgreSQL
public import PostgresDestination
import SyncConfiguration
public import SyncModel

extension Tenant {
  /// The oldest changes that have not been published yet, in the order in which they were made.
  public func unpublishedEvents(limit: Int) async throws -> [ChangeEvent] {
    try await destinationPool.withConnection { try await destination.unpublishedEvents(limit: limit, on: $0) }
  }

  /// Forgets changes that have been published; those that are gone already are fine.
  public func forgetEvents(_ ids: [Int64]) async throws {
    try await destinationPool.withConnection { try await destination.forgetEvents(ids, on: $0) }
  }

  /// How many changes have not been published yet.
  public func unpublishedCount() async throws -> Int64 {
    try await destinationPool.withConnection { try await destination.unpublishedCount(on: $0) }
  }

  /// Whether what a cycle changes is published.
  public func raisesEvents(in kind: CycleKind) -> Bool {
    settings.events.isEnabled && (kind != .initial || settings.events.includesInitial)
  }
}

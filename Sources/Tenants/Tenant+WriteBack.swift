import Checkpoints
import PostgreSQL
public import PostgresDestination
public import SyncModel

/// What people see and do of changes that travel back.
extension Tenant {
  /// How much waits to be written to Veeva; `nil` where changes were never captured.
  public func writeBackStatus() async throws -> WriteBackStatus? {
    try await destinationPool.withConnection { try await destination.writeBackStatus(on: $0) }
  }

  /// Marketers' changes that the org has refused, oldest first.
  public func refusedChanges() async throws -> [RefusedChange] {
    try await destinationPool.withConnection { try await destination.refusedChanges(on: $0) }
  }

  /// Lets all refused changes be written once more.
  /// - Returns: how many.
  public func retryRefusedChanges() async throws -> Int {
    let changes = try await destinationPool.withConnection { try await destination.retryRefused(on: $0) }
    // The coordinator looks by itself, too: nothing is lost with a notification.
    if changes > 0 { try? await checkpoints.announceProgress() }
    return changes
  }

  /// Gives a refused change up.
  /// - Returns: whether there was one.
  public func discardRefusedChange(recordID: String, column: String) async throws -> Bool {
    try await destinationPool.withConnection {
      try await destination.discardRefused(recordID: recordID, column: column, on: $0)
    }
  }
}

import CPostgreSQL

/// Something that another session announced with NOTIFY.
public struct PostgresNotification: Sendable, Equatable {
  public let channel: String
  public let payload: String
}

extension PostgresConnection {
  /// Asks for notifications of a channel.
  public func listen(_ channel: String) throws(PostgresError) { try execute("listen \(quotedIdentifier(channel))") }

  /// Waits for a notification. Other calls go on meanwhile, but only one task may wait.
  /// - Returns: `nil` when the time is over or the task is cancelled.
  public func nextNotification(timeout: Duration) async throws(PostgresError) -> PostgresNotification? {
    let end = ContinuousClock.now + timeout
    while true {
      let handle = try link.opened()
      guard PQconsumeInput(handle) == 1 else { throw link.lost(handle) }
      if let heard = PQnotifies(handle) {
        // libpq allocates it; it is freed here, after its texts are copied.
        defer { PQfreemem(heard) }
        return PostgresNotification(
          channel: String(cString: heard.pointee.relname), payload: String(cString: heard.pointee.extra))
      }
      if Task.isCancelled || ContinuousClock.now >= end { return nil }
      await waiting.untilHeard(on: PQsocket(handle), deadline: end)
    }
  }
}

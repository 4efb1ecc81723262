import PostgreSQL

/// The lock that keeps a back-fill or a repair from working between what a page of a delta compares and what it
/// commits: pages of a delta share it, since each has records of its own; a merge, which may have any, has it alone.
enum TableLock {
  /// Tells these locks from other advisory locks.
  private static let seed = "5311907440211536"

  /// Takes it until the transaction ends.
  /// - Parameter table: the table's name with its schema's, quoted.
  static func take(_ table: String, isShared: Bool, on db: isolated PostgresConnection) throws {
    _ = try db.query(
      "select pg_advisory_xact_lock\(isShared ? "_shared" : "")(hashtextextended($1, \(seed)))", [.text(table)])
  }
}

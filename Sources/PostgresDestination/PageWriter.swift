public import PostgreSQL
public import SyncModel

/// How a page is written.
public enum WriteMode: Sendable {
  /// Straight into the tables: none of the rows can be there yet.
  case insert
  /// By way of a staging table: rows may be there, and only newer ones replace them.
  case merge
}

/// What a page came to.
public struct PageResult: Sendable {
  /// Records that were stored, or found stored already.
  public let rows: Int
  public let rejects: [Reject]
}

/// Writes one page, batch by batch, in one transaction. Memory is bounded by a few batches whatever the page.
///
/// Confined to the task that made it.
public final class PageWriter {
  /// Whether the checkpoint can be committed in the page's own transaction.
  public let sharesCheckpoints: Bool

  /// COPY text that may wait for its turn, in bytes, when several tables are written through one connection.
  private static let flushBytes = 4 << 20

  private let connection: PostgresConnection
  private let schema: String
  private let mapping: ObjectMapping
  private let mode: WriteMode
  private let encoder: CopyEncoder
  private var pending: [[[UInt8]]]
  private var pendingBytes = 0
  private var openTable: Int?
  private var rows = 0
  private var rejects: [Reject] = []

  init(
    on connection: PostgresConnection, schema: String, mapping: ObjectMapping, mode: WriteMode,
    sharesCheckpoints: Bool
  ) {
    self.connection = connection
    self.schema = schema
    self.mapping = mapping
    self.mode = mode
    self.sharesCheckpoints = sharesCheckpoints
    encoder = CopyEncoder(mapping)
    pending = mapping.tables.map { _ in [] }
  }

  func begin() async throws {
    try await translatingErrors {
      try await connection.execute("begin")
      guard mode == .merge else { return }
      for table in mapping.tables { try await connection.execute(statements(table).stage) }
    }
  }

  /// Adds records to the page.
  /// - Throws: ``PageConflict`` when rows are there already that were not expected.
  public func write(_ batch: RecordBatch) async throws {
    let encoded = encoder.encode(batch)
    rows += encoded.rows
    rejects += encoded.rejects
    for (table, bytes) in encoded.tables.enumerated() where !bytes.isEmpty {
      pending[table].append(bytes)
      pendingBytes += bytes.count
    }
    if pending.count == 1 || pendingBytes > Self.flushBytes { try await flush() }
  }

  /// Sends what is pending. A single table's COPY stays open; several take turns.
  private func flush() async throws {
    try await translatingErrors {
      for table in pending.indices where !pending[table].isEmpty {
        if openTable != table {
          try await closeCopy()
          try await connection.beginCopy(statements(mapping.tables[table]).copy(mode))
          openTable = table
        }
        for bytes in pending[table] { try await connection.copy(bytes) }
        pending[table] = []
      }
      pendingBytes = 0
    }
  }

  private func closeCopy() async throws {
    guard openTable != nil else { return }
    openTable = nil
    try await connection.endCopy()
  }

  /// Commits the page together with what the body writes.
  /// - Parameter body: writes the checkpoint; `false` rolls everything back.
  /// - Returns: `nil` when the body said no.
  public func commit(
    alongside body: @Sendable (PageResult, isolated PostgresConnection) throws -> Bool
  ) async throws -> PageResult? {
    let result = PageResult(rows: rows, rejects: rejects)
    try await flush()
    return try await translatingErrors {
      try await closeCopy()
      if mode == .merge {
        for table in mapping.tables { try await connection.execute(statements(table).merge) }
      }
      guard try await body(result, connection) else {
        try await connection.execute("rollback")
        return nil
      }
      try await connection.execute("commit")
      return result
    }
  }

  /// Gives the page up.
  func abandon() async {
    if openTable != nil { await connection.abortCopy(reason: "page abandoned") }
    // After a broken connection there is nothing to roll back.
    _ = try? await connection.execute("rollback")
  }

  private func statements(_ table: TableMapping) -> TableStatements { TableStatements(schema: schema, table: table) }

  private func translatingErrors<R>(_ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let error as PostgresError {
      if error.sqlState == "23505", mode == .insert { throw PageConflict() }
      throw DestinationError.from(error, schema: schema, table: error.table)
    }
  }
}

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
  /// Rows of all tables that were added or replaced; the rest was equal or newer already.
  public let changed: Int
  public let rejects: [Reject]
}

/// Writes one page, batch by batch, in one transaction. Memory is bounded by a few batches whatever the page.
///
/// Confined to the task that made it. Where checkpoints live in another database, commit the page first and the
/// checkpoint afterwards: a page that comes again is merged, and changes nothing.
public final class PageWriter {
  /// Whether the checkpoint can be committed in the page's own transaction.
  public let sharesCheckpoints: Bool

  /// COPY text that waits for its turn, in bytes. Several tables take turns on one connection, and each turn costs a
  /// round trip, so that they wait for more.
  private let flushBytes: Int

  private let connection: PostgresConnection
  private let schema: String
  private let mode: WriteMode
  private let encoder: CopyEncoder
  private let tables: [TableStatements]
  /// Names of the staging tables; empty when rows go straight in.
  private var staging: [String] = []
  /// COPY text per table.
  private var pending: [[UInt8]]
  private var openTable: Int?
  private var rows = 0
  private var changed = 0
  private var rejects: [Reject] = []
  /// Whether there is a transaction to give up.
  private(set) var isOpen = false

  init(
    on connection: PostgresConnection, schema: String, mapping: ObjectMapping, mode: WriteMode,
    sharesCheckpoints: Bool
  ) {
    self.connection = connection
    self.schema = schema
    self.mode = mode
    self.sharesCheckpoints = sharesCheckpoints
    encoder = CopyEncoder(mapping)
    tables = mapping.tables.map { TableStatements(schema: schema, table: $0) }
    pending = mapping.tables.map { _ in [] }
    flushBytes = mapping.tables.count == 1 ? 256 << 10 : 4 << 20
  }

  func begin() async throws {
    try await connection.execute("begin")
    isOpen = true
    guard mode == .merge else { return }
    // Merging sorts a page's rows; the default of four megabytes would sort them on disk.
    try await connection.execute("set local work_mem = '32MB'")
    for table in tables {
      try await writing(table.table) {
        guard let name = try await connection.query(table.shape).first?.string("staging") else {
          throw PostgresError(kind: .unexpectedResult, message: "\(table.table) has no columns")
        }
        try await connection.execute(table.stage(name))
        staging.append(name)
      }
    }
  }

  /// Adds records to the page.
  /// - Throws: ``PageConflict`` when rows are there already that were not expected.
  public func write(_ batch: RecordBatch) async throws {
    let encoded = try encoder.encode(batch, into: &pending)
    rows += encoded.rows
    rejects += encoded.rejects
    if pending.reduce(0, { $0 + $1.count }) >= flushBytes { try await flush() }
  }

  /// Sends what is pending. A single table's COPY stays open; several take turns.
  private func flush() async throws {
    for table in pending.indices where !pending[table].isEmpty {
      if openTable != table {
        try await closeCopy()
        try await writing(tables[table].table) {
          try await connection.beginCopy(
            mode == .insert ? tables[table].insert : tables[table].copy(into: staging[table]))
        }
        openTable = table
      }
      try await connection.copy(pending[table])
      pending[table].removeAll(keepingCapacity: true)
    }
  }

  private func closeCopy() async throws {
    guard let table = openTable else { return }
    openTable = nil
    try await writing(tables[table].table) {
      let copied = try await connection.endCopy()
      if mode == .insert { changed += copied }
    }
  }

  /// Commits the page together with what the body writes.
  /// - Parameter body: writes the checkpoint; `false` rolls everything back.
  /// - Returns: `nil` when the body said no.
  /// - Throws: ``PageConflict`` when rows are there already that were not expected.
  public func commit(
    alongside body: @Sendable (PageResult, isolated PostgresConnection) throws -> Bool
  ) async throws -> PageResult? {
    try await flush()
    try await closeCopy()
    for (table, staging) in zip(tables, staging) {
      try await writing(table.table) { changed += try await connection.execute(table.merge(from: staging)) }
    }
    let result = PageResult(rows: rows, changed: changed, rejects: rejects)
    let isWanted = try await body(result, connection)
    try await connection.execute(isWanted ? "commit" : "rollback")
    isOpen = false
    return isWanted ? result : nil
  }

  /// Gives the page up, unless it has been committed.
  func abandon() async {
    guard isOpen else { return }
    isOpen = false
    if openTable != nil { await connection.abortCopy(reason: "page abandoned") }
    // After a broken connection there is nothing to roll back.
    _ = try? await connection.execute("rollback")
  }

  /// Runs a body that writes one table, and says what its errors mean for a destination.
  private func writing(_ table: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as PostgresError {
      if error.sqlState == "23505", mode == .insert { throw PageConflict() }
      throw DestinationError.from(error, schema: schema, table: table)
    }
  }
}

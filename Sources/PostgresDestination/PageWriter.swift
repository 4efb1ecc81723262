public import PostgreSQL
public import SyncModel

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
  /// The tables' shapes, which name their staging tables; empty when rows go straight in.
  private var shapes: [String] = []
  /// COPY text per table.
  private var pending: [[UInt8]]
  private var openTable: Int?
  private var rows = 0
  private var changed = 0
  private var events = 0
  private var deleted = 0
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
    encoder = CopyEncoder(mapping, rules: mode.rules)
    tables = mapping.tables.map { TableStatements(schema: schema, table: $0) }
    pending = mapping.tables.map { _ in [] }
    flushBytes = mapping.tables.count == 1 ? 256 << 10 : 4 << 20
  }

  func begin() async throws {
    // What a statement sees of a page that was committed while it waited decides; whatever the role's default.
    try await connection.execute(mode == .insert ? "begin" : "begin isolation level read committed")
    isOpen = true
    guard mode != .insert else { return }
    // Merging sorts a page's rows; the default of four megabytes would sort them on disk.
    try await connection.execute("set local work_mem = '32MB'; \(CaptureTables.announce)")
    for table in tables {
      try await writing(table.table) {
        guard let shape = try await connection.query(table.shape).first?.string("shape") else {
          throw PostgresError(kind: .unexpectedResult, message: "\(table.table) has no columns")
        }
        try await connection.execute(table.stage(TableMerge.staging(shape, mode), hasFate: mode.rules != nil))
        shapes.append(shape)
      }
    }
  }

  /// Adds records to the page.
  /// - Throws: ``PageConflict`` when rows are there already that were not expected.
  public func write(_ batch: RecordBatch) async throws {
    let encoded = try encoder.encode(batch, into: &pending)
    rows += encoded.rows
    deleted += encoded.deleted
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
            mode == .insert
              ? tables[table].insert
              : tables[table].copy(into: TableMerge.staging(shapes[table], mode), hasFate: mode.rules != nil))
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
    try await workIn()
    let result = PageResult(rows: rows, changed: changed, events: events, rejects: rejects)
    let isWanted = try await body(result, connection)
    try await connection.execute(isWanted ? "commit" : "rollback")
    isOpen = false
    return isWanted ? result : nil
  }

  /// Brings what was staged into the tables. Only now are locks taken, which end with the transaction: none is held
  /// while records are streamed.
  private func workIn() async throws {
    if mode == .insert {
      for table in tables { try await writing(table.table) { try await table.checkFit(on: connection) } }
      return
    }
    // Instants in events read the same wherever the server stands. A process that freezes lets go of its locks.
    try await connection.execute(
      "set local timezone = 'UTC'; "
        + "set local idle_in_transaction_session_timeout = '\(PostgresConnection.longestSilence)'")
    for (table, shape) in zip(tables, shapes) {
      try await writing(table.table) {
        let merge = TableMerge(statements: table, mode: mode, shape: shape, hasDeletions: deleted > 0)
        let outcome = try await merge.run(on: connection)
        changed += outcome.changed
        events += outcome.events
      }
    }
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

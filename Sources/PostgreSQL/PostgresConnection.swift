import CPostgreSQL
import Foundation
public import Logging
import ThreadExecutor

/// One connection to PostgreSQL, on a thread of its own.
///
/// The methods wait on that thread and on nobody else's. Within ``transaction(_:)`` they are called without
/// suspension, one after the other.
///
/// When the task is cancelled while a statement runs, the server is asked to end it, and the call throws
/// `cancelled`. What a task does after it was cancelled, such as a rollback, runs for five seconds at most.
public actor PostgresConnection {
  /// How long a process may say nothing in mid-transaction before the server ends the transaction and frees its locks;
  /// a value of PostgreSQL's setting `idle_in_transaction_session_timeout`.
  public static let longestSilence = "5s"

  let link: PostgresLink
  let waiting: ServerWait
  /// Whether the statement that runs is a COPY, and takes bytes.
  var isCopying = false
  private nonisolated let executor: ThreadExecutor

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that is not open yet.
  /// - Parameter logger: hears the server's notices, at level debug.
  public init(_ configuration: PostgresConfiguration, logger: Logger = Logger(label: "crmsync.postgres")) {
    let waiting = ServerWait()
    self.waiting = waiting
    link = PostgresLink(configuration, waiting: waiting, logger: logger)
    executor = ThreadExecutor(name: "postgres", wait: { waiting.turn() }, wake: { waiting.wake() })
  }

  // Not isolated: nobody else holds the connection by now, and `link` closes itself. With an isolated one, Swift 6.3
  // does not compile its users with optimisation ("circular reference").
  deinit { executor.stop() }

  /// Whether the connection was opened and has not been seen to break. Looks whether the server has closed it.
  public var isConnected: Bool { link.isAlive }

  /// Whether a transaction or a COPY is open, or nobody can tell.
  public var isInTransaction: Bool { link.handle.map { PQtransactionStatus($0) != PQTRANS_IDLE } ?? false }

  /// Opens the connection, anew if it was open.
  public func connect() throws(PostgresError) {
    close()
    try link.open()
  }

  /// Closes the connection. Safe to call twice. Who waits for a notification is told.
  public func close() {
    isCopying = false
    link.close()
    waiting.release()
  }

  /// Runs one statement with parameters.
  public func query(_ statement: String, _ parameters: [PostgresValue] = []) throws(PostgresError) -> PostgresRows {
    var values: [String?] = []
    for parameter in parameters { values.append(try parameter.encoded()) }
    let handle = try link.opened()
    var patience = PostgresLink.Patience()
    let isSent = withCStrings(values) { values in
      PQsendQueryParams(handle, statement, Int32(parameters.count), nil, values, nil, nil, 0)
    }
    return try answer(isSent, handle, &patience)
  }

  /// Runs statements without parameters; several may be parted by semicolons.
  /// - Returns: rows affected by the last.
  @discardableResult
  public func execute(_ statements: String) throws(PostgresError) -> Int {
    let handle = try link.opened()
    var patience = PostgresLink.Patience()
    let rows = try answer(PQsendQuery(handle, statements), handle, &patience)
    // The server answers the COMMIT of a transaction that has failed with ROLLBACK, and calls that no error.
    if rows.commandTag == "ROLLBACK", statements.lowercased() == "commit" {
      throw PostgresError(
        kind: .query, message: "the transaction had failed, and was rolled back instead of committed",
        sqlState: "25P02", server: link.configuration.description)
    }
    return rows.affected
  }

  /// Reads the answer to what was sent, to its end.
  /// - Returns: the last result.
  func answer(
    _ isSent: Int32, _ handle: OpaquePointer, _ patience: inout PostgresLink.Patience
  ) throws(PostgresError) -> PostgresRows {
    guard isSent == 1 else { throw link.lost(handle) }
    try link.flush(handle, &patience)
    var rows: PostgresRows?
    var failure: PostgresError?
    do throws(PostgresError) {
      while let result = try link.nextResult(handle, &patience) {
        // Each result is freed before the next is asked for.
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: rows = PostgresRows(result)
        case PGRES_COPY_IN:
          failure = unexpected("the statement waits for COPY data; use beginCopy")
          PQputCopyEnd(handle, "no data was expected")
          try link.flush(handle, &patience)
        case PGRES_COPY_OUT:
          failure = unexpected("the statement sends COPY data; use copyOut")
          while let row = try link.nextCopyRow(handle, &patience) { PQfreemem(row.bytes) }
        default: failure = failure ?? link.error(of: result, handle)
        }
      }
    } catch {
      // A server that ends a connection says why before it does.
      throw failure ?? error
    }
    if let failure { throw failure }
    guard let rows else { throw unexpected("the server sent no result") }
    return rows
  }

  func unexpected(_ message: String) -> PostgresError {
    PostgresError(kind: .unexpectedResult, message: message, server: link.configuration.description)
  }

  /// Runs a body in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// Cancelling the task cancels the statement that runs. A process that freezes in the midst of it holds its locks
  /// no longer than ``longestSilence``.
  public func transaction<R: Sendable>(
    _ body: @Sendable (isolated PostgresConnection) throws -> R
  ) async throws -> R {
    try await cancellable {
      try execute("begin; set local idle_in_transaction_session_timeout = '\(Self.longestSilence)'")
      do {
        let result = try body(self)
        try execute("commit")
        return result
      } catch {
        abortCopy(reason: "the transaction failed")
        // After a broken connection there is nothing to roll back.
        _ = try? execute("rollback")
        throw error
      }
    }
  }

  /// Runs a body during which the end of the task is seen at once. Calls outside of one see it within a quarter of a
  /// second.
  public nonisolated(nonsending) func cancellable<R>(_ body: () async throws -> R) async throws -> R {
    let waiting = waiting
    return try await withTaskCancellationHandler(operation: body) { waiting.wake() }
  }
}

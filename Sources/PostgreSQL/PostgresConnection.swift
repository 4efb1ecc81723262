import CPostgreSQL
import Foundation
import ThreadExecutor

/// One connection to PostgreSQL, on a thread of its own.
///
/// libpq's calls block; they block this thread and nobody else's. Within ``transaction(_:)`` the methods are called
/// without suspension, one after the other.
public actor PostgresConnection {
  private let configuration: PostgresConfiguration
  private nonisolated let executor: ThreadExecutor
  private nonisolated let canceller = Canceller()
  /// Owned by this actor: made by `connect`, freed by `close`, used on this actor's thread only.
  private var handle: OpaquePointer?

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that is not open yet.
  public init(_ configuration: PostgresConfiguration) {
    self.configuration = configuration
    executor = ThreadExecutor(name: "postgres")
  }

  isolated deinit {
    if let handle { PQfinish(handle) }
    executor.stop()
  }

  /// Whether the connection was opened and has not been seen to break.
  public var isConnected: Bool { handle.map { PQstatus($0) == CONNECTION_OK } ?? false }

  /// Whether a transaction is open.
  public var isInTransaction: Bool { handle.map { PQtransactionStatus($0) != PQTRANS_IDLE } ?? false }

  /// Opens the connection, anew if it was open.
  public func connect() throws(PostgresError) {
    disconnect()
    let parameters = try configuration.validated().sorted { $0.key < $1.key }
    let opened = withCStrings(parameters.map { $0.key as String? }) { keys in
      withCStrings(parameters.map { $0.value as String? }) { values in PQconnectdbParams(keys, values, 0) }
    }
    guard let opened else { throw lost("out of memory") }
    guard PQstatus(opened) == CONNECTION_OK else {
      let message = Self.firstLine(PQerrorMessage(opened))
      let needsPassword = PQconnectionNeedsPassword(opened) == 1 || PQconnectionUsedPassword(opened) == 1
      PQfinish(opened)
      let isRefusal = needsPassword && message.contains("FATAL")
      throw PostgresError(
        kind: isRefusal ? .authentication : .connection, message: message,
        hint: isRefusal
          ? "check the user and the password in the configuration"
          : "check that the server runs and that host and port in the configuration are right",
        server: configuration.description)
    }
    PQsetNoticeReceiver(opened, { _, _ in }, nil)
    handle = opened
    canceller.set(PQgetCancel(opened))
  }

  /// Closes the connection. Safe to call twice.
  public func close() { disconnect() }

  private func disconnect() {
    canceller.set(nil)
    if let handle { PQfinish(handle) }
    handle = nil
  }

  /// Runs one statement with parameters.
  public func query(_ statement: String, _ parameters: [PostgresValue] = []) throws(PostgresError) -> PostgresRows {
    let handle = try opened()
    let result = withCStrings(parameters.map(\.encoded)) { values in
      PQexecParams(handle, statement, Int32(parameters.count), nil, values, nil, nil, 0)
    }
    return try read(result)
  }

  /// Runs statements without parameters; several may be parted by semicolons.
  /// - Returns: rows affected by the last.
  @discardableResult
  public func execute(_ statements: String) throws(PostgresError) -> Int {
    try read(PQexec(try opened(), statements)).affected
  }

  /// Begins `COPY … FROM STDIN`.
  public func beginCopy(_ statement: String) throws(PostgresError) {
    let handle = try opened()
    let result = PQexec(handle, statement)
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COPY_IN else { throw error(of: result) }
  }

  /// Sends bytes of a COPY. Errors in them show at ``endCopy()``.
  public func copy(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
    let handle = try opened()
    var rest = bytes
    while !rest.isEmpty {
      let part = min(rest.count, 1 << 28)
      guard PQputCopyData(handle, rest.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(part)) == 1 else {
        throw lost(Self.firstLine(PQerrorMessage(handle)))
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[part...])
    }
  }

  /// Sends bytes of a COPY.
  public func copy(_ bytes: [UInt8]) throws(PostgresError) {
    do {
      try bytes.withUnsafeBytes { try copy($0) }
    } catch let error as PostgresError {
      throw error
    } catch {
      throw lost("\(error)")
    }
  }

  /// Ends a COPY.
  /// - Returns: rows copied.
  @discardableResult
  public func endCopy() throws(PostgresError) -> Int { try finishCopy(refusal: nil) }

  /// Ends a COPY so that none of it counts. The transaction is of no more use.
  public func abortCopy(reason: String) { _ = try? finishCopy(refusal: reason) }

  private func finishCopy(refusal: String?) throws(PostgresError) -> Int {
    let handle = try opened()
    guard PQputCopyEnd(handle, refusal) == 1 else { throw lost(Self.firstLine(PQerrorMessage(handle))) }
    let rows = Result { () throws(PostgresError) in try read(PQgetResult(handle)).affected }
    while let more = PQgetResult(handle) { PQclear(more) }
    return try rows.get()
  }

  /// Runs `COPY … TO STDOUT` and hands over its rows as they come.
  public func copyOut(_ statement: String, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    let handle = try opened()
    let begun = PQexec(handle, statement)
    defer { PQclear(begun) }
    guard PQresultStatus(begun) == PGRES_COPY_OUT else { throw error(of: begun) }
    var failure: (any Error)?
    while true {
      var row: UnsafeMutablePointer<CChar>?
      let count = PQgetCopyData(handle, &row, 0)
      guard count > 0, let bytes = row else { break }
      // libpq allocates each row; it is freed here, before the next is asked for.
      defer { PQfreemem(bytes) }
      guard failure == nil else { continue }
      do { try sink(UnsafeRawBufferPointer(start: bytes, count: Int(count))) } catch { failure = error }
    }
    let ended = Result { () throws(PostgresError) in try read(PQgetResult(handle)) }
    while let more = PQgetResult(handle) { PQclear(more) }
    if let failure { throw failure }
    _ = try ended.get()
  }

  /// Runs a body in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// Cancelling the task cancels the statement that runs.
  public func transaction<R: Sendable>(
    _ body: @Sendable (isolated PostgresConnection) throws -> R
  ) async throws -> R {
    try await cancellable {
      try execute("begin")
      do {
        let result = try body(self)
        try execute("commit")
        return result
      } catch {
        // After a broken connection there is nothing to roll back.
        _ = try? execute("rollback")
        throw error
      }
    }
  }

  /// Runs a body during which cancelling the task cancels the statement that runs.
  public nonisolated(nonsending) func cancellable<R>(_ body: () async throws -> R) async throws -> R {
    try await withTaskCancellationHandler(operation: body) { canceller.cancel() }
  }

  /// Asks for notifications of a channel.
  public func listen(_ channel: String) throws(PostgresError) { try execute("listen \(quotedIdentifier(channel))") }

  /// Waits for a notification. Meant for a connection that does nothing else.
  /// - Returns: `nil` when the time is over or the task is cancelled.
  public func nextNotification(timeout: Duration) throws(PostgresError) -> PostgresNotification? {
    let end = ContinuousClock.now + timeout
    while ContinuousClock.now < end, !Task.isCancelled {
      let handle = try opened()
      guard PQconsumeInput(handle) == 1 else { throw lost(Self.firstLine(PQerrorMessage(handle))) }
      if let heard = PQnotifies(handle) {
        defer { PQfreemem(heard) }
        return PostgresNotification(
          channel: String(cString: heard.pointee.relname), payload: String(cString: heard.pointee.extra))
      }
      var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
      // A fifth of a second bounds how late a cancellation is seen.
      _ = poll(&socket, 1, 200)
    }
    return nil
  }

  private func opened() throws(PostgresError) -> OpaquePointer {
    guard let handle else { throw lost("the connection is not open") }
    return handle
  }

  private func lost(_ message: String) -> PostgresError {
    PostgresError(kind: .connection, message: message, server: configuration.description)
  }

  /// Reads a result and frees it.
  private func read(_ result: OpaquePointer?) throws(PostgresError) -> PostgresRows {
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY else {
      throw error(of: result)
    }
    let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
    let rows = (0..<PQntuples(result)).map { row in
      (0..<Int32(columns.count)).map { column -> String? in
        PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
    return PostgresRows(
      columns: columns, values: rows, affected: Int(String(cString: PQcmdTuples(result))) ?? 0)
  }

  private func error(of result: OpaquePointer?) -> PostgresError {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    guard let state = field("C") else {
      return lost(handle.map { Self.firstLine(PQerrorMessage($0)) } ?? "the connection is not open")
    }
    return PostgresError(
      kind: state == "57014" && Task.isCancelled ? .cancelled : .query, message: field("M") ?? "unknown error",
      sqlState: state, hint: field("H"), table: field("t"), column: field("c"), constraint: field("n"),
      server: configuration.description)
  }

  private static func firstLine(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "unknown error" }
    return String(cString: message).split(separator: "\n").first.map(String.init) ?? "the connection broke"
  }
}

/// Something that another session announced with NOTIFY.
public struct PostgresNotification: Sendable, Equatable {
  public let channel: String
  public let payload: String
}

/// Calls a body with C strings that live as long as the call, as libpq's arrays of parameters.
private func withCStrings<R>(
  _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R
) -> R {
  // Made here, freed here, after the call that borrows them.
  let copies = strings.map { $0.flatMap { strdup($0) } }
  defer { for copy in copies { free(copy) } }
  let pointers = copies.map { UnsafePointer($0) } + [nil]
  return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}

import CPostgreSQL
import Foundation

extension PostgresConnection {
  /// Bytes that libpq is given at once; it keeps a copy until the network has taken them.
  private static let copyBytes = 256 << 10

  /// Begins `COPY … FROM STDIN`.
  public func beginCopy(_ statement: String) throws(PostgresError) {
    let handle = try link.opened()
    var patience = PostgresLink.Patience()
    guard try starts(statement, as: PGRES_COPY_IN, handle, &patience) else {
      throw unexpected("the statement is no COPY from the client")
    }
    isCopying = true
  }

  /// Sends a statement that should begin a COPY.
  /// - Returns: whether it did. Where it did not, its answer has been read and dropped, so that the connection can go on.
  private func starts(
    _ statement: String, as direction: ExecStatusType, _ handle: OpaquePointer, _ patience: inout PostgresLink.Patience
  ) throws(PostgresError) -> Bool {
    guard PQsendQuery(handle, statement) == 1 else { throw link.lost(handle) }
    try link.flush(handle, &patience)
    let result = try link.nextResult(handle, &patience)
    defer { PQclear(result) }
    if PQresultStatus(result) == direction { return true }
    let failure = result.map { PQresultStatus($0) == PGRES_FATAL_ERROR ? link.error(of: $0, handle) : nil } ?? nil
    _ = try? answer(1, handle, &patience)
    if let failure { throw failure }
    return false
  }

  /// Sends bytes of a COPY. Errors in them show at ``endCopy()``.
  public func copy(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
    let handle = try link.opened()
    guard isCopying else { throw unexpected("no COPY is open") }
    var patience = PostgresLink.Patience()
    var rest = bytes
    while !rest.isEmpty {
      let part = rest.prefix(Self.copyBytes)
      let isTaken = PQputCopyData(handle, rest.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(part.count))
      guard isTaken == 1 else { throw link.lost(handle) }
      try link.flush(handle, &patience)
      rest = UnsafeRawBufferPointer(rebasing: rest[part.endIndex...])
    }
  }

  /// Sends bytes of a COPY.
  public func copy(_ bytes: [UInt8]) throws(PostgresError) {
    let sent = bytes.withUnsafeBytes { bytes in Result { () throws(PostgresError) in try copy(bytes) } }
    try sent.get()
  }

  /// Ends a COPY.
  /// - Returns: rows copied.
  @discardableResult
  public func endCopy() throws(PostgresError) -> Int { try finishCopy(refusal: nil) }

  /// Ends a COPY, if one is open, so that none of it counts. The transaction is of no more use.
  public func abortCopy(reason: String) {
    if isCopying { _ = try? finishCopy(refusal: reason) }
  }

  private func finishCopy(refusal: String?) throws(PostgresError) -> Int {
    let handle = try link.opened()
    guard isCopying else { throw unexpected("no COPY is open") }
    isCopying = false
    var patience = PostgresLink.Patience()
    return try answer(PQputCopyEnd(handle, refusal), handle, &patience).affected
  }

  /// Runs `COPY … TO STDOUT` and hands over its rows as they come.
  /// - Parameter sink: takes a row, whose bytes live as long as the call; when it throws, the statement is ended.
  public func copyOut(_ statement: String, _ sink: @Sendable (UnsafeRawBufferPointer) throws -> Void) throws {
    let handle = try link.opened()
    var patience = PostgresLink.Patience()
    guard try starts(statement, as: PGRES_COPY_OUT, handle, &patience) else {
      throw unexpected("the statement is no COPY to the client")
    }
    var refusal: (any Error)?
    while let row = try link.nextCopyRow(handle, &patience) {
      // libpq allocates each row; it is freed here, before the next is asked for.
      defer { PQfreemem(row.bytes) }
      guard refusal == nil else { continue }
      do {
        try sink(UnsafeRawBufferPointer(start: row.bytes, count: row.count))
      } catch {
        refusal = error
        link.cancelStatement(handle)
      }
    }
    let ended = Result { () throws(PostgresError) in try answer(1, handle, &patience) }
    if let refusal { throw refusal }
    _ = try ended.get()
  }
}

/// What went wrong with PostgreSQL. Carries no values of statements and no secrets.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Kind: Sendable, Equatable {
    /// The server cannot be reached, or the connection broke.
    case connection
    /// The server refused the login.
    case authentication
    /// The server refused a statement.
    case query
    /// An answer was not what the caller expected.
    case unexpectedResult
    /// The caller's task was cancelled.
    case cancelled
  }

  public let kind: Kind
  /// The server's five-character code; `nil` when the trouble is not the server's.
  public let sqlState: String?
  public let message: String
  /// The server's hint on what to do.
  public let hint: String?
  public let table: String?
  public let column: String?
  public let constraint: String?
  /// Which server, without a password.
  public var server: String?

  /// An error.
  public init(
    kind: Kind, message: String, sqlState: String? = nil, hint: String? = nil, table: String? = nil,
    column: String? = nil, constraint: String? = nil, server: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.hint = hint
    self.table = table
    self.column = column
    self.constraint = constraint
    self.server = server
  }

  /// Whether the connection is of no more use.
  ///
  /// PostgreSQL ends a session with codes of 57P, and with 25P03 when it was idle in a transaction.
  public var isConnectionLost: Bool {
    kind == .connection || sqlState.map { $0.hasPrefix("08") || $0.hasPrefix("57P") || $0 == "25P03" } ?? false
  }

  /// Whether the same work may pass later. A login that is refused may be let in once its password has been changed
  /// on both sides.
  public var isRetriable: Bool {
    if isConnectionLost || kind == .authentication { return true }
    guard let sqlState else { return false }
    return sqlState.hasPrefix("53") || ["40001", "40P01", "55P03", "57014"].contains(sqlState)
  }

  /// Whether the server was away, rather than anything wrong with the work: the connection broke or was refused, an
  /// administrator or an idle timeout ended it, the server had no connection to spare or no room on its disk, or it undid
  /// the transaction for the sake of another, as it does to end a deadlock.
  public var isInterruption: Bool {
    isConnectionLost || kind == .authentication || ["53100", "53300", "40001", "40P01"].contains(sqlState)
  }

  /// Whether the server could not be reached or would not let us in.
  public var isUnreachable: Bool { kind == .connection || kind == .authentication }

  public var description: String {
    var text = "PostgreSQL" + (server.map { " \($0)" } ?? "") + ": \(message)"
    if let sqlState { text += " (\(sqlState))" }
    if let hint { text += "; \(hint)" }
    return text
  }
}

extension PostgresError {
  /// A message without the values that the server quotes: those of class 22, data exceptions, repeat what was sent.
  static func withoutValues(_ message: String, sqlState: String) -> String {
    guard sqlState.hasPrefix("22"), sqlState != "22021", let first = message.firstIndex(of: "\""),
      let last = message.lastIndex(of: "\""), first < last
    else { return message }
    return message[..<first] + "\"…\"" + message[message.index(after: last)...]
  }
}

/// A parameter of a statement. Sent as text; its type is what the statement makes of it.
public enum PostgresValue: Sendable, Equatable {
  case null
  case text(String)
  case int(Int64)
  case bool(Bool)

  /// The text form, `nil` for null.
  /// - Throws: when PostgreSQL could not hold the text. libpq would cut it.
  func encoded() throws(PostgresError) -> String? {
    switch self {
    case .null: return nil
    case .text(let text):
      guard !text.utf8.contains(0) else {
        throw PostgresError(kind: .query, message: "a text with a zero byte cannot be stored", sqlState: "22021")
      }
      return text
    case .int(let number): return String(number)
    case .bool(let flag): return flag ? "true" : "false"
    }
  }
}

/// An identifier in double quotes, safe to stand in a statement.
public func quotedIdentifier(_ name: String) -> String {
  "\"" + name.replacing("\0", with: "").replacing("\"", with: "\"\"") + "\""
}

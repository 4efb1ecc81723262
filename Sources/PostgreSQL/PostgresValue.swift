/// A parameter of a statement. Sent as text; its type is what the statement makes of it.
public enum PostgresValue: Sendable, Equatable {
  case null
  case text(String)
  case int(Int64)
  case bool(Bool)

  /// The text form, `nil` for null.
  var encoded: String? {
    switch self {
    case .null: nil
    case .text(let text): text
    case .int(let number): String(number)
    case .bool(let flag): flag ? "true" : "false"
    }
  }
}

/// An identifier in double quotes, safe to stand in a statement.
public func quotedIdentifier(_ name: String) -> String {
  "\"" + name.replacing("\0", with: "").replacing("\"", with: "\"\"") + "\""
}

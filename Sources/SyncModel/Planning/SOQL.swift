/// Builds the statements that the sync sends. Values pass through the literal functions only.
public enum SOQL {
  /// A string literal in single quotes.
  ///
  /// Salesforce SOQL reference: backslash and quote are escaped, control characters have escapes of their own.
  public static func string(_ text: String) -> String {
    var literal = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": literal += "\\\\"
      case "'": literal += "\\'"
      case "\n": literal += "\\n"
      case "\r": literal += "\\r"
      case "\t": literal += "\\t"
      case "\u{8}": literal += "\\b"
      case "\u{c}": literal += "\\f"
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "'"
  }

  /// A datetime literal in UTC with whole seconds, without quotes.
  public static func instant(_ instant: Instant) -> String { instant.formatted }

  /// A stamp as answers spell it, `2026-03-01T10:15:00.000+0000` or `…Z`, as a datetime literal. Stamps are in UTC and
  /// have whole seconds.
  public static func stamp(_ text: String) -> String { text.prefix(19) + "Z" }

  /// `SELECT … FROM … WHERE … ORDER BY … LIMIT …`; empty parts are left out.
  public static func select(
    _ fields: [String], from object: String, where conditions: [String] = [], orderBy: [String] = [],
    limit: Int? = nil
  ) -> String {
    var statement = "SELECT \(fields.joined(separator: ", ")) FROM \(object)"
    let conditions = conditions.filter { !$0.isEmpty }
    if !conditions.isEmpty { statement += " WHERE " + conditions.joined(separator: " AND ") }
    if !orderBy.isEmpty { statement += " ORDER BY " + orderBy.joined(separator: ", ") }
    if let limit { statement += " LIMIT \(limit)" }
    return statement
  }

  /// `SELECT COUNT() FROM … WHERE …`.
  public static func count(from object: String, where conditions: [String]) -> String {
    select(["COUNT()"], from: object, where: conditions)
  }
}

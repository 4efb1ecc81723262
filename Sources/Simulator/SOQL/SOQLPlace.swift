/// A place in a statement, for errors that point at it as the platform's do.
struct SOQLPlace {
  private let statement: String
  private let offset: Int

  init(_ statement: String, _ offset: Int) {
    self.statement = statement
    self.offset = offset
  }

  func malformed(_ message: String) -> SalesforceError { .malformedQuery(pointed(message)) }

  func invalidField(_ message: String) -> SalesforceError { .invalidField(pointed(message)) }

  func invalidType(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALID_TYPE", message: pointed(message))
  }

  func invalidFilter(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALID_QUERY_FILTER_OPERATOR", message: pointed(message))
  }

  /// The surroundings, a caret below the place, its row and column, and the message.
  private func pointed(_ message: String) -> String {
    let bytes = Array(statement.utf8)
    let at = min(offset, bytes.count)
    let rows = bytes[..<at].count { $0 == 0x0A } + 1
    let lineStart = bytes[..<at].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let from = max(lineStart, at - 30)
    let to = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
    let shown = String(decoding: bytes[from..<min(to, at + 30)], as: UTF8.self)
    let caret = String(repeating: " ", count: at - from) + "^"
    return "\n\(shown)\n\(caret)\nERROR at Row:\(rows):Column:\(at - lineStart + 1)\n\(message)"
  }
}

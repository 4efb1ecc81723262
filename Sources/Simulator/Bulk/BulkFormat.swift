/// How the CSV of a Bulk API 2.0 job is written.
struct BulkFormat: Sendable {
  /// `LF` or `CRLF`.
  let lineEnding: String
  let delimiterName: String
  let delimiter: UInt8

  var usesCRLF: Bool { lineEnding == "CRLF" }

  private static let delimiters: [String: UInt8] = [
    "BACKQUOTE": 0x60, "CARET": 0x5E, "COMMA": 0x2C, "PIPE": 0x7C, "SEMICOLON": 0x3B, "TAB": 0x09,
  ]

  /// What a job's creation asks for; commas and line feeds where it says nothing.
  init(contentType: String?, columnDelimiter: String?, lineEnding: String?) throws(SalesforceError) {
    guard (contentType ?? "CSV") == "CSV" else { throw .invalidJob("ContentType must be CSV") }
    delimiterName = columnDelimiter ?? "COMMA"
    guard let delimiter = Self.delimiters[delimiterName] else { throw .invalidJob("Unknown columnDelimiter") }
    self.delimiter = delimiter
    self.lineEnding = lineEnding ?? "LF"
    guard self.lineEnding == "LF" || usesCRLF else { throw .invalidJob("Unknown lineEnding") }
  }

  /// As a job shows it.
  var members: [(String, JSONValue)] {
    [("lineEnding", .string(lineEnding)), ("columnDelimiter", .string(delimiterName))]
  }
}

extension SalesforceError {
  static func invalidJob(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALIDJOB", message: message)
  }

  static func notForBulk(_ object: String) -> SalesforceError {
    SalesforceError(
      status: 400, code: "INVALIDENTITY", message: "Entity '\(object)' is not supported by the Bulk API.")
  }
}

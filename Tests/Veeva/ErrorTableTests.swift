import Testing

@testable import Veeva

@Suite("What the org's errors mean")
struct ErrorTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let status: Int
    let errorCode: String?
    var message = ""
    let code: VeevaError.Code
    let disposition: VeevaError.Disposition

    var testDescription: String { "\(status) \(errorCode ?? "without a code") \(message)" }
  }

  static let rows: [Row] = [
    .init(status: 401, errorCode: "INVALID_SESSION_ID", code: .session, disposition: .retry),
    .init(status: 401, errorCode: "INVALID_AUTH_HEADER", code: .session, disposition: .retry),
    .init(status: 401, errorCode: nil, code: .session, disposition: .retry),
    .init(status: 302, errorCode: nil, code: .moved, disposition: .hopeless),
    .init(
      status: 403, errorCode: "REQUEST_LIMIT_EXCEEDED", message: "TotalRequests Limit exceeded.", code: .dailyLimit,
      disposition: .waitForLimit(.daily)),
    .init(
      status: 403, errorCode: "REQUEST_LIMIT_EXCEEDED",
      message: "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", code: .concurrentLimit,
      disposition: .waitForLimit(.concurrent)),
    .init(status: 400, errorCode: "LIMIT_EXCEEDED", code: .dailyLimit, disposition: .waitForLimit(.daily)),
    .init(status: 400, errorCode: "INVALID_FIELD", code: .invalidField, disposition: .refreshSchema),
    .init(status: 400, errorCode: "INVALID_TYPE", code: .notFound, disposition: .hopeless),
    .init(status: 400, errorCode: "MALFORMED_QUERY", code: .invalidQuery, disposition: .hopeless),
    .init(status: 400, errorCode: "INVALID_QUERY_FILTER_OPERATOR", code: .invalidQuery, disposition: .hopeless),
    .init(status: 400, errorCode: "INVALIDENTITY", code: .notForBulk, disposition: .hopeless),
    .init(status: 400, errorCode: "FUNCTIONALITY_NOT_ENABLED", code: .notForBulk, disposition: .hopeless),
    .init(status: 400, errorCode: "API_ERROR", code: .notForBulk, disposition: .hopeless),
    .init(status: 400, errorCode: "INVALIDJOB", code: .jobState, disposition: .retry),
    .init(status: 400, errorCode: "INVALIDJOBSTATE", code: .jobState, disposition: .retry),
    .init(status: 400, errorCode: "QUERY_TIMEOUT", code: .queryTimeout, disposition: .retry),
    .init(status: 400, errorCode: "QUERY_TOO_COMPLICATED", code: .queryTimeout, disposition: .retry),
    .init(status: 400, errorCode: "OPERATION_TOO_LARGE", code: .queryTimeout, disposition: .retry),
    .init(status: 400, errorCode: "INVALID_QUERY_LOCATOR", code: .locatorGone, disposition: .retry),
    .init(status: 400, errorCode: "JSON_PARSER_ERROR", code: .badRequest, disposition: .hopeless),
    .init(status: 400, errorCode: nil, code: .badRequest, disposition: .hopeless),
    .init(status: 400, errorCode: "TXN_SECURITY_METERING_ERROR", code: .server, disposition: .retry),
    .init(status: 403, errorCode: "TXN_SECURITY_METERING_ERROR", code: .server, disposition: .retry),
    .init(status: 403, errorCode: "API_DISABLED_FOR_ORG", code: .permission, disposition: .hopeless),
    .init(status: 403, errorCode: "API_CURRENTLY_DISABLED", code: .permission, disposition: .hopeless),
    .init(status: 403, errorCode: "INSUFFICIENT_ACCESS", code: .permission, disposition: .hopeless),
    .init(status: 403, errorCode: "INSUFFICIENT_ACCESS_OR_READONLY", code: .permission, disposition: .hopeless),
    .init(status: 403, errorCode: "CLIENT_NOT_ACCESSIBLE_FOR_USER", code: .permission, disposition: .hopeless),
    .init(status: 404, errorCode: "NOT_FOUND", code: .notFound, disposition: .hopeless),
    .init(status: 404, errorCode: "ENTITY_IS_DELETED", code: .notFound, disposition: .hopeless),
    .init(status: 405, errorCode: "METHOD_NOT_ALLOWED", code: .badRequest, disposition: .hopeless),
    .init(status: 408, errorCode: nil, code: .server, disposition: .retry),
    .init(status: 409, errorCode: nil, code: .versionMismatch, disposition: .restartExtract),
    .init(status: 410, errorCode: "UNSUPPORTED_API_VERSION", code: .unknownVersion, disposition: .hopeless),
    .init(status: 414, errorCode: "URI_TOO_LONG", code: .badRequest, disposition: .hopeless),
    .init(status: 420, errorCode: nil, code: .server, disposition: .retry),
    .init(status: 429, errorCode: nil, code: .server, disposition: .retry),
    .init(status: 431, errorCode: nil, code: .badRequest, disposition: .hopeless),
    .init(status: 500, errorCode: "UNKNOWN_EXCEPTION", code: .server, disposition: .retry),
    .init(status: 500, errorCode: "INTERNAL_ERROR", code: .server, disposition: .retry),
    .init(status: 502, errorCode: nil, code: .server, disposition: .retry),
    .init(status: 503, errorCode: "SERVER_UNAVAILABLE", code: .server, disposition: .retry),
    .init(status: 504, errorCode: nil, code: .server, disposition: .retry),
  ]

  @Test("each answer has one meaning and one consequence", arguments: rows)
  func table(row: Row) {
    let code = row.errorCode.map { #","errorCode":"\#($0)""# } ?? ""
    let error = VeevaError(
      status: row.status, retryAfter: nil, body: Array(#"[{"message":"\#(row.message)"\#(code)}]"#.utf8),
      call: "query", object: "Account")
    #expect(error.code == row.code)
    #expect(error.disposition == row.disposition)
    #expect(error.status == row.status && error.errorCode == row.errorCode)
  }

  @Test("every kind of error has a consequence, and every hopeless one tells what to do or whose it is")
  func dispositions() {
    let selfEvident: Set<VeevaError.Code> = [.notFound, .notForBulk]
    for code in VeevaError.Code.allCases {
      let error = VeevaError(code: code, call: "query", message: "m")
      if error.disposition == .hopeless, !selfEvident.contains(code) { #expect(error.remedy != nil, "\(code)") }
    }
  }

  @Test(
    "a body that is no error of the API is tolerated",
    arguments: [
      ("<html><body>down</body></html>", "a page of HTML instead of the API's answer"),
      ("  \n<!DOCTYPE html>", "a page of HTML instead of the API's answer"), ("", "no explanation"),
      ("[]", "no explanation"), ("[{\"message\":7}]", "no explanation"), ("\u{0}\u{1}", "no explanation"),
      (#"{"error":"invalid_grant","error_description":"expired"}"#, "expired"), ("[[[[", "no explanation"),
    ])
  func bodies(body: String, message: String) {
    let error = VeevaError(status: 503, retryAfter: nil, body: Array(body.utf8), call: "query", object: nil)
    #expect(error.code == .server && error.message == message)
  }

  @Test("tokens in the server's words are taken out, and long words are cut")
  func secrets() {
    let token = "00Dxx0000000001!AQEAQJ.y_abcDEF123456"
    let error = VeevaError(
      code: .server, call: "query",
      message: "session \(token) of 00Dxx0000000001EAA!x.y refused, Authorization: Bearer \(token), "
        + "OAuth abcdefghijklmnopqrstuvwxyz" + String(repeating: "z", count: 900))
    #expect(!error.description.contains("AQEAQJ") && !error.description.contains("x.y"))
    #expect(!error.description.contains("abcdefghijklm"))
    #expect(error.message.count <= 500)
  }

  @Test("an error says what happened, where, and what to do")
  func description() {
    let error = VeevaError(
      status: 403, retryAfter: nil, body: Array(#"[{"message":"No access","errorCode":"INSUFFICIENT_ACCESS"}]"#.utf8),
      call: "describe", object: "Call2_vod__c")
    #expect(
      error.description
        == "Veeva describe of Call2_vod__c failed with HTTP 403 INSUFFICIENT_ACCESS: No access; grant the sync user "
        + "API Enabled, and Read and View All on the object")
  }
}

import Foundation
import HTTP

extension VeevaError {
  /// An error of the connection, or the cancellation that it was.
  static func from(_ error: HTTPError, call: String, object: String?) -> any Error {
    let code: Code
    switch error.kind {
    case .cancelled: return CancellationError()
    case .tls: code = .tls
    case .tooLarge, .malformed: code = .malformedAnswer
    case .resolve, .connect, .timeout, .cut, .other: code = .network
    }
    return VeevaError(
      code: code, call: call, object: object, status: nil, errorCode: nil, message: error.description,
      retryAfter: nil, isBrief: error.kind == .cut || error.kind == .connect)
  }

  /// Reads an answer that is no success. Bodies are a JSON array, an OAuth object, or a page of HTML.
  init(status: Int, headers: HTTPHeaders, body: [UInt8], call: String, object: String?) {
    self.init(
      status: status, retryAfter: RetryAfter.read(headers), body: body, call: call, object: object)
  }

  init(status: Int, retryAfter: Duration?, body: [UInt8], call: String, object: String?) {
    let entry = Refusal.read(body)
    let message = entry.message ?? "no explanation"
    self.init(
      code: Self.code(status: status, errorCode: entry.code, message: message), call: call, object: object,
      status: status, errorCode: entry.code, message: message, retryAfter: retryAfter,
      isBrief: (502...504).contains(status))
  }

  /// The table from HTTP status and Salesforce's error code to ours. Codes win over statuses; texts decide only where
  /// one code stands for two limits.
  static func code(status: Int, errorCode: String?, message: String) -> Code {
    switch errorCode {
    case "INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT": return .session
    case "REQUEST_LIMIT_EXCEEDED": return message.contains("Concurrent") ? .concurrentLimit : .dailyLimit
    case "LIMIT_EXCEEDED": return .dailyLimit
    case "INVALID_FIELD": return .invalidField
    case "INVALID_TYPE": return .notFound
    case "MALFORMED_QUERY", "INVALID_QUERY_FILTER_OPERATOR": return .invalidQuery
    case "INVALIDENTITY", "FUNCTIONALITY_NOT_ENABLED", "API_ERROR": return .notForBulk
    case "INVALIDJOB", "INVALIDJOBSTATE": return .jobState
    case "QUERY_TIMEOUT", "QUERY_TOO_COMPLICATED", "OPERATION_TOO_LARGE": return .queryTimeout
    case "INVALID_QUERY_LOCATOR": return .locatorGone
    case "UNSUPPORTED_API_VERSION": return .unknownVersion
    case "TXN_SECURITY_METERING_ERROR", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "INTERNAL_ERROR": return .server
    default: break
    }
    switch status {
    case 301, 302, 303, 307, 308: return .moved
    case 401: return .session
    case 403: return .permission
    case 404: return .notFound
    case 409: return .versionMismatch
    case 410: return .unknownVersion
    case 408, 420, 429, 500...: return .server
    default: return .badRequest
    }
  }
}

/// The server's code and words in a body, as far as it has them.
private struct Refusal {
  var code: String?
  var message: String?

  private struct Entry: Decodable {
    let errorCode: String?
    let message: String?
    let error: String?
    let error_description: String?
  }

  static func read(_ body: [UInt8]) -> Refusal {
    let data = Data(body)
    let decoder = JSONDecoder()
    let entry = (try? decoder.decode([Entry].self, from: data))?.first ?? (try? decoder.decode(Entry.self, from: data))
    if let entry {
      return Refusal(code: entry.errorCode ?? entry.error, message: entry.message ?? entry.error_description)
    }
    let isPage = body.first { $0 > 0x20 } == UInt8(ascii: "<")
    return Refusal(message: isPage ? "a page of HTML instead of the API's answer" : nil)
  }
}

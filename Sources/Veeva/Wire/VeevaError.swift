import Foundation
import HTTP

/// What went wrong between us and the org: what happened, where, and what to do. Carries no tokens.
public struct VeevaError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Code: String, Sendable, CaseIterable {
    case authentication, session, permission, dailyLimit, concurrentLimit, invalidField, invalidQuery, notForBulk
    case queryTimeout, notFound, jobFailed, jobAborted, resultsGone, locatorGone, truncated, malformedAnswer
    case versionMismatch, badRequest, server, network, tls, unknownVersion
  }

  /// What follows.
  public enum Disposition: Sendable, Equatable {
    /// It may pass by itself.
    case retry
    case waitForLimit(RequestLimit)
    /// The extract is gone; its partition starts over.
    case restartExtract
    /// The org's schema is not what it was.
    case refreshSchema
    /// It will not pass until a person acts.
    case hopeless
  }

  public let code: Code
  /// The call, such as `query` or `describe`.
  public let call: String
  public let object: String?
  public let status: Int?
  /// Salesforce's own code, such as `INVALID_FIELD`.
  public let errorCode: String?
  /// The server's words, cut to 500 characters.
  public let message: String

  /// An error.
  public init(
    code: Code, call: String, object: String? = nil, status: Int? = nil, errorCode: String? = nil, message: String
  ) {
    self.code = code
    self.call = call
    self.object = object
    self.status = status
    self.errorCode = errorCode
    self.message = String(message.prefix(500))
  }

  /// The results of an extract are no longer there.
  public static func resultsGone(object: String) -> VeevaError {
    VeevaError(code: .resultsGone, call: "results", object: object, message: "there is no extract to read")
  }

  /// An error of the connection.
  init(_ error: HTTPError, call: String, object: String?) {
    self.init(
      code: error.kind == .tls ? .tls : .network, call: call, object: object, message: error.description)
  }

  /// What follows from it: the only place where this is decided.
  public var disposition: Disposition {
    switch code {
    case .dailyLimit: .waitForLimit(.daily)
    case .concurrentLimit: .waitForLimit(.concurrent)
    case .invalidField: .refreshSchema
    case .jobFailed, .jobAborted, .resultsGone, .versionMismatch: .restartExtract
    case .queryTimeout, .locatorGone, .truncated, .malformedAnswer, .server, .network, .session: .retry
    case .authentication, .permission, .invalidQuery, .notForBulk, .notFound, .badRequest, .tls, .unknownVersion:
      .hopeless
    }
  }

  /// What a person can do about it.
  public var remedy: String? {
    switch code {
    case .authentication: "check the flow, the client id, the secret and the user in veeva.auth"
    case .session: "the org ends sessions at once: check the session settings of the connected app"
    case .permission: "grant the sync user API Enabled, and Read and View All on the object"
    case .invalidQuery, .badRequest: "this should not happen: please report it"
    case .unknownVersion: "set veeva.apiVersion to one that the org offers"
    case .tls: "if the org is behind a proxy with its own certificates, set veeva.caFile"
    case .dailyLimit: "it goes on by itself when the org's 24-hour window has moved on"
    default: nil
    }
  }

  /// Whether what was asked for does not exist, or cannot be seen.
  public var isGone: Bool { code == .notFound || code == .resultsGone }

  /// Whether every object of the tenant would meet it.
  public var isTenantScoped: Bool { [.authentication, .session, .tls, .unknownVersion].contains(code) }

  /// Whether the org cannot be reached or will not let us in.
  public var isUnreachable: Bool { code == .network || code == .tls || code == .authentication }

  public var description: String {
    var text = "Veeva \(call)"
    if let object { text += " of \(object)" }
    text += " failed"
    if let status { text += " with HTTP \(status)" }
    if let errorCode { text += " \(errorCode)" }
    text += ": \(message)"
    if let remedy { text += "; \(remedy)" }
    return text
  }
}

extension VeevaError {
  /// Reads an answer that is no success. Error bodies are a JSON array, an OAuth object, or a page of HTML.
  init(status: Int, body: [UInt8], call: String, object: String?) {
    struct Entry: Decodable {
      let errorCode: String?
      let message: String?
    }
    let entry = try? JSONDecoder().decode([Entry].self, from: Data(body)).first
    let message = entry?.message ?? "no explanation"
    self.init(
      code: Self.code(status: status, errorCode: entry?.errorCode, message: message), call: call, object: object,
      status: status, errorCode: entry?.errorCode, message: message)
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
    case "QUERY_TIMEOUT", "QUERY_TOO_COMPLICATED", "OPERATION_TOO_LARGE": return .queryTimeout
    case "INVALID_QUERY_LOCATOR": return .locatorGone
    case "UNSUPPORTED_API_VERSION": return .unknownVersion
    case "TXN_SECURITY_METERING_ERROR", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "INTERNAL_ERROR": return .server
    default: break
    }
    switch status {
    case 401: return .session
    case 403: return .permission
    case 404: return .notFound
    case 409: return .versionMismatch
    case 410: return .unknownVersion
    case 420, 429, 500...: return .server
    default: return .badRequest
    }
  }
}

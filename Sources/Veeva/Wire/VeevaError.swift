import Foundation

/// What went wrong between us and the org: what happened, where, and what to do. Carries no tokens.
public struct VeevaError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Code: String, Sendable, CaseIterable {
    case authentication, session, permission, dailyLimit, concurrentLimit, invalidField, invalidQuery, notForBulk
    case queryTimeout, notFound, jobState, jobFailed, jobAborted, resultsGone, locatorGone, truncated
    case malformedAnswer, versionMismatch, badRequest, server, network, tls, moved, unknownVersion
  }

  /// What follows.
  public enum Disposition: Sendable, Equatable {
    /// It may pass by itself; see ``VeevaError/retryAfter``.
    case retry
    /// The org's allowance is used up.
    case waitForLimit(RequestLimit)
    /// The extract is gone; its partition starts over.
    case restartExtract
    /// The org's schema is not what it was.
    case refreshSchema
    /// It will not pass until a person acts.
    case hopeless
  }

  /// What kind of trouble it is.
  public let code: Code
  /// The call, such as `query` or `describe`.
  public let call: String
  /// The object that the call was about.
  public let object: String?
  /// HTTP status; `nil` where no answer came.
  public let status: Int?
  /// Salesforce's own code, such as `INVALID_FIELD`.
  public let errorCode: String?
  /// The server's words, without tokens, cut to 500 characters.
  public let message: String
  /// How long the server asks to be left alone.
  public let retryAfter: Duration?
  /// Whether the same read may well pass within a second: a cut connection, a gateway between two tries.
  let isBrief: Bool

  /// An error.
  public init(
    code: Code, call: String, object: String? = nil, status: Int? = nil, errorCode: String? = nil, message: String,
    retryAfter: Duration? = nil
  ) {
    self.init(
      code: code, call: call, object: object, status: status, errorCode: errorCode, message: message,
      retryAfter: retryAfter, isBrief: false)
  }

  init(
    code: Code, call: String, object: String?, status: Int?, errorCode: String?, message: String,
    retryAfter: Duration?, isBrief: Bool
  ) {
    self.code = code
    self.call = call
    self.object = object
    self.status = status
    self.errorCode = errorCode
    self.message = String(Self.withoutTokens(String(message.prefix(4000))).prefix(500))
    self.retryAfter = retryAfter
    self.isBrief = isBrief
  }

  /// Access tokens begin with the organization's id and `!`.
  private static func withoutTokens(_ text: String) -> String {
    text.replacing(#/00D[0-9A-Za-z]{9,15}![^\s"'<>&,;]*/#, with: "[token]")
      .replacing(#/(?i)(bearer|oauth)\s+[^\s"'<>&,;]{16,}/#, with: "[token]")
  }

  /// The results of an extract are no longer there.
  public static func resultsGone(object: String) -> VeevaError {
    VeevaError(code: .resultsGone, call: "results", object: object, message: "there is no extract to read")
  }

  /// What follows from it: the only place where this is decided.
  public var disposition: Disposition {
    switch code {
    case .dailyLimit: .waitForLimit(.daily)
    case .concurrentLimit: .waitForLimit(.concurrent)
    case .invalidField: .refreshSchema
    case .jobFailed, .jobAborted, .resultsGone, .versionMismatch: .restartExtract
    case .queryTimeout, .locatorGone, .truncated, .malformedAnswer, .server, .network, .session, .jobState: .retry
    case .authentication, .permission, .invalidQuery, .notForBulk, .notFound, .badRequest, .tls, .moved,
      .unknownVersion:
      .hopeless
    }
  }

  /// Whether the org was away, rather than anything wrong with the work: the connection broke, or a gateway answered
  /// for it, by saying that nobody is there (502 to 504) or that it is asked too often (420, 429).
  public var isInterruption: Bool {
    code == .network || (code == .server && status.map { [420, 429, 502, 503, 504].contains($0) } ?? false)
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
    case .moved: "set veeva.loginURL to the org's My Domain"
    case .queryTimeout: "if it stays so, let the object be read in smaller partitions"
    case .dailyLimit: "it goes on by itself when the org's 24-hour window has moved on"
    default: nil
    }
  }

  /// Whether what was asked for does not exist, or cannot be seen.
  public var isGone: Bool { code == .notFound || code == .resultsGone }

  /// Whether every object of the tenant would meet it.
  public var isTenantScoped: Bool { [.authentication, .session, .tls, .moved, .unknownVersion].contains(code) }

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

import HTTP

/// A code and its text, as Marketo gives them for a call or for a record.
public struct MarketoReason: Sendable, Equatable, Decodable {
  /// Such as `1004`; Marketo writes it as text, and now and then as a number.
  public let code: String
  public let message: String

  /// A reason.
  public init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  private enum CodingKeys: String, CodingKey { case code, message }

  /// Reads a reason; the code may be text or a number.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    if let text = try? values.decode(String.self, forKey: .code) {
      code = text
    } else {
      code = String(try values.decode(Int.self, forKey: .code))
    }
    message = try values.decodeIfPresent(String.self, forKey: .message) ?? ""
  }
}

/// A limit of the instance, which all its integrations share.
public enum MarketoLimit: Sendable, Equatable {
  /// Calls in 20 seconds (606).
  case rate
  /// Calls at a time (615).
  case concurrency
  /// Calls in a day; it ends at midnight US Central (607).
  case daily
  /// Imports that wait or run (1016), or one into the same list (1019).
  case imports
}

/// What went wrong in a call of Marketo. Never holds a token, a secret or a query.
public struct MarketoError: Error, Sendable, CustomStringConvertible {
  /// What to do about it.
  public enum Disposition: Sendable, Equatable {
    /// The same call may pass later; it may have been carried out, so only what can be repeated is.
    case retry
    /// The call was not carried out: wait for the limit, then repeat it.
    case waitForLimit(MarketoLimit)
    /// The token is dead: one renewal, one repeat.
    case renewToken
    /// The body is too large: send it in parts.
    case split
    /// One record is wrong, the others are not concerned.
    case record
    /// Neither waiting nor repeating helps: a person has to act.
    case hopeless
  }

  /// What was called, such as `sync leads`.
  public let call: String
  /// HTTP status, where an answer came.
  public let status: Int?
  /// Marketo's code and words, or ours.
  public let reason: MarketoReason
  /// What Adobe's support asks for.
  public let requestID: String?
  public let disposition: Disposition

  /// Whether no answer came.
  public var isUnreachable: Bool { status == nil && disposition == .retry }

  public var description: String {
    let id = requestID.map { " (request \($0))" } ?? ""
    let code = reason.code.isEmpty ? "" : "\(reason.code) "
    return "Marketo, \(call): \(code)\(reason.message)\(id). \(remedy)"
  }

  private var remedy: String {
    switch disposition {
    case .retry: "It is tried again."
    case .waitForLimit(.daily): "The day's calls are used up: the tenant waits until midnight US Central."
    case .waitForLimit: "It waits for the instance's limit and goes on."
    case .renewToken: "The token is renewed."
    case .split: "The batch is sent in smaller parts."
    case .record: "The record is rejected."
    case .hopeless:
      switch reason.code {
      case "401": "Check the client id and secret of the tenant's Marketo destination."
      case "603": "Give the API user's role the permission for it, or let this address through the allow-list."
      case "616": "The subscription has no metadata API: make the custom object by hand, as crmsync schema shows it."
      case "1018":
        "Native CRM sync of the instance owns companies and salespersons, and nobody else may write them: it has to "
          + "be disconnected before this instance can be a destination."
      default: "Somebody has to look at it."
      }
    }
  }

  init(call: String, status: Int? = nil, reason: MarketoReason, requestID: String? = nil, disposition: Disposition) {
    self.call = call
    self.status = status
    self.reason = reason
    self.requestID = requestID
    self.disposition = disposition
  }

  /// A refusal of a whole call.
  init(call: String, reason: MarketoReason, requestID: String?) {
    self.init(
      call: call, status: 200, reason: reason, requestID: requestID, disposition: Self.disposition(reason.code))
  }

  /// An answer that is no envelope: the gateway's.
  init(call: String, status: Int) {
    let disposition: Disposition =
      switch status {
      case 413: .split
      case 429, 500...: .retry
      default: .hopeless
      }
    self.init(
      call: call, status: status, reason: MarketoReason(code: String(status), message: "HTTP status \(status)"),
      disposition: disposition)
  }

  /// No answer, or none that can be read.
  init(call: String, error: HTTPError) {
    self.init(
      call: call, reason: MarketoReason(code: "", message: error.description),
      disposition: error.isRetriable ? .retry : .hopeless)
  }

  /// What a code of a whole call asks for (Marketo REST API, "Error Codes"; unknown gateway codes are tried again).
  static func disposition(_ code: String) -> Disposition {
    switch code {
    case "601", "602": .renewToken
    case "606": .waitForLimit(.rate)
    case "615": .waitForLimit(.concurrency)
    case "607": .waitForLimit(.daily)
    case "1016", "1019", "1029": .waitForLimit(.imports)
    case "604", "608", "611", "614", "713", "719": .retry
    case "413": .split
    case "600", "603", "605", "609", "610", "612", "613", "616", "701", "703", "704", "709": .hopeless
    default: (code.hasPrefix("6") || code.hasPrefix("7")) && code.count == 3 ? .retry : .hopeless
    }
  }
}

extension MarketoReason {
  /// Whether a record that was skipped for it may pass later without anybody doing anything.
  public var passesLater: Bool { MarketoError.disposition(code) == .retry }
}

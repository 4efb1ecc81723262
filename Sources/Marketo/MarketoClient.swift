import Foundation
public import HTTP

/// A client of one Marketo Engage instance: REST and bulk API.
///
/// Calls are grouped by what they are about, a file each. A token found dead is renewed once per call, by one renewal
/// for all calls that wait for it. Limits are refused calls, which the observer is told; repeating is the caller's
/// decision, since a call without an answer may have been carried out.
public struct MarketoClient: Sendable {
  let http: HTTPClient
  let credentials: MarketoCredentials
  private let tokens: TokenCache
  private let limits: any MarketoLimitObserver

  /// Most records of a call.
  public static let recordsPerCall = 300
  /// Most bytes of a JSON body (Marketo: 1 MB).
  public static let bodyBytes = 1 << 20
  /// An import's body has to be smaller.
  public static let importBytes = 10 << 20

  /// A client.
  public init(credentials: MarketoCredentials, http: HTTPClient, limits: any MarketoLimitObserver = NoMarketoLimits()) {
    self.http = http
    self.credentials = credentials
    self.limits = limits
    tokens = TokenCache(http: http, credentials: credentials)
  }

  /// What a call is, for errors and metrics.
  struct Call {
    var name: String
    var method = "GET"
    /// From the root of the instance.
    var path: String
    var body: [UInt8]?
    var contentType = "application/json"
    /// Longer than Marketo's own for the endpoint: a call that is abandoned goes on running there.
    var timeout = Duration.seconds(60)
  }

  /// Makes a call whose answer is an envelope.
  func envelope<Element: Decodable & Sendable>(_ call: Call, of type: Element.Type) async throws -> Envelope<Element> {
    try await authorized(call) { token in
      let response = try await exchange(call, token)
      guard response.status == 200 else { throw MarketoError(call: call.name, status: response.status) }
      return try Self.read(response.body, call)
    }
  }

  /// Makes a call whose answer is a file; `nil` when there is none.
  func file(_ call: Call) async throws -> [UInt8]? {
    try await authorized(call) { token in
      let response = try await exchange(call, token)
      if response.status == 404 { return nil }
      guard response.status == 200 else { throw MarketoError(call: call.name, status: response.status) }
      // Refusals come as an envelope here, too, and with the same status: no header row begins like one.
      if response.body.first == 0x7B { _ = try Self.read(response.body, call) as Envelope<Nothing> }
      return response.body
    }
  }

  /// Sends with a token; with a fresh one, once, if the token was dead.
  private func authorized<Answer>(_ call: Call, _ attempt: (TokenCache.Token) async throws -> Answer) async throws
    -> Answer
  {
    var token = try await tokens.current()
    var isFresh = false
    while true {
      do {
        return try await attempt(token)
      } catch let error as MarketoError {
        switch error.disposition {
        case .renewToken where !isFresh:
          token = try await tokens.current(replacing: token)
          isFresh = true
        case .waitForLimit(let limit): throw await limits.refused(limit, error)
        default: throw error
        }
      }
    }
  }

  private static func read<Element: Decodable & Sendable>(_ body: [UInt8], _ call: Call) throws -> Envelope<Element> {
    guard let envelope = try? JSONDecoder().decode(Envelope<Element>.self, from: Data(body)) else {
      throw MarketoError(
        call: call.name, status: 200, reason: MarketoReason(code: "", message: "the answer cannot be read"),
        disposition: .retry)
    }
    if envelope.success { return envelope }
    let reason = envelope.errors?.first ?? MarketoReason(code: "", message: "refused without a reason")
    // Nothing found is an answer (702).
    if reason.code == "702" {
      return Envelope(
        requestId: envelope.requestId, success: true, result: [], errors: nil, nextPageToken: nil, moreResult: false)
    }
    throw MarketoError(call: call.name, reason: reason, requestID: envelope.requestId)
  }

  private func exchange(_ call: Call, _ token: TokenCache.Token) async throws -> HTTPResponse {
    let ticket = try await limits.beforeCall(lasting: call.timeout)
    do {
      let response = try await http.send(request(call, token))
      await limits.ended(ticket, isAnswered: true)
      return response
    } catch {
      await limits.ended(ticket, isAnswered: false)
      throw (error as? HTTPError).map { MarketoError(call: call.name, error: $0) } ?? error
    }
  }

  private func request(_ call: Call, _ token: TokenCache.Token) -> HTTPRequest {
    var headers = [(name: "Authorization", value: "Bearer \(token.text)"), (name: "Accept", value: "application/json")]
    if call.body != nil { headers.append((name: "Content-Type", value: call.contentType)) }
    return HTTPRequest(
      method: call.method, url: credentials.baseURL + call.path, headers: headers, body: call.body,
      timeout: call.timeout)
  }
}

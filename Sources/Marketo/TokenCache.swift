import Foundation
import HTTP

/// The token of one custom service: asked for once, however many calls need it.
///
/// Marketo gives the same token until it expires, so asking early gains nothing (Marketo REST API, "Authentication").
actor TokenCache {
  struct Token: Sendable, Equatable {
    let text: String
    let expires: ContinuousClock.Instant
  }

  private struct Grant: Decodable {
    let access_token: String
    let expires_in: Int
  }

  private let http: HTTPClient
  private let credentials: MarketoCredentials
  private var token: Token?
  private var attempt: Task<Token, any Error>?

  init(http: HTTPClient, credentials: MarketoCredentials) {
    self.http = http
    self.credentials = credentials
  }

  /// A token that is alive as far as anybody here knows.
  /// - Parameter dead: one that Marketo refused.
  func current(replacing dead: Token? = nil) async throws -> Token {
    if let attempt { return try await attempt.value }
    if let token, token != dead, token.expires > .now { return token }
    let (http, credentials) = (http, credentials)
    let task = Task { try await Self.ask(http, credentials) }
    attempt = task
    defer { attempt = nil }
    let fresh = try await task.value
    token = fresh
    return fresh
  }

  /// The secret is a parameter of the address: nothing here may name it.
  private static func ask(_ http: HTTPClient, _ credentials: MarketoCredentials) async throws -> Token {
    let call = "get token"
    let query =
      "grant_type=client_credentials&client_id=\(encoded(credentials.clientID))"
      + "&client_secret=\(encoded(credentials.clientSecret))"
    let request = HTTPRequest(
      url: "\(credentials.identityURL)/oauth/token?\(query)",
      headers: [(name: "Accept", value: "application/json")],
      timeout: .seconds(60))
    let asked = ContinuousClock.now
    let response: HTTPResponse
    do {
      response = try await http.send(request, maxBodyBytes: 1 << 16)
    } catch let error as HTTPError {
      throw MarketoError(call: call, error: error)
    }
    guard response.status == 200 else { throw MarketoError(call: call, status: response.status) }
    guard let grant = try? JSONDecoder().decode(Grant.self, from: Data(response.body)) else {
      throw MarketoError(
        call: call, status: 200, reason: MarketoReason(code: "", message: "the answer holds no token"),
        disposition: .retry)
    }
    return Token(text: grant.access_token, expires: asked + .seconds(grant.expires_in))
  }

  /// As part of a query.
  static func encoded(_ text: String) -> String {
    var allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."\u{7F}"))
    allowed.insert(charactersIn: "-._~")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
  }
}

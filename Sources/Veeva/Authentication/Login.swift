import Foundation
import HTTP
import SyncModel

/// Asks the token endpoint for a login.
struct Login: Sendable {
  let http: HTTPClient
  let loginURL: String
  let credentials: VeevaCredentials

  /// Logs in.
  /// - Parameter newest: the newest refresh token, where the flow rotates them.
  func callAsFunction(newest: String?) async throws -> VeevaSession {
    let request = HTTPRequest(
      method: "POST", url: loginURL + "/services/oauth2/token",
      headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")],
      body: Array(FormBody.encode(try await fields(newest)).utf8), timeout: .seconds(60))
    let response: HTTPResponse
    do {
      response = try await http.send(request, maxBodyBytes: 1 << 20)
    } catch let error as HTTPError {
      throw VeevaError.from(error, call: "login", object: nil)
    }
    return try read(response)
  }

  private func fields(_ newest: String?) async throws -> [(String, String)] {
    switch credentials {
    case .clientCredentials(let id, let secret):
      return [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)]
    case .refreshToken(let id, let secret, let token):
      return [("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", newest ?? token)]
        + (secret.map { [("client_secret", $0)] } ?? [])
    case .password(let id, let secret, let username, let password):
      return [
        ("grant_type", "password"), ("client_id", id), ("client_secret", secret), ("username", username),
        ("password", password),
      ]
    case .jwtBearer(let id, let username, let key, let audience):
      return [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", try await Assertion(clientID: id, username: username, audience: audience).signed(with: key)),
      ]
    }
  }

  private func read(_ response: HTTPResponse) throws -> VeevaSession {
    guard response.status == 200 else { throw refusal(response) }
    struct Answer: Decodable {
      let access_token: String
      let instance_url: String
      let id: String?
      let refresh_token: String?
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)) else {
      throw VeevaError(code: .malformedAnswer, call: "login", message: "the token answer is not understood")
    }
    // `id` ends in /id/<organization>/<user>; the token begins with the organization's 15 characters and `!`.
    let path = answer.id?.split(separator: "/").suffix(2).first.map(String.init)
    guard
      let organization = path.flatMap(VeevaID.widened)
        ?? VeevaID.widened(String(answer.access_token.prefix { $0 != "!" }))
    else { throw VeevaError(code: .malformedAnswer, call: "login", message: "the answer names no organization") }
    return VeevaSession(
      accessToken: answer.access_token, instanceURL: try instance(answer.instance_url), organizationID: organization,
      refreshToken: answer.refresh_token, generation: 0)
  }

  /// Where calls with the token go: a host and nothing else, and not in the clear when the login was not.
  private func instance(_ text: String) throws -> String {
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), let host = url.host,
      !host.isEmpty, url.user == nil, url.password == nil, url.query == nil, url.fragment == nil,
      url.path.isEmpty || url.path == "/",
      scheme == "https" || (scheme == "http" && loginURL.lowercased().hasPrefix("http://"))
    else {
      throw VeevaError(
        code: .malformedAnswer, call: "login", message: "the answer's instance_url is no address to send a token to")
    }
    return "\(scheme)://\(host)" + (url.port.map { ":\($0)" } ?? "")
  }

  private func refusal(_ response: HTTPResponse) -> VeevaError {
    struct Refusal: Decodable {
      let error: String
      let error_description: String?
    }
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body)) else {
      return VeevaError(
        status: response.status, headers: response.headers, body: response.body, call: "login", object: nil)
    }
    let isPassing = refusal.error == "rate_limit_exceeded" || response.status == 429 || response.status >= 500
    return VeevaError(
      code: isPassing ? .server : .authentication, call: "login", status: response.status, errorCode: refusal.error,
      message: refusal.error_description ?? "no explanation", retryAfter: RetryAfter.read(response.headers))
  }
}

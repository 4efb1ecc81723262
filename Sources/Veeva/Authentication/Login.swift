import Foundation
import HTTP
import JWTKit

/// Asks the token endpoint for a login.
struct Login: Sendable {
  let http: HTTPClient
  let loginURL: String
  let credentials: VeevaCredentials

  /// Salesforce OAuth 2.0: an assertion may live about three minutes.
  private static let assertionSeconds = 180.0

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
      throw VeevaError(error, call: "login", object: nil)
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
        ("assertion", try await assertion(id, username, key, audience)),
      ]
    }
  }

  private func assertion(_ id: String, _ username: String, _ key: String, _ audience: String) async throws -> String {
    let claims = AssertionClaims(
      iss: .init(value: id), sub: .init(value: username), aud: .init(value: [audience]),
      exp: .init(value: Date(timeIntervalSinceNow: Self.assertionSeconds)))
    do {
      let keys = JWTKeyCollection()
      await keys.add(rsa: try Insecure.RSA.PrivateKey(pem: key), digestAlgorithm: .sha256)
      return try await keys.sign(claims)
    } catch {
      // The library's words might quote the key.
      throw VeevaError(
        code: .authentication, call: "login", message: "the private key is not an RSA key in PEM form")
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
    let organization = path ?? String(answer.access_token.prefix { $0 != "!" })
    return VeevaSession(
      accessToken: answer.access_token, instanceURL: answer.instance_url, organizationID: organization,
      refreshToken: answer.refresh_token, generation: 0)
  }

  private func refusal(_ response: HTTPResponse) -> VeevaError {
    struct Refusal: Decodable {
      let error: String
      let error_description: String?
    }
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body)) else {
      return VeevaError(status: response.status, body: response.body, call: "login", object: nil)
    }
    return VeevaError(
      code: refusal.error == "rate_limit_exceeded" || response.status >= 500 ? .server : .authentication, call: "login",
      status: response.status, errorCode: refusal.error, message: refusal.error_description ?? "no explanation")
  }
}

private struct AssertionClaims: JWTPayload {
  let iss: IssuerClaim
  let sub: SubjectClaim
  let aud: AudienceClaim
  let exp: ExpirationClaim

  func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }
}

/// `application/x-www-form-urlencoded` and percent-encoding.
enum FormBody {
  static func encode(_ fields: [(String, String)]) -> String {
    fields.map { "\(escape($0.0))=\(escape($0.1))" }.joined(separator: "&")
  }

  /// Everything but letters, digits and `-._~`, byte by byte.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return escaped
  }
}

import JWTKit

/// `POST /services/oauth2/token` for the four flows.
struct OAuthEndpoint: Sendable {
  let org: Org
  /// The org's own address, which is also its instance URL.
  let baseURL: String

  private struct Assertion: JWTPayload {
    let iss: IssuerClaim
    let sub: SubjectClaim
    let aud: AudienceClaim
    let exp: Moment

    /// Times are compared with the org's clock by the endpoint.
    func verify(using algorithm: some JWTAlgorithm) throws {}
  }

  /// Seconds since 1970, as a number or, as some clients write it, a string.
  private struct Moment: Codable {
    let seconds: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        seconds = number
      } else if let number = Double(try container.decode(String.self)) {
        seconds = number
      } else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number of seconds")
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(seconds)
    }
  }

  private struct Refusal: Error {
    let error: String
    let description: String
  }

  func token(_ request: WireRequest) async -> WireResponse {
    var form = request.form
    if let basic = request.headers["authorization"], basic.lowercased().hasPrefix("basic "),
      let pair = Base64.decode(String(basic.dropFirst(6)))
    {
      let parts = String(decoding: pair, as: UTF8.self).split(separator: ":", maxSplits: 1)
      if parts.count == 2 {
        form["client_id"] = String(parts[0])
        form["client_secret"] = String(parts[1])
      }
    }
    do {
      switch form["grant_type"] {
      case "client_credentials": return try clientCredentials(form)
      case "password": return try password(form)
      case "refresh_token": return try refresh(form)
      case "urn:ietf:params:oauth:grant-type:jwt-bearer": return try await jwt(form)
      case nil: throw Refusal(error: "invalid_request", description: "missing required parameter: grant_type")
      default: throw Refusal(error: "unsupported_grant_type", description: "grant type not supported")
      }
    } catch let refusal as Refusal {
      return Self.refused(refusal.error, refusal.description)
    } catch {
      return Self.refused("invalid_grant", "invalid assertion")
    }
  }

  /// OAuth errors are an object, unlike all others.
  private static func refused(_ error: String, _ description: String) -> WireResponse {
    WireResponse(
      status: 400, json: .object([("error", .string(error)), ("error_description", .string(description))]))
  }

  private func checkClient(_ form: [String: String]) throws(Refusal) {
    guard form["client_id"] == org.options.credentials.clientID else {
      throw Refusal(error: "invalid_client_id", description: "client identifier invalid")
    }
    guard form["client_secret"] == org.options.credentials.clientSecret else {
      throw Refusal(error: "invalid_client", description: "invalid client credentials")
    }
  }

  private func clientCredentials(_ form: [String: String]) throws(Refusal) -> WireResponse {
    try checkClient(form)
    return granted(issuedAt: true)
  }

  private func password(_ form: [String: String]) throws(Refusal) -> WireResponse {
    try checkClient(form)
    let credentials = org.options.credentials
    guard form["username"] == credentials.username,
      form["password"] == credentials.password
        || form["password"] == credentials.password + credentials.securityToken
    else { throw Refusal(error: "invalid_grant", description: "authentication failure") }
    return granted(issuedAt: true)
  }

  private func refresh(_ form: [String: String]) throws(Refusal) -> WireResponse {
    guard form["client_id"] == org.options.credentials.clientID else {
      throw Refusal(error: "invalid_client_id", description: "client identifier invalid")
    }
    if let secret = form["client_secret"], secret != org.options.credentials.clientSecret {
      throw Refusal(error: "invalid_client", description: "invalid client credentials")
    }
    guard
      let next = org.sessions.refresh(form["refresh_token"] ?? "", rotating: org.settings.rotatesRefreshTokens)
    else { throw Refusal(error: "invalid_grant", description: "expired access/refresh token") }
    return granted(issuedAt: true, refreshToken: next)
  }

  private func jwt(_ form: [String: String]) async throws -> WireResponse {
    guard let pem = org.options.credentials.jwtPublicKeyPEM, let assertion = form["assertion"] else {
      throw Refusal(error: "invalid_grant", description: "user hasn't approved this consumer")
    }
    let key =
      pem.contains("CERTIFICATE")
      ? try Insecure.RSA.PublicKey(certificatePEM: pem) : try Insecure.RSA.PublicKey(pem: pem)
    let keys = JWTKeyCollection()
    await keys.add(rsa: key, digestAlgorithm: .sha256)
    let payload = try await keys.verify(assertion, as: Assertion.self)
    guard payload.iss.value == org.options.credentials.clientID else {
      throw Refusal(error: "invalid_client_id", description: "client identifier invalid")
    }
    guard payload.sub.value == org.options.credentials.username else {
      throw Refusal(error: "invalid_grant", description: "user hasn't approved this consumer")
    }
    let audiences = ["https://login.salesforce.com", "https://test.salesforce.com", baseURL]
    guard payload.aud.value.contains(where: audiences.contains) else {
      throw Refusal(error: "invalid_grant", description: "audience is invalid")
    }
    let left = payload.exp.seconds - org.clock.now
    guard left > 0, left <= 300 else {
      throw Refusal(error: "invalid_grant", description: left > 0 ? "expiration too far" : "expired authorization code")
    }
    return granted(issuedAt: false)
  }

  /// - Parameter issuedAt: JWT answers carry neither `issued_at` nor `signature`.
  private func granted(issuedAt: Bool, refreshToken: String?? = nil) -> WireResponse {
    let token = org.sessions.open()
    var members: [(String, JSONValue)] = [
      ("access_token", .string(token)), ("instance_url", .string(baseURL)),
      ("id", .string("\(baseURL)/id/\(org.sessions.organisation18)/\(Self.userID)")), ("token_type", .string("Bearer")),
      ("scope", .string("api")),
    ]
    if issuedAt {
      members.append(("issued_at", .string(String(Int(org.clock.now * 1000)))))
      members.append(("signature", .string(Base64.encode(Array("simulated signature".utf8)))))
    }
    if case .some(.some(let refreshToken)) = refreshToken {
      members.append(("refresh_token", .string(refreshToken)))
    }
    return WireResponse(json: .object(members))
  }

  /// The integration user.
  static let userID = "0055g000001SvABAA0"

  func userInfo() -> WireResponse {
    WireResponse(
      json: .object([
        ("user_id", .string(Self.userID)), ("organization_id", .string(org.sessions.organisation18)),
        ("preferred_username", .string(org.options.credentials.username)),
        ("username", .string(org.options.credentials.username)), ("active", .bool(true)),
      ]))
  }
}

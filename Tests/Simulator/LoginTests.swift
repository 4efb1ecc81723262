import Foundation
import JWTKit
import Testing

@testable import Simulator

@Suite("Login")
struct LoginTests {
  private struct Assertion: JWTPayload {
    var iss: IssuerClaim
    var sub: SubjectClaim
    var aud: AudienceClaim
    var exp: ExpirationClaim

    func verify(using algorithm: some JWTAlgorithm) throws {}
  }

  private static let key = Result {
    try Insecure.RSA.PrivateKey(pem: RSAKeys.privatePEM)
  }

  private static func form(_ org: RunningOrg, _ more: [(String, String)]) -> [(String, String)] {
    [
      ("client_id", org.options.credentials.clientID), ("client_secret", org.options.credentials.clientSecret),
    ] + more
  }

  @Test("client credentials, password and refresh token open a session; wrong ones do not")
  func flows() async throws {
    try await RunningOrg.serving { org in
      let credentials = org.options.credentials
      let good: [[(String, String)]] = [
        [("grant_type", "client_credentials")],
        [("grant_type", "password"), ("username", credentials.username), ("password", credentials.password)],
        [
          ("grant_type", "password"), ("username", credentials.username),
          ("password", credentials.password + credentials.securityToken),
        ],
        [("grant_type", "refresh_token"), ("refresh_token", credentials.refreshToken)],
      ]
      for form in good {
        let answer = try await org.requestToken(Self.form(org, form))
        let json = JSON(answer.body)
        #expect(answer.status == 200)
        #expect(json["instance_url"].text == "http://127.0.0.1:\(org.port)")
        #expect(json["access_token"].text?.hasPrefix("00D5g0000000001!") == true)
        #expect(json["token_type"].text == "Bearer" && json["issued_at"].text != nil && json["expires_in"].isNull)
      }
      let bad: [([(String, String)], String)] = [
        (
          Self.form(org, [("grant_type", "password"), ("username", credentials.username), ("password", "no")]),
          "invalid_grant"
        ),
        (Self.form(org, [("grant_type", "refresh_token"), ("refresh_token", "no")]), "invalid_grant"),
        ([("grant_type", "client_credentials"), ("client_id", "no"), ("client_secret", "no")], "invalid_client_id"),
        (
          [("grant_type", "client_credentials"), ("client_id", credentials.clientID), ("client_secret", "no")],
          "invalid_client"
        ), ([("grant_type", "magic")], "unsupported_grant_type"), ([], "invalid_request"),
      ]
      for (form, error) in bad {
        let answer = try await org.requestToken(form)
        #expect(answer.status == 400)
        #expect(JSON(answer.body)["error"].text == error)
        #expect(JSON(answer.body)["error_description"].text != nil)
      }
    }
  }

  @Test("a JWT opens a session when signature, issuer, subject, audience and expiry are right")
  func jwt() async throws {
    let key = try Self.key.get()
    try await RunningOrg.serving({ $0.credentials.jwtPublicKeyPEM = key.publicKey.pemRepresentation }) { org in
      func answer(
        by signer: Insecure.RSA.PrivateKey, iss: String? = nil, sub: String? = nil, aud: String? = nil,
        exp: Double = 180
      ) async throws -> RawHTTP.Answer {
        let keys = JWTKeyCollection()
        await keys.add(rsa: signer, digestAlgorithm: .sha256)
        let assertion = Assertion(
          iss: .init(value: iss ?? org.options.credentials.clientID),
          sub: .init(value: sub ?? org.options.credentials.username),
          aud: .init(value: aud ?? "https://login.salesforce.com"), exp: .init(value: Date().addingTimeInterval(exp)))
        return try await org.requestToken([
          ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", try await keys.sign(assertion)),
        ])
      }
      for audience in ["https://login.salesforce.com", "https://test.salesforce.com", "http://127.0.0.1:\(org.port)"] {
        let granted = try await answer(by: key, aud: audience)
        #expect(granted.status == 200, "\(granted.text)")
        #expect(JSON(granted.body)["issued_at"].isNull)
      }
      let stranger = try Insecure.RSA.PrivateKey(pem: RSAKeys.otherPEM)
      #expect(try await answer(by: stranger).status == 400)
      #expect(JSON(try await answer(by: key, iss: "no").body)["error"].text == "invalid_client_id")
      #expect(JSON(try await answer(by: key, sub: "no").body)["error"].text == "invalid_grant")
      #expect(JSON(try await answer(by: key, aud: "https://example.org").body)["error"].text == "invalid_grant")
      #expect(JSON(try await answer(by: key, exp: -5).body)["error"].text == "invalid_grant")
      #expect(JSON(try await answer(by: key, exp: 900).body)["error"].text == "invalid_grant")
      let nonsense = try await org.requestToken([
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "a.b.c"),
      ])
      #expect(nonsense.status == 400)
    }
  }

  @Test("a rotated refresh token works once")
  func rotation() async throws {
    try await RunningOrg.serving({ $0.rotatesRefreshTokens = true }) { org in
      func refresh(_ token: String) async throws -> RawHTTP.Answer {
        try await org.requestToken(
          Self.form(org, [("grant_type", "refresh_token"), ("refresh_token", token)]))
      }
      let first = JSON(try await refresh(org.options.credentials.refreshToken).body)
      let next = try #require(first["refresh_token"].text)
      #expect(try await refresh(org.options.credentials.refreshToken).status == 400)
      #expect(try await refresh(next).status == 200)
    }
  }

  @Test("a session ends when it is not used, when told to, and when revoked; the answer is a 401 array")
  func expiry() async throws {
    try await RunningOrg.serving({ $0.tokenLifetime = .seconds(100) }) { org in
      let target = "/services/data/v62.0/sobjects"
      let token = try await org.token()
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":90}")
      #expect(try await org.get(target, token: token).status == 200)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":90}")
      #expect(try await org.get(target, token: token).status == 200, "use keeps a session alive")
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":101}")
      let dead = try await org.get(target, token: token)
      #expect(dead.status == 401)
      #expect(JSON(dead.body)[0]["errorCode"].text == "INVALID_SESSION_ID")
      let second = try await org.token()
      _ = try await org.post("/simulator/sessions/expire", json: "")
      #expect(try await org.get(target, token: second).status == 401)
      let third = try await org.token()
      _ = try await org.send("POST", "/services/oauth2/revoke", body: Array("token=\(RunningOrg.encoded(third))".utf8))
      #expect(try await org.get(target, token: third).status == 401)
      #expect(try await org.send("GET", target).status == 401)
      let odd = try await org.send("GET", target, headers: [("Authorization", "Digest x")])
      #expect(JSON(odd.body)[0]["errorCode"].text == "INVALID_AUTH_HEADER")
    }
  }
}

import Foundation
import JWTKit

/// What the JWT bearer flow shows instead of a secret.
struct Assertion: JWTPayload {
  /// Salesforce OAuth 2.0: an assertion may live about three minutes.
  private static let lifetime = 180.0

  /// The consumer key of the connected app.
  let iss: IssuerClaim
  /// The integration user.
  let sub: SubjectClaim
  /// The login host.
  let aud: AudienceClaim
  let exp: ExpirationClaim

  init(clientID: String, username: String, audience: String) {
    iss = .init(value: clientID)
    sub = .init(value: username)
    aud = .init(value: [audience])
    exp = .init(value: Date(timeIntervalSinceNow: Self.lifetime))
  }

  func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }

  /// The signed assertion (RS256).
  func signed(with privateKeyPEM: String) async throws -> String {
    do {
      let keys = JWTKeyCollection()
      await keys.add(rsa: try Insecure.RSA.PrivateKey(pem: privateKeyPEM), digestAlgorithm: .sha256)
      return try await keys.sign(self)
    } catch {
      // The library's words might quote the key.
      throw VeevaError(
        code: .authentication, call: "login", message: "the private key is not an RSA key in PEM form")
    }
  }
}

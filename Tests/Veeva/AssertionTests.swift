import Foundation
import JWTKit
import Testing

@testable import Veeva

@Suite("The JWT bearer flow's assertion")
struct AssertionTests {
  /// The public half of the tests' key.
  static func publicPEM() throws -> String {
    try Insecure.RSA.PrivateKey(pem: RSAKeys.pkcs8).publicKey.pemRepresentation
  }

  private func parts(_ token: String) throws -> [[String: Any]] {
    try token.split(separator: ".").prefix(2).map { part in
      var base64 = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
      while base64.count % 4 != 0 { base64 += "=" }
      let data = try #require(Data(base64Encoded: base64))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
  }

  @Test(
    "it holds the four claims as Salesforce wants them, for three minutes at most, signed with RS256",
    arguments: RSAKeys.Form.allCases)
  func claims(form: RSAKeys.Form) async throws {
    let key = try Insecure.RSA.PrivateKey(pem: RSAKeys.pkcs8)
    let token = try await Assertion(clientID: "3MVG", username: "u@x.example", audience: "https://login.salesforce.com")
      .signed(with: form.pem)
    let parts = try parts(token)
    #expect(parts[0]["alg"] as? String == "RS256")
    #expect(parts[1]["iss"] as? String == "3MVG")
    #expect(parts[1]["sub"] as? String == "u@x.example")
    // A text, not a list: RFC 7519 allows both, Salesforce documents the text.
    #expect(parts[1]["aud"] as? String == "https://login.salesforce.com")
    let expiry = try #require(parts[1]["exp"] as? Double)
    let ahead = expiry - Date().timeIntervalSince1970
    #expect(ahead > 100 && ahead <= 180)
    #expect(Set(parts[1].keys) == ["iss", "sub", "aud", "exp"])
    let keys = JWTKeyCollection()
    await keys.add(rsa: key.publicKey, digestAlgorithm: .sha256)
    _ = try await keys.verify(token, as: Assertion.self)
  }

  @Test(
    "a key that is none is an error that does not quote it", arguments: ["", "-----BEGIN PRIVATE KEY-----\nSECRET"])
  func wrongKey(pem: String) async throws {
    let assertion = Assertion(clientID: "3MVG", username: "u", audience: "https://login.salesforce.com")
    let error = await #expect(throws: VeevaError.self) { try await assertion.signed(with: pem) }
    #expect(error?.code == .authentication && error?.description.contains("SECRET") == false)
  }
}

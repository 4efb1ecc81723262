/// How to log in to an org (Salesforce OAuth 2.0 flows). Holds secrets; its text forms show none.
public enum VeevaCredentials: Sendable {
  /// Only on the org's My Domain host.
  case clientCredentials(clientID: String, clientSecret: String)
  /// Signed with the private key of the certificate that the connected app knows; no secret on the wire.
  case jwtBearer(clientID: String, username: String, privateKeyPEM: String, audience: String)
  /// The token may be one that rotates.
  case refreshToken(clientID: String, clientSecret: String?, refreshToken: String)
  /// Legacy; the security token is appended to the password.
  case password(clientID: String, clientSecret: String, username: String, password: String)
}

extension VeevaCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The flow.
  public var description: String {
    switch self {
    case .clientCredentials: "client credentials"
    case .jwtBearer: "JWT bearer"
    case .refreshToken: "refresh token"
    case .password: "username and password"
    }
  }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: []) }
}

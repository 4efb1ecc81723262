extension TenantConfiguration.Veeva {
  /// How to log in to an org: the OAuth 2.0 flows of Salesforce.
  public enum Auth: Sendable, Equatable {
    /// Runs as the user that the connected app names; on My Domain hosts only.
    case clientCredentials(clientID: String, clientSecret: Secret)
    /// - `privateKey`: PEM, RSA. `audience`: `aud` of the assertion.
    case jwtBearer(clientID: String, username: String, privateKey: Secret, audience: String)
    /// - `refreshToken`: the first one; where the org rotates them, newer ones are in the checkpoints.
    case refreshToken(clientID: String, clientSecret: Secret?, refreshToken: Secret)
    /// - `securityToken`: goes behind the password, where the org asks for it.
    case password(
      clientID: String, clientSecret: Secret, username: String, password: Secret, securityToken: Secret?)

    /// The flow's name in the file.
    public var flow: Flow {
      switch self {
      case .clientCredentials: .clientCredentials
      case .jwtBearer: .jwtBearer
      case .refreshToken: .refreshToken
      case .password: .password
      }
    }

    /// Names of the flows.
    public enum Flow: String, Sendable, CaseIterable {
      case clientCredentials = "client-credentials"
      case jwtBearer = "jwt-bearer"
      case refreshToken = "refresh-token"
      case password
    }
  }
}

/// The keys of `auth`, of which each flow needs some.
struct AuthKeys: Section {
  typealias Auth = TenantConfiguration.Veeva.Auth

  var flow: Auth.Flow?
  var clientID = ""
  var clientSecret: Secret?
  var username: String?
  var password: Secret?
  var securityToken: Secret?
  var privateKey: Secret?
  var audience: String?
  var refreshToken: Secret?

  static var keys: [Key<Self>] {
    [
      .optional("flow", \.flow, .choice, unset: "required", "The OAuth 2.0 flow."),
      .required("clientID", \.clientID, .text, "The connected app's consumer key."),
      .secret("clientSecret", \.clientSecret, "The connected app's consumer secret. Not for jwt-bearer."),
      .optional("username", \.username, .text, unset: "none", "The integration user. For jwt-bearer and password."),
      .secret("password", \.password, "The integration user's password. For password."),
      .secret(
        "securityToken", \.securityToken, "What the org wants behind the password from unknown addresses. For password."
      ),
      .secret("privateKey", \.privateKey, "RSA key in PEM form that signs the assertion. For jwt-bearer."),
      .optional(
        "audience", \.audience, .text,
        unset: "https://test.salesforce.com for sandboxes, https://login.salesforce.com for other Salesforce hosts, "
          + "else `loginURL`", "Whom the assertion is for. For jwt-bearer."),
      .secret("refreshToken", \.refreshToken, "A token that was issued to the connected app. For refresh-token."),
    ]
  }

  /// Keys, without `File`, that a flow needs, and those that it may have besides.
  private static func uses(_ flow: Auth.Flow) -> (needed: [String], possible: [String]) {
    switch flow {
    case .clientCredentials: (["clientSecret"], [])
    case .jwtBearer: (["username", "privateKey"], ["audience"])
    case .refreshToken: (["refreshToken"], ["clientSecret"])
    case .password: (["clientSecret", "username", "password"], ["securityToken"])
    }
  }

  mutating func finish(_ reader: SectionReader) {
    guard let flow else {
      if reader["flow"] == nil {
        let words = Auth.Flow.allCases.map(\.rawValue).joined(separator: ", ")
        reader.report(Complaint(.missing, "this key is missing", "add it: one of \(words)"), at: "flow")
      }
      return
    }
    let (needed, possible) = Self.uses(flow)
    for name in needed where reader[name] == nil && reader[name + "File"] == nil {
      let file = ["username"].contains(name) ? "" : " or \(name)File"
      reader.report(
        Complaint(.missing, "the flow \(flow.rawValue) needs this key", "add \(name)\(file)"), at: name)
    }
    let fitting = Set(needed + possible + ["flow", "clientID"])
    for name in Self.keys.flatMap(\.names) where reader[name] != nil {
      let base = name.hasSuffix("File") ? String(name.dropLast(4)) : name
      guard !fitting.contains(base) else { continue }
      reader.report(
        Complaint(.conflict, "the flow \(flow.rawValue) has no use for this key", "remove it, or correct flow"),
        at: name)
    }
    checkPrivateKey(reader)
  }

  private func checkPrivateKey(_ reader: SectionReader) {
    guard let key = privateKey?.reveal(), !(key.hasPrefix("-----BEGIN ") && key.contains("PRIVATE KEY-----")) else {
      return
    }
    reader.report(
      Complaint(
        .invalid, "this is no private key in PEM form",
        "give the text from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, best as privateKeyFile"),
      at: reader["privateKey"] == nil ? "privateKeyFile" : "privateKey")
  }
}

extension AuthKeys {
  init(_ auth: Auth) {
    self.init()
    flow = auth.flow
    switch auth {
    case .clientCredentials(let id, let secret): (clientID, clientSecret) = (id, secret)
    case .jwtBearer(let id, let user, let key, let audience):
      (clientID, username, privateKey, self.audience) = (id, user, key, audience)
    case .refreshToken(let id, let secret, let token): (clientID, clientSecret, refreshToken) = (id, secret, token)
    case .password(let id, let secret, let user, let password, let token):
      (clientID, clientSecret, username, self.password, securityToken) = (id, secret, user, password, token)
    }
  }

  /// The login that the keys make; nil while something of it is missing.
  func auth(login: ServerURL) -> Auth? {
    switch flow {
    case .clientCredentials?:
      clientSecret.map { .clientCredentials(clientID: clientID, clientSecret: $0) }
    case .jwtBearer?:
      if let username, let privateKey {
        .jwtBearer(
          clientID: clientID, username: username, privateKey: privateKey,
          audience: audience ?? Self.audience(for: login))
      } else {
        nil
      }
    case .refreshToken?:
      refreshToken.map { .refreshToken(clientID: clientID, clientSecret: clientSecret, refreshToken: $0) }
    case .password?:
      if let clientSecret, let username, let password {
        .password(
          clientID: clientID, clientSecret: clientSecret, username: username, password: password,
          securityToken: securityToken)
      } else {
        nil
      }
    case nil: nil
    }
  }

  /// Salesforce OAuth 2.0 JWT bearer flow: `aud` is the login host of production or of sandboxes.
  private static func audience(for login: ServerURL) -> String {
    let host = login.hosts.first?.name.lowercased() ?? ""
    guard host.hasSuffix(".salesforce.com") else {
      return login.text.hasSuffix("/") ? String(login.text.dropLast()) : login.text
    }
    let isSandbox = host == "test.salesforce.com" || host.contains(".sandbox.")
    return isSandbox ? "https://test.salesforce.com" : "https://login.salesforce.com"
  }
}

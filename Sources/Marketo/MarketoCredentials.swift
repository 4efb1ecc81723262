/// What a custom service of a Marketo instance is called by.
public struct MarketoCredentials: Sendable, CustomStringConvertible {
  /// Without `/rest` and slashes at its end.
  public let baseURL: String
  /// Where tokens come from, up to and with `/identity`.
  public let identityURL: String
  public let clientID: String
  let clientSecret: String

  /// Credentials.
  /// - Parameter baseURL: such as `https://123-ABC-456.mktorest.com`; the REST endpoint that the Admin page shows, which
  ///   ends in `/rest`, is taken as well.
  /// - Parameter identityURL: `/identity` of the instance unless given.
  public init(baseURL: String, identityURL: String? = nil, clientID: String, clientSecret: String) {
    var url = baseURL[...]
    while url.hasSuffix("/") { url = url.dropLast() }
    if url.hasSuffix("/rest") { url = url.dropLast(5) }
    while url.hasSuffix("/") { url = url.dropLast() }
    self.baseURL = String(url)
    self.identityURL = identityURL ?? String(url) + "/identity"
    self.clientID = clientID
    self.clientSecret = clientSecret
  }

  public var description: String { "\(baseURL) as \(clientID)" }
}

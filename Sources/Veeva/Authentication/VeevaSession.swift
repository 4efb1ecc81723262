/// A login to an org. Holds secrets; its text forms show none.
public struct VeevaSession: Sendable, Equatable {
  /// A secret.
  public let accessToken: String
  /// Where all further calls go; taken afresh from every login.
  public let instanceURL: String
  /// 18-character id of the org.
  public let organizationID: String
  /// The refresh token that replaces the one used, where the flow rotates them. A secret.
  public let refreshToken: String?
  /// Rises with each login.
  public let generation: Int64

  /// A login.
  public init(
    accessToken: String, instanceURL: String, organizationID: String, refreshToken: String?, generation: Int64
  ) {
    self.accessToken = accessToken
    self.instanceURL = instanceURL
    self.organizationID = organizationID
    self.refreshToken = refreshToken
    self.generation = generation
  }
}

extension VeevaSession: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The org and which login it is.
  public var description: String { "login \(generation) to org \(organizationID)" }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the login is kept that all processes share, so that they do not log in each for itself.
public protocol SessionStore: Sendable {
  /// The login, if anyone has logged in.
  func current() async throws -> VeevaSession?
  /// Replaces a dead login, one process at a time; who comes second gets what the first has fetched.
  func renew(
    replacing dead: VeevaSession?, login: @escaping @Sendable (_ refreshToken: String?) async throws -> VeevaSession
  ) async throws -> VeevaSession
}

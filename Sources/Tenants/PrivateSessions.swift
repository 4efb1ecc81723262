import Checkpoints
import Veeva

/// The login of a process that only looks: the cluster's, where there is one, else one that it keeps to itself.
actor PrivateSessions: SessionStore {
  private let stored: StoredSessions
  private var own: VeevaSession?

  init(_ stored: StoredSessions) { self.stored = stored }

  func current() async throws -> VeevaSession? {
    // There may be no database yet, or no tables in it.
    if let own { return own }
    return try? await stored.current()
  }

  func renew(
    replacing dead: VeevaSession?, login: @escaping @Sendable (_ refreshToken: String?) async throws -> VeevaSession
  ) async throws -> VeevaSession {
    // An org that rotates refresh tokens ends the one that is used: the cluster must get to know the next one.
    if own == nil, (try? await stored.current())?.refreshToken != nil {
      return try await stored.renew(replacing: dead, login: login)
    }
    let fresh = try await login(nil)
    let session = VeevaSession(
      accessToken: fresh.accessToken, instanceURL: fresh.instanceURL, organizationID: fresh.organizationID,
      refreshToken: fresh.refreshToken, generation: (dead?.generation ?? 0) + 1)
    own = session
    return session
  }
}

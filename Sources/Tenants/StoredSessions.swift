import Checkpoints
import Veeva

/// Keeps a tenant's login in the checkpoints, so that the whole cluster shares one.
struct StoredSessions: SessionStore {
  let tenant: String
  let checkpoints: CheckpointStore

  func current() async throws -> VeevaSession? {
    try await checkpoints.session(of: tenant).map(VeevaSession.init)
  }

  func renew(
    replacing dead: VeevaSession?, login: @escaping @Sendable (_ refreshToken: String?) async throws -> VeevaSession
  ) async throws -> VeevaSession {
    let fresh = try await checkpoints.renewSession(of: tenant, replacing: dead?.generation) { refreshToken in
      StoredSession(try await login(refreshToken))
    }
    return VeevaSession(fresh)
  }
}

extension VeevaSession {
  init(_ stored: StoredSession) {
    self.init(
      accessToken: stored.accessToken, instanceURL: stored.instanceURL, organizationID: stored.organizationID,
      refreshToken: stored.refreshToken, generation: stored.generation)
  }
}

extension StoredSession {
  init(_ session: VeevaSession) {
    self.init(
      accessToken: session.accessToken, instanceURL: session.instanceURL, organizationID: session.organizationID,
      refreshToken: session.refreshToken, generation: session.generation)
  }
}

@testable import Veeva

/// Keeps the login of one process; one attempt at a time.
actor InMemorySessionStore: SessionStore {
  private var session: VeevaSession?
  /// Logins so far.
  private(set) var logins = 0
  private var attempt: Task<VeevaSession, any Error>?

  func current() async throws -> VeevaSession? { session }

  func renew(
    replacing dead: VeevaSession?, login: @escaping @Sendable (String?) async throws -> VeevaSession
  ) async throws -> VeevaSession {
    if let attempt { return try await attempt.value }
    if let session, session.generation != dead?.generation { return session }
    let (newest, generation) = (session?.refreshToken, (session?.generation ?? 0) + 1)
    let task = Task {
      let fresh = try await login(newest)
      return VeevaSession(
        accessToken: fresh.accessToken, instanceURL: fresh.instanceURL, organizationID: fresh.organizationID,
        refreshToken: fresh.refreshToken ?? newest, generation: generation)
    }
    attempt = task
    defer { attempt = nil }
    let fresh = try await task.value
    logins += 1
    session = fresh
    return fresh
  }
}

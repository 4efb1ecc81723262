/// The login as this process knows it, so that not every call asks the store.
actor SessionCache {
  private let store: any SessionStore
  private let login: Login
  private var known: VeevaSession?
  private var renewing: Task<VeevaSession, any Error>?

  init(store: any SessionStore, login: Login) {
    self.store = store
    self.login = login
  }

  /// A login to use.
  func session() async throws -> VeevaSession {
    if let known { return known }
    if let stored = try await store.current() {
      known = stored
      return stored
    }
    return try await renew(replacing: nil)
  }

  /// Another login, after one was found dead; one attempt at a time.
  func renew(replacing dead: VeevaSession?) async throws -> VeevaSession {
    if let known, known != dead { return known }
    if let renewing { return try await renewing.value }
    let (store, login) = (store, login)
    let task = Task {
      try await store.renew(replacing: dead) { refreshToken in try await login(newest: refreshToken) }
    }
    renewing = task
    defer { renewing = nil }
    let fresh = try await task.value
    known = fresh
    return fresh
  }
}

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
  ///
  /// Who is cancelled stops waiting. The attempt itself goes on: cut off half way, it could lose the refresh token
  /// that replaces the one it used up.
  func renew(replacing dead: VeevaSession?) async throws -> VeevaSession {
    if let known, known != dead { return known }
    let attempt = renewing ?? begin(replacing: dead)
    let (results, sink) = AsyncStream<Result<VeevaSession, any Error>>.makeStream()
    Task {
      sink.yield(await attempt.result)
      sink.finish()
    }
    for await result in results { return try result.get() }
    throw CancellationError()
  }

  private func begin(replacing dead: VeevaSession?) -> Task<VeevaSession, any Error> {
    let task = Task {
      defer { renewing = nil }
      let fresh = try await store.renew(replacing: dead) { [login] in try await login(newest: $0) }
      known = fresh
      return fresh
    }
    renewing = task
    return task
  }
}

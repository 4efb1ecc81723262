import HTTP
import SyncModel
import Testing

@testable import Veeva

@Suite("The client against scripted answers", .timeLimit(.minutes(2)))
struct ClientTests {
  private let observer = RecordingObserver()
  private let sessions = InMemorySessionStore()

  private func client(_ server: ScriptedServer) -> VeevaClient {
    VeevaClient(
      loginURL: server.url + "/", apiVersion: "62.0",
      credentials: .clientCredentials(clientID: "id", clientSecret: "very-secret"), http: HTTPClient(),
      sessions: sessions, limits: observer)
  }

  /// A server that logs in with tokens 1, 2, … and answers everything else as told.
  private func server(
    instance: String? = nil, _ answer: @escaping @Sendable (ScriptedServer.Request, Int) -> String?
  ) throws -> ScriptedServer {
    try ScriptedServer { request, count in
      guard request.target == "/services/oauth2/token" else { return answer(request, count) }
      return Answer.token(count, instance: instance ?? "http://\(request.headers["host"] ?? "")/")
    }
  }

  private func failure(_ body: () async throws -> Void) async -> VeevaError? {
    do {
      try await body()
      Issue.record("nothing was thrown")
      return nil
    } catch {
      let error = error as? VeevaError
      #expect(error != nil)
      return error
    }
  }

  private let expired = Answer.json(
    #"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#, status: 401)

  @Test("a dead login is renewed once, and the call goes on with the new one")
  func renewal() async throws {
    let expired = expired
    let server = try server { request, _ in
      request.headers["authorization"] == "Bearer 00Dxx0000000001!token2"
        ? Answer.json(#"{"totalSize":7,"done":true,"records":[]}"#) : expired
    }
    #expect(try await client(server).count("SELECT COUNT() FROM X", object: "X") == 7)
    #expect(await sessions.logins == 2)
  }

  @Test("a login that is dead again at once is an error that says so, not a loop")
  func deadAgain() async throws {
    let expired = expired
    let server = try server { _, _ in expired }
    let error = await failure { _ = try await client(server).objectNames() }
    #expect(error?.code == .session && error?.remedy != nil && error?.isTenantScoped == true)
    #expect(await sessions.logins == 2)
    #expect(server.requests.count { $0.method == "GET" } == 2)
  }

  @Test("fifty calls that find a login dead log in once")
  func singleFlight() async throws {
    let expired = expired
    let server = try server { request, _ in
      request.headers["authorization"] == "Bearer 00Dxx0000000001!token1" && request.target.contains("limits")
        ? expired : Answer.json("{}")
    }
    let client = client(server)
    _ = try await client.organizationID()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<50 { tasks.addTask { _ = try await client.allowances() } }
      try await tasks.waitForAll()
    }
    #expect(await sessions.logins == 2)
  }

  @Test("a redirect is never followed: the token goes to no other host")
  func redirect() async throws {
    let other = try ScriptedServer { _, _ in Answer.json("[]") }
    let elsewhere = other.url
    let server = try server { _, _ in Answer.of("", status: 302, headers: ["Location: \(elsewhere)/"]) }
    let error = await failure { _ = try await client(server).objectNames() }
    #expect(error?.code == .moved && error?.disposition == .hopeless)
    #expect(other.requests.isEmpty)
    #expect(await sessions.logins == 2)
  }

  @Test(
    "an instance_url that is no plain address is refused",
    arguments: ["ftp://x", "http://user@127.0.0.1", "http://127.0.0.1/path", "", "127.0.0.1", "http://", "http://x?y"])
  func instance(url: String) async throws {
    let server = try server(instance: url) { _, _ in Answer.json("[]") }
    #expect(await failure { _ = try await client(server).objectNames() }?.code == .malformedAnswer)
    #expect(server.requests.allSatisfy { $0.method == "POST" })
  }

  @Test("no text form of credentials, logins or errors shows a secret")
  func secrecy() async throws {
    let credentials = VeevaCredentials.password(
      clientID: "id", clientSecret: "very-secret", username: "u", password: "very-secret")
    let session = VeevaSession(
      accessToken: "very-secret", instanceURL: "https://x", organizationID: "00D", refreshToken: "very-secret",
      generation: 1)
    var dumped = ""
    dump(credentials, to: &dumped)
    dump(session, to: &dumped)
    for text in [dumped, "\(credentials)", String(reflecting: credentials), "\(session)", "\([session])"] {
      #expect(!text.contains("very-secret"))
    }
    let server = try ScriptedServer { _, _ in
      Answer.json(#"{"error":"invalid_client","error_description":"invalid client credentials"}"#, status: 400)
    }
    let error = await failure { _ = try await client(server).objectNames() }
    #expect(error?.code == .authentication && error?.remedy != nil)
    #expect(error?.description.contains("very-secret") == false)
  }

  @Test("a read is repeated twice when the connection breaks or a gateway fails, and no more", arguments: [0, 503])
  func quickRepeats(status: Int) async throws {
    let server = try server { request, count in
      if request.target.contains("limits"), count > 2 { return Answer.json(#"{"A":{"Max":2,"Remaining":1}}"#) }
      return status == 0 ? nil : Answer.of("<html></html>", status: status)
    }
    let limits = try await client(server).allowances()
    #expect(limits["A"]?.max == 2 && limits["A"]?.remaining == 1)
    let error = await failure { _ = try await client(server).objectNames() }
    #expect(error?.code == (status == 0 ? .network : .server) && error?.disposition == .retry)
    #expect(server.requests.count { $0.target.contains("sobjects") } == 3)
  }

  @Test("a write is never repeated, and neither is a call that the server asks to wait with")
  func noRepeats() async throws {
    let server = try server { request, _ in
      request.method == "POST" ? nil : Answer.of("", status: 503, headers: ["Retry-After: 40"])
    }
    let client = client(server)
    #expect(await failure { _ = try await client.createQueryJob("SELECT Id FROM X", object: "X") }?.code == .network)
    let error = await failure { _ = try await client.objectNames() }
    #expect(error?.retryAfter == .seconds(40))
    #expect(server.requests.count == 3)
  }

  @Test("limits are told to the budget, which words the error; usage is told with every answer")
  func limits() async throws {
    let server = try server { _, _ in
      Answer.json(
        #"[{"message":"ConcurrentRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#, status: 403,
        headers: ["Sforce-Limit-Info: api-usage=18/5000"])
    }
    await #expect(throws: RecordingObserver.Refused(limit: .concurrent)) { try await client(server).objectNames() }
    #expect(observer.seen.usage == LimitInfo(used: 18, allowed: 5000))
    #expect(observer.seen.asked == 1 && observer.seen.endpoints == ["describe global"])
  }

  @Test(
    "a REST page that is short of what was counted is an error, not a last page",
    arguments: [
      (#"{"totalSize":2,"done":true,"records":[{"Id":"1"}]}"#, VeevaError.Code.truncated),
      (#"{"done":true,"records":[{"Id":"1"}]}"#, .truncated),
      (#"{"totalSize":2,"done":false,"records":[{"Id":"1"}]}"#, .malformedAnswer),
      (#"{"totalSize":2,"done":false,"nextRecordsUrl":"@evil.example/","records":[{"Id":"1"}]}"#, .malformedAnswer),
      (#"{"totalSize":2,"done":false,"nextRecordsUrl":"/again","records":[]}"#, .malformedAnswer),
      ("<html></html>", .malformedAnswer), ("", .malformedAnswer),
    ])
  func shortPage(body: String, code: VeevaError.Code) async throws {
    let server = try server { _, _ in Answer.json(body) }
    let error = await failure {
      _ = try await client(server).queryPage("SELECT Id FROM X", object: "X", fields: ["Id"])
    }
    #expect(error?.code == code && error?.disposition == .retry)
  }

  private func rows(_ page: BulkResultPage) async throws -> Int {
    var rows = 0
    while let batch = try await page.nextBatch() { rows += batch.rowCount }
    return rows
  }

  @Test(
    "the last page is told by `null`, by nothing, or by an empty header",
    arguments: [["Sforce-Locator: null"], [], ["Sforce-Locator: "]])
  func lastPage(headers: [String]) async throws {
    let server = try server { _, _ in
      Answer.of("\"Id\"\n\"1\"\n", headers: headers + ["Sforce-NumberOfRecords: 1"])
    }
    let page = try await client(server).results(
      of: "750", object: "X", fields: ["Id"], locator: nil, maxRecords: 10)
    #expect(page.nextLocator == nil && page.declaredRows == 1)
    #expect(try await rows(page) == 1)
  }

  @Test("a locator is passed back as it came, whatever is in it")
  func locator() async throws {
    let server = try server { request, _ in
      Answer.of("\"Id\"\n", headers: ["Sforce-Locator: a+/=&é", "Sforce-NumberOfRecords: 0"])
    }
    let page = try await client(server).results(
      of: "750", object: "X", fields: ["Id"], locator: "a+/=& ?", maxRecords: 10)
    #expect(page.nextLocator == "a+/=&é")
    #expect(
      server.requests.last?.target
        == "/services/data/v62.0/jobs/query/750/results?maxRecords=10&locator=a%2B%2F%3D%26%20%3F")
  }

  @Test(
    "a page of fewer or more records than declared, or of nothing at all, is an error",
    arguments: [
      ("\"Id\"\n\"1\"\n", ["Sforce-NumberOfRecords: 2"]), ("\"Id\"\n\"1\"\n", ["Sforce-NumberOfRecords: 0"]),
      ("", ["Sforce-NumberOfRecords: 1"]), ("", []), ("\"Id\"\n\"1", ["Sforce-NumberOfRecords: 1"]),
    ])
  func shortBulkPage(body: String, headers: [String]) async throws {
    let server = try server { _, _ in Answer.of(body, headers: headers) }
    let page = try await client(server).results(
      of: "750", object: "X", fields: ["Id"], locator: nil, maxRecords: 10)
    for _ in 0..<2 { #expect(await failure { _ = try await rows(page) }?.code == .truncated) }
  }

  @Test("no content is not an empty last page: the job has no results yet")
  func noContent() async throws {
    let server = try server { _, _ in "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" }
    let error = await failure {
      _ = try await client(server).results(of: "750", object: "X", fields: ["Id"], locator: nil, maxRecords: 10)
    }
    #expect(error?.code == .jobState && error?.disposition == .retry)
  }

  @Test("an empty page with a count of zero has no records")
  func emptyPage() async throws {
    let server = try server { _, _ in Answer.of("", headers: ["Sforce-NumberOfRecords: 0"]) }
    let page = try await client(server).results(
      of: "750", object: "X", fields: ["Id"], locator: nil, maxRecords: 10)
    #expect(try await rows(page) == 0)
  }

  @Test("result pages are found under both spellings, each once", arguments: ["nextRecordsUrl", "nextRecordUrl"])
  func resultPages(spelling: String) async throws {
    let server = try server { request, _ in
      request.target.hasSuffix("resultPages")
        ? Answer.json(
          #"{"resultPages":[{"resultUrl":"/x/results"},{"resultUrl":"/x/results?locator=a%2B"}],"\#(spelling)":"/more","done":false}"#
        )
        : Answer.json(
          #"{"resultPages":[{"resultUrl":"/x/results?locator=a%2B"},{"resultUrl":"/x/results?locator=b"}],"done":true}"#
        )
    }
    #expect(try await client(server).resultLocators(of: "750", object: "X") == [nil, "a+", "b"])
  }

  @Test("a list that leads back to itself is an error, not a loop")
  func endlessList() async throws {
    let server = try server { _, _ in
      Answer.json(#"{"done":false,"nextRecordsUrl":"/services/data/v62.0/jobs/query?again","records":[]}"#)
    }
    #expect(await failure { _ = try await client(server).listQueryJobs() }?.code == .malformedAnswer)
  }

  @Test("who waits for a login can be cancelled, while the login itself goes on")
  func cancelledWait() async throws {
    let gate = Gate()
    let store = GatedStore(gate: gate)
    let cache = SessionCache(
      store: store,
      login: Login(http: HTTPClient(), loginURL: "", credentials: .clientCredentials(clientID: "", clientSecret: "")))
    let waiting = Task { try await cache.renew(replacing: nil) }
    await gate.reached()
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    let second = Task { try await cache.renew(replacing: nil) }
    await gate.open()
    #expect(try await second.value == GatedStore.session)
    #expect(try await cache.session() == GatedStore.session)
    #expect(await gate.visits == 1)
  }
}

/// Holds back who comes until it is opened.
private actor Gate {
  private(set) var visits = 0
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var watching: [CheckedContinuation<Void, Never>] = []

  func pass() async {
    visits += 1
    for watcher in watching { watcher.resume() }
    watching = []
    if !isOpen { await withCheckedContinuation { waiting.append($0) } }
  }

  func reached() async {
    if visits == 0 { await withCheckedContinuation { watching.append($0) } }
  }

  func open() {
    isOpen = true
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
}

/// A store whose renewal takes as long as a test wants.
private struct GatedStore: SessionStore {
  static let session = VeevaSession(
    accessToken: "t", instanceURL: "https://x", organizationID: "o", refreshToken: nil, generation: 1)
  let gate: Gate

  func current() async throws -> VeevaSession? { nil }

  func renew(
    replacing dead: VeevaSession?, login: @escaping @Sendable (String?) async throws -> VeevaSession
  ) async throws -> VeevaSession {
    await gate.pass()
    return Self.session
  }
}

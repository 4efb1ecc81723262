import HTTP
import Simulator
import SyncModel
import Testing

@testable import Veeva

@Suite("The client against a simulated org", .timeLimit(.minutes(5)))
struct AgainstSimulatedOrg {
  private static let fields = ["Id", "Name", "RecordType.DeveloperName", "SystemModstamp"]
  private static let statement = SOQL.select(fields, from: "Account")

  @Test("every flow logs in, and names the org")
  func flows() async throws {
    let publicKey = try AssertionTests.publicPEM()
    try await RunningOrg.serving {
      $0.credentials.jwtPublicKeyPEM = publicKey
      $0.rotatesRefreshTokens = true
    } _: { org, _ in
      let known = org.credentials
      let flows: [VeevaCredentials] = [
        .clientCredentials(clientID: known.clientID, clientSecret: known.clientSecret),
        .password(
          clientID: known.clientID, clientSecret: known.clientSecret, username: known.username,
          password: known.password + known.securityToken),
        .refreshToken(clientID: known.clientID, clientSecret: known.clientSecret, refreshToken: known.refreshToken),
        .jwtBearer(
          clientID: known.clientID, username: known.username, privateKeyPEM: RSAKeys.pkcs8, audience: org.url),
      ]
      for flow in flows {
        let store = InMemorySessionStore()
        let client = VeevaClient(
          loginURL: org.url, apiVersion: "62.0", credentials: flow, http: org.http, sessions: store,
          limits: org.observer)
        let id = try await client.organizationID()
        #expect(id.count == 18 && id.hasPrefix("00D"), "\(flow)")
        // A second login shows whether a rotated refresh token was kept.
        try await org.cause(SimulatedFault(.expireSessions, path: "/sobjects", count: 1))
        #expect(try await client.objectNames().contains("Account"), "\(flow)")
        #expect(await store.logins == 2, "\(flow)")
      }
    }
  }

  @Test("a wrong secret is an error of authentication")
  func wrongSecret() async throws {
    try await RunningOrg.serving { org, _ in
      let client = org.client(.clientCredentials(clientID: org.credentials.clientID, clientSecret: "wrong-secret"))
      let error = await #expect(throws: VeevaError.self) { try await client.organizationID() }
      #expect(error?.code == .authentication && error?.isUnreachable == true)
      #expect(error?.description.contains("wrong-secret") == false)
    }
  }

  @Test("the org tells its versions, its clock, its allowances and its objects")
  func discovery() async throws {
    try await RunningOrg.serving { org, client in
      #expect(try await client.versions().contains("62.0"))
      #expect(try await client.serverTime().milliseconds > 1_700_000_000_000)
      #expect(try await client.allowances()["DailyApiRequests"]?.max == 1_000_000)
      #expect(org.observer.seen.usage?.allowed == 1_000_000)
      #expect(Set(try await client.objectNames()).isSuperset(of: ["Account", "User", "Call2_vod__c"]))
      let counts = try await client.recordCounts(of: ["Account", "User"])
      #expect(counts.keys.sorted() == ["Account", "User"])
      let schema = try await client.describe("account")
      #expect(schema.name == "Account" && schema.keyPrefix == "001")
      #expect(schema.field("PersonEmail")?.type == .email)
      let types = try await client.recordTypes(of: "Account")
      #expect(types.contains { $0.developerName == "Professional_vod" && $0.isPersonType })
      let error = await #expect(throws: VeevaError.self) { try await client.describe("Missing_vod__c") }
      #expect(error?.isGone == true && error?.object == "Missing_vod__c")
    }
  }

  @Test("REST in short pages and bulk in many pages give the same records, as many as were counted")
  func sameRecords() async throws {
    try await RunningOrg.serving {
      $0.restPageRows = 200
    } _: { _, client in
      let rest = try await client.queryPage(Self.statement, object: "Account", fields: Self.fields).texts
      let job = try await client.completeJob(Self.statement, object: "Account")
      let bulk = try await client.rows(of: job, object: "Account", fields: Self.fields, maxRecords: 77)
      // JSON and CSV differ in how they write the zone.
      func sorted(_ rows: [[String]]) -> [String] {
        rows.map { ($0.dropLast() + [$0[3].prefix(23).description]).joined(separator: "|") }.sorted()
      }
      #expect(rest.count > 500)
      #expect(sorted(rest) == sorted(bulk))
      #expect(rest.contains { $0[2] == "Professional_vod" })
      #expect(try await client.count("SELECT COUNT() FROM Account", object: "Account") == rest.count)

      let locators = try await client.resultLocators(of: job, object: "Account")
      #expect(locators.count >= 1)
      #expect(try await client.listQueryJobs().contains { $0.id == job && $0.state == .jobComplete })
      try await client.delete(job, object: "Account")
      let error = await #expect(throws: VeevaError.self) {
        try await client.rows(of: job, object: "Account", fields: Self.fields, maxRecords: 77)
      }
      #expect(error?.code == .resultsGone && error?.disposition == .restartExtract)
    }
  }

  @Test("deleted records are found when asked for, by REST and in bulk")
  func deleted() async throws {
    try await RunningOrg.serving { _, client in
      let statement = "SELECT Id, IsDeleted FROM Account"
      let live = try await client.queryPage(statement, object: "Account", fields: ["Id", "IsDeleted"])
      let all = try await client.queryPage(
        statement, object: "Account", fields: ["Id", "IsDeleted"], includeDeleted: true)
      let job = try await client.completeJob(statement, object: "Account", includeDeleted: true)
      let bulk = try await client.rows(of: job, object: "Account", fields: ["Id", "IsDeleted"], maxRecords: 1000)
      #expect(!live.texts.contains { $0[1] == "true" })
      #expect(all.rowCount > live.rowCount && bulk.count == all.rowCount)
      let count = "SELECT COUNT() FROM Account"
      #expect(try await client.count(count, object: "Account") == live.rowCount)
      #expect(try await client.count(count, object: "Account", includeDeleted: true) == all.rowCount)
    }
  }

  @Test("a parent's field fills its column by REST and in bulk, and is empty where there is no parent")
  func parentFields() async throws {
    try await RunningOrg.serving { _, client in
      let object = "Call2_Key_Message_vod__c"
      let fields = ["Id", "Call2_vod__r.CreatedDate", "Call2_vod__c", "Account_vod__r.Name", "call2_vod__r.NAME"]
      let statement = SOQL.select(fields, from: object)
      let rest = try await client.queryPage(statement, object: object, fields: fields).texts
      let job = try await client.completeJob(statement, object: object)
      let bulk = try await client.rows(of: job, object: object, fields: fields, maxRecords: 500)
      // JSON and CSV differ in how they write the zone.
      func comparable(_ rows: [[String]]) -> [[String]] {
        rows.map { [$0[0], String($0[1].prefix(23))] + $0[2...] }.sorted { $0[0] < $1[0] }
      }
      #expect(rest.count > 100 && comparable(rest) == comparable(bulk))
      #expect(rest.contains { !$0[1].isEmpty && !$0[4].isEmpty })
      #expect(rest.allSatisfy { $0[2].isEmpty == $0[1].isEmpty })
      // A grandparent is two objects deep.
      let deep = ["Id", "Call2_vod__r.Account_vod__r.CreatedDate", "Call2_vod__r.CreatedDate"]
      let rows = try await client.queryPage(SOQL.select(deep, from: object), object: object, fields: deep).texts
      #expect(rows.count == rest.count && rows.contains { !$0[1].isEmpty && !$0[2].isEmpty && $0[1] != $0[2] })
    }
  }

  @Test("a job at work can be aborted, and a job that failed says why")
  func ends() async throws {
    try await RunningOrg.serving { org, client in
      try await org.cause(
        SimulatedFault(.slowJob, path: "FROM User", count: 1, milliseconds: 60_000),
        SimulatedFault(.jobFailed, path: "FROM Account", count: 1))
      let slow = try await client.createQueryJob("SELECT Id FROM User", object: "User")
      let error = await #expect(throws: VeevaError.self) {
        try await client.results(of: slow.id, object: "User", fields: ["Id"], locator: nil, maxRecords: 10)
      }
      #expect(error?.code == .jobState)
      try await client.abort(slow.id, object: "User")
      #expect(try await client.jobState(slow.id, object: "User") == .aborted)

      let failing = try await client.createQueryJob("SELECT Id FROM Account", object: "Account")
      var state = failing.state
      let deadline = ContinuousClock.now + .seconds(30)
      while state == .uploadComplete || state == .inProgress {
        try #require(ContinuousClock.now < deadline, "waited for the job to fail")
        state = try await client.jobState(failing.id, object: "Account")
      }
      guard case .failed(let words) = state else {
        Issue.record("\(state)")
        return
      }
      #expect(!words.isEmpty)
    }
  }

  struct Trouble: Sendable, CustomTestStringConvertible {
    let fault: SimulatedFault
    let code: VeevaError.Code
    var testDescription: String { "\(fault.kind) \(fault.status ?? fault.bytes ?? 0)" }
  }

  static let troubles: [Trouble] = [
    .init(fault: .init(.cutBody, path: "/results", bytes: 3000), code: .network),
    .init(fault: .init(.truncatedBody, path: "/results", bytes: 3000), code: .truncated),
    .init(fault: .init(.truncatedGzip, path: "/results", bytes: 2000), code: .network),
    .init(fault: .init(.wrongCount, path: "/results"), code: .truncated),
    .init(fault: .init(.wrongCount, path: "/results", difference: -1), code: .truncated),
    .init(fault: .init(.status, path: "/results", status: 500), code: .server),
    .init(fault: .init(.status, path: "/results", status: 503, html: true), code: .server),
    .init(fault: .init(.expireLocator, path: "/results"), code: .resultsGone),
  ]

  @Test("trouble with a page of results is an error of its kind, and never a shorter copy", arguments: troubles)
  func resultTrouble(trouble: Trouble) async throws {
    try await RunningOrg.serving { org, client in
      let job = try await client.completeJob(Self.statement, object: "Account")
      try await org.cause(trouble.fault)
      let error = await #expect(throws: VeevaError.self) {
        try await client.rows(of: job, object: "Account", fields: Self.fields, maxRecords: 10_000)
      }
      #expect(error?.code == trouble.code, "\(error?.description ?? "")")
      #expect(error?.object == "Account")
      #expect(try await org.fired().allSatisfy { $0 > 0 })
    }
  }

  static let queryTroubles: [Trouble] = [
    .init(fault: .init(.cutBody, path: "/query", bytes: 200), code: .network),
    .init(fault: .init(.truncatedBody, path: "/query", bytes: 200), code: .malformedAnswer),
    .init(fault: .init(.truncatedGzip, path: "/query", bytes: 200), code: .network),
    .init(fault: .init(.status, path: "/query", status: 502, html: true), code: .server),
    .init(fault: .init(.hideField, path: "/query", field: "Account.Name"), code: .invalidField),
    .init(fault: .init(.hideObject, path: "/query", object: "Account"), code: .notFound),
    .init(fault: .init(.expireLocator, path: "/query/"), code: .locatorGone),
    .init(fault: .init(.expireSessions, path: "/query"), code: .session),
  ]

  @Test("trouble with a query is an error of its kind, and never a shorter page", arguments: queryTroubles)
  func queryTrouble(trouble: Trouble) async throws {
    try await RunningOrg.serving {
      $0.restPageRows = 200
    } _: { org, client in
      try await org.cause(trouble.fault)
      let error = await #expect(throws: VeevaError.self) {
        try await client.queryPage(Self.statement, object: "Account", fields: Self.fields)
      }
      #expect(error?.code == trouble.code, "\(error?.description ?? "")")
      #expect(try await org.fired().allSatisfy { $0 > 0 })
    }
  }

  @Test(
    "trouble that passes at once goes unnoticed",
    arguments: [
      SimulatedFault(.expireSessions, path: "/query", count: 1),
      SimulatedFault(.status, path: "/query", count: 2, status: 503, html: true),
      SimulatedFault(.cutBody, path: "/query", count: 1, bytes: 0),
    ])
  func passing(fault: SimulatedFault) async throws {
    try await RunningOrg.serving { org, client in
      try await org.cause(fault)
      #expect(try await client.queryPage(Self.statement, object: "Account", fields: Self.fields).rowCount > 500)
      #expect(try await org.fired().allSatisfy { $0 > 0 })
    }
  }

  @Test("the org's two limits are told apart", arguments: [SimulatedFault.Kind.requestLimit, .concurrentLimit])
  func limits(kind: SimulatedFault.Kind) async throws {
    try await RunningOrg.serving { org, client in
      try await org.cause(SimulatedFault(kind, path: "/limits"))
      await #expect(
        throws: RecordingObserver.Refused(limit: kind == .requestLimit ? .daily : .concurrent)
      ) { try await client.allowances() }
    }
  }

  @Test("a batch ends with the chunk that passes its size", arguments: [64 << 10, 2 << 20])
  func batches(bytes: Int) async throws {
    try await RunningOrg.serving {
      $0.accounts = 60_000
    } _: { org, client in
      let job = try await client.completeJob(Self.statement, object: "Account")
      let sized = VeevaClient(
        loginURL: org.url, apiVersion: "62.0",
        credentials: .clientCredentials(
          clientID: org.credentials.clientID, clientSecret: org.credentials.clientSecret),
        http: org.http, sessions: org.sessions, limits: org.observer, batchBytes: bytes)
      let page = try await sized.results(
        of: job, object: "Account", fields: Self.fields, locator: nil, maxRecords: 1_000_000)
      let batch = try #require(try await page.nextBatch())
      #expect(batch.bytes.count >= bytes && batch.bytes.count < bytes + (512 << 10))
    }
  }

  @Test("a page is fetched no faster than it is consumed, and can be abandoned")
  func backpressure() async throws {
    try await RunningOrg.serving {
      $0.accounts = 60_000
    } _: { org, client in
      let job = try await client.completeJob(Self.statement, object: "Account")
      let page = try await client.results(
        of: job, object: "Account", fields: Self.fields, locator: nil, maxRecords: 1_000_000)
      let batch = try #require(try await page.nextBatch())
      #expect(batch.rowCount > 0 && batch.rowCount < (page.declaredRows ?? 0))
      #expect(batch.bytes.count < 1 << 20)
      // The client works on while the page waits, and after it was dropped.
      #expect(try await client.versions().contains("62.0"))
    }
  }
}

import Foundation
import SyncModel
import Testing

@testable import SyncConfiguration

@Suite("Loading a configuration")
struct LoadingTests {
  private let example = """
    postgres: { url: "postgresql://crmsync@127.0.0.1:5432/crmsync" }     # checkpoints live in schema crmsync
    rabbitmq: { url: "amqp://crmsync:${RABBITMQ_PASSWORD}@127.0.0.1:5672/crmsync" }
    sync: { pause: 5m }
    worker: { slots: 4 }
    operations: { listen: "127.0.0.1:8080" }
    tenants:
      acme:
        veeva:
          loginURL: https://login.salesforce.com
          apiVersion: "62.0"
          auth: { flow: client-credentials, clientID: "app", clientSecret: "${ACME_VEEVA_SECRET}" }
        destination:
          postgres: { url: "postgresql://crmsync@127.0.0.1:5432/marketing", schema: acme }
        objects:
          personAccounts: { recordTypes: [Professional_vod], exclude: [] }
          users: {}
          calls: { months: 6 }
          callKeyMessages: {}
          custom: [Multichannel_Activity_vod__c]
    """

  @Test("the example of the documentation loads")
  func documentedExample() throws {
    let loaded = try Configuration.parse(
      example, environment: ["RABBITMQ_PASSWORD": "p", "ACME_VEEVA_SECRET": "secret"])
    #expect(loaded.rabbitmq.url == "amqp://crmsync@127.0.0.1:5672/crmsync")
    #expect(loaded.rabbitmq.password?.reveal() == "p")
    let acme = try #require(loaded.tenants["acme"])
    #expect(acme.veeva.auth == .clientCredentials(clientID: "app", clientSecret: Secret("secret")))
    #expect(acme.destination.postgres?.schema == "acme")
    #expect(acme.objects.custom.map(\.name) == ["Multichannel_Activity_vod__c"])
  }

  @Test("what the file leaves out has its default")
  func defaults() throws {
    let loaded = try Configuration.parse(Sample.yaml())
    #expect(loaded.sync == Configuration.Sync())
    #expect(loaded.sync.pause == .seconds(300) && loaded.sync.pageRows == 50_000)
    #expect(loaded.sync.overlap == .seconds(900) && loaded.sync.lag == .seconds(10))
    #expect(loaded.worker.slots == 4 && loaded.worker.batchBytes == 1 << 20)
    #expect(loaded.operations.listen == ListenAddress(host: "127.0.0.1", port: 8080))
    #expect(loaded.log.level == .info && loaded.log.format == .auto)
    let acme = try #require(loaded.tenants["acme"])
    #expect(acme.veeva.apiVersion == "62.0" && acme.veeva.apiShare == 0.8)
    #expect(acme.objects == TenantConfiguration.Objects())
    #expect(acme.selections.map(\.object) == SourceObject.standard)
    #expect(acme.selections.allSatisfy { $0.triggers == nil })
    #expect(acme.events.isEnabled && !acme.events.includesInitial)
  }

  @Test("Marketo's mirror is beside the checkpoints unless it has a place of its own")
  func mirrors() throws {
    func destination(_ tenant: String, _ more: String = "") throws -> TenantConfiguration.Destination? {
      let yaml = Sample.yaml(destination: Sample.marketo(more: more)).replacing("  acme:", with: "  \(tenant):")
      return try Configuration.parse(yaml).tenants[tenant]?.destination
    }
    for (tenant, schema) in [
      ("acme", "acme_mirror"), ("a-b", "a_b_mirror"), ("7", "t_7_mirror"), ("pg", "t_pg_mirror"),
    ] {
      let tables = try #require(try destination(tenant)?.tables)
      #expect(tables.schema == schema && tables.url == "postgresql://crmsync@127.0.0.1:5432/crmsync")
    }
    let own = try destination("acme", "mirror: { url: 'postgresql://u:p@db/m', schema: x }, apiShare: 0.5")
    #expect(own?.tables?.schema == "x" && own?.tables?.url == "postgresql://u@db/m")
    #expect(own?.tables?.password?.reveal() == "p" && own?.marketo?.apiShare == 0.5)
    let marketo = try #require(own?.marketo)
    #expect(marketo.baseURL == "https://acme.mktorest.com" && marketo.instance == "acme.mktorest.com")
    #expect(marketo.identityURL == "https://acme.mktorest.com/identity")
    #expect(marketo.clientSecret?.reveal() == "m")
  }

  @Test("every section's values are read")
  func values() throws {
    let top = """
      sync: { pause: 0s, overlap: 1m, lag: 0s, pageRows: 1000, partitionRows: 2_000, restBelowRows: 7, queueDepth: 3, maxFailures: 2,
        lease: 2s, jobTime: 1m, backoff: { first: 5ms, longest: 2h } }
      worker: { slots: 64, batchBytes: 64KiB, shutdown: 5s }
      coordinator: { term: 3s }
      operations: { listen: "[::1]:0", token: t }
      log: { level: debug, format: json }
      """
    let loaded = try Configuration.parse(Sample.yaml(top: top))
    #expect(loaded.sync.pause == .zero && loaded.sync.restBelowRows == 7 && loaded.sync.partitionRows == 2000)
    #expect(loaded.sync.overlap == .seconds(60) && loaded.sync.lag == .zero)
    #expect(loaded.sync.backoff.first == .milliseconds(5) && loaded.sync.backoff.longest == .seconds(7200))
    #expect(loaded.sync.queueDepth == 3 && loaded.sync.maxFailures == 2 && loaded.sync.lease == .seconds(2))
    #expect(loaded.sync.jobTime == .seconds(60) && loaded.coordinator.term == .seconds(3))
    #expect(loaded.worker.batchBytes == 65_536 && loaded.worker.slots == 64 && loaded.worker.shutdown == .seconds(5))
    #expect(loaded.operations.listen == ListenAddress(host: "::1", port: 0))
    #expect(loaded.operations.token?.reveal() == "t")
    #expect(loaded.log.level == .debug && loaded.log.format == .json)
  }

  @Test("objects lists exactly what is copied")
  func exactObjects() throws {
    let loaded = try Configuration.parse(
      Sample.withObjects("{ calls: { months: 3 }, callKeyMessages: , custom: [A__c, { name: B__c, exclude: [X__c] }] }")
    )
    let acme = try #require(loaded.tenants["acme"])
    #expect(
      acme.selections == [
        ObjectSelection(.calls, months: 3), ObjectSelection(.callKeyMessages, months: 3),
        ObjectSelection(.custom("A__c")), ObjectSelection(.custom("B__c"), exclude: ["X__c"]),
      ])
  }

  @Test("every kind of object takes triggers, and an empty list is not a missing one")
  func triggers() throws {
    let loaded = try Configuration.parse(
      Sample.withObjects(
        """
        { personAccounts: { triggers: [PersonEmail, Specialty_1_vod__c] }, users: { triggers: [] },
          calls: { triggers: [Status_vod__c] }, callKeyMessages: { triggers: [Reaction_vod__c] },
          custom: [{ name: A__c, triggers: [B__c] }, C__c] }
        """))
    #expect(
      loaded.tenants["acme"]?.selections.map(\.triggers) == [
        ["PersonEmail", "Specialty_1_vod__c"], [], ["Status_vod__c"], ["Reaction_vod__c"], ["B__c"], nil,
      ])
  }

  @Test("write-back is off unless it is asked for")
  func writeBack() throws {
    func selections(_ text: String) throws -> [ObjectSelection]? {
      try Configuration.parse(Sample.withObjects(text)).tenants["acme"]?.selections
    }
    #expect(try selections("{ personAccounts: { writeBack: true } }")?.map(\.writesBack) == [true])
    #expect(try selections("{ personAccounts: {}, users: {} }")?.map(\.writesBack) == [false, false])
  }

  @Test("a tenant's events can be switched off, and on for the first copy")
  func events() throws {
    func events(_ text: String) throws -> TenantConfiguration.Events? {
      try Configuration.parse(Sample.yaml(tenant: "    events: \(text)")).tenants["acme"]?.events
    }
    #expect(try events("{ enabled: false }") == .init(isEnabled: false, includesInitial: false))
    #expect(try events("{ initial: true }") == .init(isEnabled: true, includesInitial: true))
    #expect(try events("") == .init())
  }

  @Test("all four ways to log in are read")
  func flows() throws {
    func auth(_ text: String) throws -> TenantConfiguration.Veeva.Auth? {
      try Configuration.parse(Sample.withAuth(text)).tenants["acme"]?.veeva.auth
    }
    let key = "-----BEGIN PRIVATE KEY-----\\nabc\\n-----END PRIVATE KEY-----"
    #expect(
      try auth("{ flow: jwt-bearer, clientID: i, username: u, privateKey: \"\(key)\" }")
        == .jwtBearer(
          clientID: "i", username: "u", privateKey: Secret(key.replacingOccurrences(of: "\\n", with: "\n")),
          audience: "https://login.salesforce.com"))
    #expect(
      try auth("{ flow: refresh-token, clientID: i, refreshToken: r }")
        == .refreshToken(clientID: "i", clientSecret: nil, refreshToken: Secret("r")))
    #expect(
      try auth("{ flow: password, clientID: i, clientSecret: s, username: u, password: p, securityToken: t }")
        == .password(
          clientID: "i", clientSecret: Secret("s"), username: "u", password: Secret("p"), securityToken: Secret("t")))
  }

  @Test("a sandbox's assertion is for the sandboxes' login host")
  func sandboxAudience() throws {
    let key = "-----BEGIN RSA PRIVATE KEY-----"
    for (host, audience) in [
      ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
      ("https://test.salesforce.com/", "https://test.salesforce.com"),
      ("http://127.0.0.1:8089", "http://127.0.0.1:8089"),
    ] {
      let yaml = Sample.yaml(
        veeva: """
              veeva:
                loginURL: \(host)
                auth: { flow: jwt-bearer, clientID: i, username: u, privateKey: "\(key)" }
          """)
      guard case .jwtBearer(_, _, _, let read)? = try Configuration.parse(yaml).tenants["acme"]?.veeva.auth else {
        Issue.record("not a jwt-bearer login")
        continue
      }
      #expect(read == audience)
    }
  }

  @Test("the file is named by the flag, else by the environment, else crmsync.yaml")
  func path() {
    #expect(Configuration.path(flag: "a", environment: ["CRMSYNC_CONFIG": "b"]) == "a")
    #expect(Configuration.path(flag: nil, environment: ["CRMSYNC_CONFIG": "b"]) == "b")
    #expect(Configuration.path(flag: nil, environment: ["CRMSYNC_CONFIG": ""]) == "crmsync.yaml")
    #expect(Configuration.path(flag: nil, environment: [:]) == "crmsync.yaml")
  }

  @Test("secret files and relative names start in the configuration's folder; the line end does not count")
  func secretFiles() throws {
    let folder = try TemporaryFolder()
    try folder.write("secret", "s3cret\n")
    try folder.write("ca.pem", "certificate")
    let yaml = Sample.yaml(
      veeva: """
            veeva:
              loginURL: https://acme.my.salesforce.com
              caFile: ca.pem
              auth: { flow: client-credentials, clientID: i, clientSecretFile: "${WHERE:-secret}" }
        """)
    try folder.write("c.yaml", yaml)
    let veeva = try Configuration.load(path: folder.path + "/c.yaml", environment: [:]).tenants["acme"]?.veeva
    #expect(veeva?.auth == .clientCredentials(clientID: "i", clientSecret: Secret("s3cret")))
    #expect(veeva?.caFile == folder.path + "/ca.pem")
  }

  @Test("aliases work as long as they stay small")
  func aliases() throws {
    let top = "worker: &w { slots: 2 }"
    #expect(try Configuration.parse(Sample.yaml(top: top)).worker.slots == 2)
    let two = """
      \(Sample.servers)
      tenants:
        a:
          veeva: { loginURL: &u "https://login.salesforce.com", auth: &a { flow: refresh-token, clientID: i, refreshToken: r } }
          destination: { postgres: { url: "postgresql://h/d", schema: a } }
        b:
          veeva: { loginURL: *u, auth: *a }
          destination: { postgres: { url: "postgresql://h/d", schema: b } }
      """
    let loaded = try Configuration.parse(two)
    #expect(loaded.tenants["a"]?.veeva == loaded.tenants["b"]?.veeva)
  }
}

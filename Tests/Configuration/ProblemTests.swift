import Foundation
import Testing

@testable import SyncConfiguration

/// A text with one mistake, and what is to be said about it.
struct Mistake: CustomTestStringConvertible {
  let name: String
  let yaml: String
  let kind: ConfigurationError.Kind
  let path: String
  let says: String

  init(_ name: String, _ yaml: String, _ kind: ConfigurationError.Kind, _ path: String, _ says: String) {
    (self.name, self.yaml, self.kind, self.path, self.says) = (name, yaml, kind, path, says)
  }

  var testDescription: String { name }

  static let values = [
    Mistake("mistyped key", Sample.yaml(top: "sync: { puase: 5m }"), .unknownKey, "sync.puase", "mean pause"),
    Mistake(
      "key from elsewhere", Sample.yaml(top: "worker: { partitionRows: 5 }"), .unknownKey, "worker.partitionRows",
      "sync.partitionRows"),
    Mistake("unknown section", Sample.yaml(top: "wroker: {}"), .unknownKey, "wroker", "worker"),
    Mistake("merge key", Sample.yaml(top: "worker: { <<: { slots: 1 } }"), .unknownKey, "worker.<<", "slots"),
    Mistake("word for number", Sample.yaml(top: "worker: { slots: many }"), .wrongType, "worker.slots", "digits"),
    Mistake("list for number", Sample.yaml(top: "worker: { slots: [4] }"), .wrongType, "worker.slots", "a list"),
    Mistake("value for mapping", Sample.yaml(top: "worker: 4"), .wrongType, "worker", "mapping"),
    Mistake("number too large", Sample.yaml(top: "worker: { slots: 65 }"), .outOfRange, "worker.slots", "1 to 64"),
    Mistake(
      "number without end", Sample.yaml(top: "worker: { slots: \(String(repeating: "9", count: 99)) }"),
      .wrongType, "worker.slots", "digits"),
    Mistake("negative", Sample.yaml(top: "worker: { slots: -1 }"), .wrongType, "worker.slots", "digits"),
    Mistake("nothing", Sample.yaml(top: "worker: { slots: }"), .missing, "worker.slots", "remove the key"),
    Mistake("no unit", Sample.yaml(top: "sync: { pause: 5 }"), .wrongType, "sync.pause", "ms, s, m, h, d"),
    Mistake("too long", Sample.yaml(top: "sync: { pause: 25h }"), .outOfRange, "sync.pause", "0s to 1d"),
    Mistake("too short", Sample.yaml(top: "sync: { overlap: 59s }"), .outOfRange, "sync.overlap", "1m to 1d"),
    Mistake("lag too long", Sample.yaml(top: "sync: { lag: 11m }"), .outOfRange, "sync.lag", "0s to 10m"),
    Mistake(
      "mistyped overlap", Sample.yaml(top: "sync: { overlpa: 20m }"), .unknownKey, "sync.overlpa", "mean overlap"),
    Mistake("past the broker's limit", Sample.yaml(top: "sync: { jobTime: 30m }"), .outOfRange, "sync.jobTime", "20m"),
    Mistake("wrong byte unit", Sample.yaml(top: "worker: { batchBytes: 1MB }"), .wrongType, "worker.batchBytes", "MiB"),
    Mistake("unknown level", Sample.yaml(top: "log: { level: warn }"), .invalid, "log.level", "warning"),
    Mistake("no port", Sample.yaml(top: "operations: { listen: localhost }"), .invalid, "operations.listen", "port"),
    Mistake(
      "port too large", Sample.yaml(top: "operations: { listen: 'h:65536' }"), .invalid, "operations.listen",
      "65535"),
    Mistake(
      "backoff upside down", Sample.yaml(top: "sync: { backoff: { first: 2s, longest: 1s } }"), .conflict,
      "sync.backoff.first", "longer"),
    Mistake("same key twice", Sample.yaml(top: "worker: { slots: 1, slots: 2 }"), .duplicateKey, "", "slots"),
    Mistake("no YAML", Sample.yaml(top: "worker: { slots: 1"), .syntax, "", "YAML"),
    Mistake("two documents", Sample.yaml() + "---\n{}\n", .syntax, "", "document"),
    Mistake("mapping as key", Sample.yaml(top: "worker: { ? { a: 1 } : 2 }"), .wrongType, "worker", "key"),
  ]

  static let servers = [
    Mistake(
      "no url", Sample.yaml(servers: "postgres: {}\nrabbitmq: { url: 'amqp://h' }"), .missing, "postgres.url",
      "missing"),
    Mistake("no section", Sample.yaml(servers: "rabbitmq: { url: 'amqp://h' }"), .missing, "postgres.url", "missing"),
    Mistake(
      "other scheme", Sample.yaml(servers: "postgres: { url: 'mysql://h/d' }\nrabbitmq: { url: 'amqp://h' }"),
      .invalid, "postgres.url", "postgresql://"),
    Mistake(
      "no host", Sample.yaml(servers: "postgres: { url: 'postgresql:///d' }\nrabbitmq: { url: 'amqp:///v' }"),
      .invalid, "rabbitmq.url", "no host"),
    Mistake(
      "no URL", Sample.yaml(servers: "postgres: { url: 'host=db' }\nrabbitmq: { url: 'amqp://h' }"), .invalid,
      "postgres.url", "not a URL"),
    Mistake(
      "password twice",
      Sample.yaml(servers: "postgres: { url: 'postgresql://u:a@h/d', password: b }\nrabbitmq: { url: 'amqp://h' }"),
      .conflict, "postgres.url", "another key"),
    Mistake(
      "secret and file",
      Sample.yaml(
        servers: "postgres: { url: 'postgresql://h/d', password: b, passwordFile: c }\nrabbitmq: { url: 'amqp://h' }"),
      .conflict, "postgres.passwordFile", "keep one"),
    Mistake(
      "secret file missing",
      Sample.yaml(servers: "postgres: { url: 'postgresql://h/d', passwordFile: c }\nrabbitmq: { url: 'amqp://h' }"),
      .unreadable, "postgres.passwordFile", "no such file"),
    Mistake(
      "empty secret",
      Sample.yaml(servers: "postgres: { url: 'postgresql://h/d', password: '' }\nrabbitmq: { url: 'amqp://h' }"),
      .invalid, "postgres.password", "empty"),
    Mistake(
      "missing variable", Sample.yaml(top: "worker: { slots: '${NOT_THERE}' }"), .variable, "worker.slots",
      "no variable NOT_THERE"),
    Mistake(
      "open variable", Sample.yaml(top: "worker: { slots: '${NOT_THERE' }"), .variable, "worker.slots", "closing"),
    Mistake("odd variable", Sample.yaml(top: "worker: { slots: '${a b}' }"), .variable, "worker.slots", "${NAME}"),
  ]

  static let tenants = [
    Mistake("no tenant", Sample.servers, .missing, "tenants", "at least one"),
    Mistake(
      "tenant's name", Sample.yaml().replacingOccurrences(of: "  acme:", with: "  Acme Inc:"), .invalid,
      "tenants.Acme Inc", "lower-case"),
    Mistake(
      "old API", Sample.yaml().replacingOccurrences(of: "      auth:", with: "      apiVersion: 57.0\n      auth:"),
      .outOfRange, "tenants.acme.veeva.apiVersion", "58.0"),
    Mistake(
      "half a version",
      Sample.yaml().replacingOccurrences(of: "      auth:", with: "      apiVersion: v62\n      auth:"), .invalid,
      "tenants.acme.veeva.apiVersion", "62.0"),
    Mistake(
      "share of nothing",
      Sample.yaml().replacingOccurrences(of: "      auth:", with: "      apiShare: 0\n      auth:"), .outOfRange,
      "tenants.acme.veeva.apiShare", "0.01"),
    Mistake(
      "plain HTTP", Sample.yaml().replacingOccurrences(of: "https://acme", with: "http://acme"), .invalid,
      "tenants.acme.veeva.loginURL", "unencrypted"),
    Mistake(
      "not quite this machine",
      Sample.yaml().replacingOccurrences(of: "https://acme.my.salesforce.com", with: "http://127.0.0.1.example.com"),
      .invalid, "tenants.acme.veeva.loginURL", "unencrypted"),
    Mistake(
      "login path", Sample.yaml().replacingOccurrences(of: "force.com", with: "force.com/services"), .invalid,
      "tenants.acme.veeva.loginURL", "more than a host"),
    Mistake(
      "mistyped flow", Sample.withAuth("{ flow: jwt-baerer, clientID: i }"), .invalid,
      "tenants.acme.veeva.auth.flow", "mean jwt-bearer"),
    Mistake("no flow", Sample.withAuth("{ clientID: i }"), .missing, "tenants.acme.veeva.auth.flow", "refresh-token"),
    Mistake(
      "no secret", Sample.withAuth("{ flow: client-credentials, clientID: i }"), .missing,
      "tenants.acme.veeva.auth.clientSecret", "clientSecretFile"),
    Mistake(
      "another flow's key", Sample.withAuth("{ flow: refresh-token, clientID: i, refreshToken: r, username: u }"),
      .conflict, "tenants.acme.veeva.auth.username", "no use"),
    Mistake(
      "no key", Sample.withAuth("{ flow: jwt-bearer, clientID: i, username: u, privateKey: abc }"), .invalid,
      "tenants.acme.veeva.auth.privateKey", "PEM"),
    Mistake(
      "mistyped flag", Sample.yaml(tenant: "    events: { initial: ture }"), .wrongType, "tenants.acme.events.initial",
      "mean true"),
    Mistake(
      "no flag", Sample.yaml(tenant: "    events: { enabled: yes }"), .wrongType, "tenants.acme.events.enabled",
      "true or false"),
    Mistake(
      "nothing to publish", Sample.yaml(tenant: "    events: { enabled: false, initial: true }"), .conflict,
      "tenants.acme.events.initial", "enabled: true"),
    Mistake(
      "events of all tenants", Sample.yaml(top: "events: { enabled: false }"), .unknownKey, "events",
      "tenants.NAME.events"),
    Mistake("no destination", Sample.yaml(destination: ""), .missing, "tenants.acme.destination", "postgres"),
    Mistake(
      "other destination", Sample.yaml(destination: "    destination: { mysql: {} }"), .unknownKey,
      "tenants.acme.destination.mysql", "supported is: postgres, marketo"),
    Mistake(
      "two destinations",
      Sample.yaml(destination: Sample.marketo() + "\n      postgres: { url: 'postgresql://h/d', schema: a }"),
      .conflict, "tenants.acme.destination.marketo", "keep postgres or marketo"),
    Mistake(
      "no secret", Sample.yaml(destination: Sample.marketo().replacing(", clientSecret: m", with: "")), .missing,
      "tenants.acme.destination.marketo.clientSecret", "clientSecretFile"),
    Mistake(
      "unencrypted", Sample.yaml(destination: Sample.marketo("http://acme.mktorest.com")), .invalid,
      "tenants.acme.destination.marketo.baseURL", "https://"),
    Mistake(
      "a page", Sample.yaml(destination: Sample.marketo("https://acme.mktorest.com/rest/v1")), .invalid,
      "tenants.acme.destination.marketo.baseURL", "/rest may follow"),
    Mistake(
      "mistyped", Sample.yaml(destination: Sample.marketo(more: "concurency: 3")), .unknownKey,
      "tenants.acme.destination.marketo.concurency", "mean concurrency"),
    Mistake(
      "all of the window", Sample.yaml(destination: Sample.marketo(more: "callsPerWindow: 101")), .outOfRange,
      "tenants.acme.destination.marketo.callsPerWindow", "1 to 100"),
    Mistake(
      "mirror in the checkpoints",
      Sample.yaml(
        destination: Sample.marketo(more: "mirror: { url: 'postgresql://localhost/crmsync', schema: crmsync }")),
      .conflict, "tenants.acme.destination.marketo.mirror", "checkpoints"),
    Mistake(
      "schema of the checkpoints",
      Sample.yaml(
        destination: "    destination: { postgres: { url: 'postgresql://localhost/crmsync', schema: crmsync } }"),
      .conflict, "tenants.acme.destination.postgres.schema", "checkpoints"),
    Mistake(
      "upper-case schema",
      Sample.yaml(destination: "    destination: { postgres: { url: 'postgresql://h/d', schema: Acme } }"), .invalid,
      "tenants.acme.destination.postgres.schema", "lower-case"),
  ]

  static let objects = [
    Mistake("nothing listed", Sample.withObjects("{}"), .missing, "tenants.acme.objects", "nothing would be copied"),
    Mistake("leads", Sample.withObjects("{ leads: {} }"), .unsupported, "tenants.acme.objects.leads", "not synced"),
    Mistake("no object", Sample.withObjects("{ cals: {} }"), .unknownKey, "tenants.acme.objects.cals", "calls"),
    Mistake(
      "no record type", Sample.withObjects("{ personAccounts: { recordTypes: [] } }"), .invalid,
      "tenants.acme.objects.personAccounts.recordTypes", "at least one"),
    Mistake(
      "record type's label", Sample.withObjects("{ personAccounts: { recordTypes: [A doctor] } }"), .invalid,
      "tenants.acme.objects.personAccounts.recordTypes[0]", "developer name"),
    Mistake(
      "no list", Sample.withObjects("{ users: { exclude: Email } }"), .wrongType,
      "tenants.acme.objects.users.exclude", "list"),
    Mistake(
      "excluded and included", Sample.withObjects("{ users: { exclude: [Fax], include: [fax] } }"), .conflict,
      "tenants.acme.objects.users.include", "excluded, too"),
    Mistake(
      "excluded trigger", Sample.withObjects("{ custom: [{ name: A__c, exclude: [B__c], triggers: [b__C] }] }"),
      .conflict, "tenants.acme.objects.custom[0].triggers", "excluded, too"),
    Mistake(
      "mistyped triggers", Sample.withObjects("{ calls: { trigers: [Status_vod__c] } }"), .unknownKey,
      "tenants.acme.objects.calls.trigers", "mean triggers"),
    Mistake(
      "a trigger's label", Sample.withObjects("{ calls: { triggers: [Call status] } }"), .invalid,
      "tenants.acme.objects.calls.triggers[0]", "crmsync schema"),
    Mistake(
      "no custom object", Sample.withObjects("{ custom: [Product_vod] }"), .invalid,
      "tenants.acme.objects.custom[0]", "__c"),
    Mistake(
      "named twice", Sample.withObjects("{ custom: [A__c, { name: a__c }] }"), .conflict,
      "tenants.acme.objects.custom[1]", "twice"),
    Mistake(
      "no name", Sample.withObjects("{ custom: [{ exclude: [] }] }"), .missing,
      "tenants.acme.objects.custom[0].name", "missing"),
  ]
}

@Suite("What is wrong with a configuration")
struct ProblemTests {
  @Test("a mistake is told with its place, its line and a remedy", arguments: Mistake.values + Mistake.servers)
  func place(of mistake: Mistake) { expectOnly(mistake) }

  @Test("a tenant's mistake is told with its place", arguments: Mistake.tenants + Mistake.objects)
  func placeInTenant(of mistake: Mistake) { expectOnly(mistake) }

  private func expectOnly(_ mistake: Mistake) {
    let found = problems(in: mistake.yaml)
    #expect(found.count == 1, "\(found)")
    guard let problem = found.first else { return }
    #expect(problem.kind == mistake.kind && problem.path == mistake.path, "\(problem)")
    #expect("\(problem)".contains(mistake.says), "\(problem)")
    #expect(problem.line != nil || mistake.path == "tenants" || mistake.name == "no section", "\(problem)")
    #expect(!problem.what.isEmpty && !problem.remedy.isEmpty)
  }

  @Test("every kind of problem is tested")
  func kinds() {
    let tested = Set((Mistake.values + Mistake.servers + Mistake.tenants + Mistake.objects).map(\.kind))
    #expect(tested == Set(ConfigurationError.Kind.allCases))
  }

  @Test(
    "objects that are not synced are named clearly",
    arguments: [
      "Lead", "Contact", "Opportunity", "Campaign", "Task", "Event", "Activity", "Account", "User", "Call2_vod__c",
      "Call2_Key_Message_vod__c",
    ])
  func unsupported(name: String) {
    let found = problems(in: Sample.withObjects("{ custom: [\(name), { name: \(name) }] }"))
    #expect(found.map(\.kind) == [.unsupported, .unsupported])
    #expect(
      found.allSatisfy { $0.what.contains(name) && $0.remedy.contains("synced") || $0.remedy.contains("stay in") })
  }

  @Test("all problems are told at once, each with its line")
  func allAtOnce() {
    let yaml = """
      postgres: { url: "postgresql://h/d" }
      sync:
        pause: soon
        pagerows: 5
      worker: { slots: 0 }
      tenants:
        acme:
          veeva:
            loginURL: ftp://h
            auth:
              flow: magic
              clientID: i
          destination: { postgres: { url: "postgresql://h/d" } }
      """
    let found = problems(in: yaml)
    let places = Set(found.map { "\($0.path):\($0.line ?? 0)" })
    #expect(
      places == [
        "rabbitmq.url:1", "sync.pause:3", "sync.pagerows:4", "worker.slots:5", "tenants.acme.veeva.loginURL:9",
        "tenants.acme.veeva.auth.flow:11", "tenants.acme.destination.postgres.schema:13",
      ])
  }

  @Test("two tenants never share a schema, however the database is written")
  func sharedSchema() {
    func tenant(_ name: String, _ url: String) -> String {
      """
        \(name):
          veeva: { loginURL: "https://login.salesforce.com", auth: { flow: refresh-token, clientID: i, refreshToken: r } }
          destination: { postgres: { url: "\(url)", schema: shared } }
      """
    }
    func found(_ one: String, _ other: String) -> [ConfigurationError.Problem] {
      problems(in: [Sample.servers, "tenants:", tenant("a", one), tenant("b", other)].joined(separator: "\n"))
    }
    for other in ["postgresql://u:p@db:5432/m", "postgres://DB/m", "postgresql://db:5432/?dbname=m"] {
      let problems = found("postgresql://v@db/m", other)
      #expect(problems.map(\.path) == ["tenants.b.destination.postgres.schema"], "\(other)")
      #expect(problems.first?.kind == .conflict && problems.first?.line == 7)
    }
    #expect(found("postgresql://db/m", "postgresql://db/other").isEmpty)
    #expect(found("postgresql://db/m", "postgresql://db:5433/m").isEmpty)
  }

  @Test("tenants never share an instance of Marketo or a mirror")
  func sharedInstance() {
    func tenant(_ name: String, _ url: String, _ more: String = "") -> String {
      """
        \(name):
          veeva: { loginURL: "https://login.salesforce.com", auth: { flow: refresh-token, clientID: i, refreshToken: r } }
      \(Sample.marketo(url, more: more))
      """
    }
    func found(_ tenants: String...) -> [String] {
      problems(in: ([Sample.servers, "tenants:"] + tenants).joined(separator: "\n")).map(\.path)
    }
    #expect(
      found(tenant("a", "https://ONE.mktorest.com/rest"), tenant("b", "https://one.mktorest.com"))
        == ["tenants.b.destination.marketo.baseURL"])
    #expect(found(tenant("a", "https://one.mktorest.com"), tenant("b", "https://two.mktorest.com")).isEmpty)
    #expect(
      found(tenant("a-b", "https://one.mktorest.com"), tenant("a_b", "https://two.mktorest.com"))
        == ["tenants.a_b.destination.marketo.mirror"])
  }

  @Test("an org is connected to one tenant only")
  func sharedOrg() {
    let other = Sample.yaml().components(separatedBy: "tenants:\n")[1]
      .replacingOccurrences(of: "  acme:", with: "  other:").replacingOccurrences(of: "schema: acme", with: "schema: b")
    let found = problems(in: Sample.yaml() + other)
    #expect(found.map(\.path) == ["tenants.other.veeva.loginURL"])
  }

  @Test("more problems than anybody reads are counted")
  func many() {
    let keys = (0..<150).map { "key\($0): 1" }.joined(separator: "\n")
    let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(Sample.yaml(top: keys)) }
    #expect(error?.problems.count == 100 && error?.unlisted == 50)
    #expect(error?.description.contains("150 problems") == true)
    #expect(error?.description.contains("and 50 more") == true)
  }

  @Test("a file that cannot be read is a problem of its own")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    try folder.write("long.yaml", String(repeating: "#", count: (1 << 20) + 1))
    for (name, says) in [
      ("none.yaml", "no such file"), ("long.yaml", "1MiB"), ("", "regular file"), ("long.yaml/x", "directory"),
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try Configuration.load(path: folder.path + "/" + name, environment: [:])
      }
      #expect(error?.problems.map(\.kind) == [.unreadable])
      #expect(error?.description.contains(says) == true, "\(name): \(error?.description ?? "")")
    }
  }

  @Test("a pipe or a device in the place of a file does not hang the start")
  func pipe() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    for path in [folder.path + "/pipe", "/dev/zero"] {
      let error = #expect(throws: ConfigurationError.self) {
        try Configuration.load(path: path, environment: [:])
      }
      #expect(error?.description.contains("not a regular file") == true)
    }
  }
}

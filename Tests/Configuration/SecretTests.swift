import Foundation
import Testing

@testable import SyncConfiguration

@Suite("Secrets")
struct SecretTests {
  @Test("a secret is never printed, dumped or interpolated")
  func masked() {
    let secret = Secret("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    dump([secret], to: &dumped)
    dump(TenantConfiguration.Veeva.Auth.clientCredentials(clientID: "i", clientSecret: secret), to: &dumped)
    let printed = "\(secret) \(String(reflecting: secret)) \([secret]) \(String(describing: Optional(secret)))"
    #expect(!(dumped + printed).contains("hunter2"))
    #expect(secret.reveal() == "hunter2")
  }

  @Test("the printed configuration holds no secret")
  func described() throws {
    let yaml = Sample.yaml(
      servers: """
        postgres: { url: "postgresql://u:hunter2@h/d?sslmode=require&password=unused" }
        rabbitmq: { url: "amqp://u@h", password: "${PW}" }
        """.replacingOccurrences(of: "&password=unused", with: ""), top: "operations: { token: hunter4 }")
    let loaded = try Configuration.parse(yaml, environment: ["PW": "hunter3"])
    #expect(loaded.postgres.url == "postgresql://u@h/d?sslmode=require")
    #expect(loaded.postgres.password?.reveal() == "hunter2")
    #expect(loaded.rabbitmq.password?.reveal() == "hunter3")
    let printed = loaded.describe() + "\(loaded)" + String(reflecting: loaded)
    for secret in ["hunter2", "hunter3", "hunter4", "s3cret-of-acme"] { #expect(!printed.contains(secret)) }
  }

  @Test("a password in the URL and a password beside it are the same thing")
  func passwordInURL() throws {
    let rabbitmq = "rabbitmq: { url: 'amqp://u:p%40w@h' }"
    let inURL = try Configuration.parse(
      Sample.yaml(servers: "postgres: { url: 'postgresql://u:p%40w@h/d' }\n" + rabbitmq))
    let beside = try Configuration.parse(
      Sample.yaml(servers: "postgres: { url: 'postgresql://u@h/d', password: p@w }\n" + rabbitmq))
    #expect(inURL == beside)
  }

  @Test(
    "no problem shows a secret",
    arguments: [
      "postgres: { url: 'postgresql://u:hunter2@h:port/d' }", "postgres: { url: 'mysql://u:hunter2@h/d' }",
      "postgres: { url: 'u:hunter2@h/d' }", "postgres: { url: 'postgresql://u:hunter2/x#@y@h/d' }",
      "postgres: { url: 'postgresql://u:x@hunter2@h/d' }", "postgres: { url: 'postgres//h/d?password=hunter2' }",
      "postgres: { url: 'postgresql://h/d', passwordFile: hunter2 }",
      "postgres: { url: 'postgresql://h/d', password: [hunter2] }",
      "postgres: { url: 'postgresql://h/d', password: { hunter: hunter2 } }",
      "postgres: { url: 'postgresql://h/d', password: 'hunter2${' }",
      "postgres: { url: 'postgresql://h/d', password: '${hunter2 }' }",
      "postgres: { url: 'postgresql://h/d', password: hunter2, passwordFile: hunter2 }",
      "postgres: { url: 'postgresql://h:${SECRET}/d' }", "worker: { slots: '${SECRET}' }",
      "postgres: { url: 'postgresql://h/d', pasword: hunter2 }", "postgres: { url: \"hunter2",
      "postgres: [hunter2]", "postgres: { password: hunter2, password: hunter2 }", "postgres: { password: *hunter }",
    ])
  func problem(servers: String) {
    let yaml = Sample.yaml(servers: servers).replacingOccurrences(of: "*hunter", with: "hunter2 : hunter2")
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.parse(yaml, environment: ["SECRET": "hunter2"])
    }
    #expect(error?.description.contains("hunter2") == false, "\(error?.description ?? "")")
  }

  @Test("a file name given by mistake as the secret, a folder or an empty file is a problem without its content")
  func files() throws {
    let folder = try TemporaryFolder()
    try folder.write("empty", "\n")
    try folder.write("latin", "caf\u{E9}")
    try Data([0x63, 0xE9]).write(to: URL(fileURLWithPath: folder.path + "/latin"))
    for (name, says) in [("empty", "empty"), (".", "regular file"), ("latin", "UTF-8"), ("", "regular file")] {
      let servers = "postgres: { url: 'postgresql://h/d', passwordFile: '\(name)' }\nrabbitmq: { url: 'amqp://h' }"
      let found = problems(in: Sample.yaml(servers: servers), folder: folder.path)
      #expect(found.map(\.kind) == [.unreadable])
      #expect(found.first?.what.contains(says) == true, "\(found)")
    }
  }
}

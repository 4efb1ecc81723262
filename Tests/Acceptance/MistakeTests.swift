import Foundation
import PostgreSQL
import Testing

/// What people get wrong first: each gives a clear message and the right exit code.
@Suite("Mistakes", .serialized, .timeLimit(.minutes(5)))
struct MistakeTests {
  /// What is changed in a good configuration, what the message must name, and the exit code.
  static let mistakes: [(String, String, String, Int32)] = [
    ("personAccounts", "personAccount", "personAccounts", 2),
    ("client-credentials", "client-credential", "client-credentials", 2),
    ("clientSecret: crmsync-secret", "clientSecret: wrong", "veeva.auth", 3),
    ("clientSecret: crmsync-secret", "clientSecret: \"${NO_SUCH_VARIABLE}\"", "NO_SUCH_VARIABLE", 2),
    ("loginURL: http://127.0.0.1:", "loginURL: http://127.0.0.1:9 # ", "127.0.0.1", 3),
    ("amqp://crmsync:", "amqp://nobody:", "RabbitMQ", 3),
    ("@127.0.0.1:", "@127.0.0.9:", "PostgreSQL", 3),
    ("postgresql://postgres:", "postgresql://postgres:wrong", "password", 3),
    ("users: {}", "users: {}, custom: [Lead]", "Lead", 2),
    ("users: {}", "users: {}, custom: [Unlinked_Thing__c]", "not linked to Account or Contact", 1),
    ("users: {}", "users: {}, custom: [No_Such_Thing__c]", "No_Such_Thing__c", 1),
  ]

  @Test("is named, with its remedy, and has its exit code", arguments: mistakes)
  func mistake(good: String, bad: String, named: String, code: Int32) async throws {
    let cluster = try await TestCluster(records: 1000)
    let text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    #expect(text.contains(good))
    try text.replacing(good, with: bad).write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
    let (status, message) = try await cluster.run("check")
    #expect(status == code, "\(message)")
    #expect(message.contains(named), "\(message)")
    #expect(!message.contains("crmsync-secret"))
  }

  @Test("an unknown verb or option is usage: exit 2")
  func usage() async throws {
    let environment = try TestEnvironment()
    for arguments in [["synchronise"], ["worker", "--slots", "many"], ["status", "--no-such-option"]] {
      let child = try Child("crmsync", environment.binary, arguments)
      #expect(try await child.waitForExit() == 2, "\(child.text)")
    }
  }

  @Test("an object that is hidden from the sync user fails by itself; the others are copied")
  func hiddenObject() async throws {
    let cluster = try await TestCluster(
      records: 5000, org: ["--hide-object", "Call2_vod__c"], objects: "{ personAccounts: {}, calls: {}, users: {} }")
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 1)
    #expect(text.contains("Call2_vod__c") && text.contains("cannot see it"), "\(text.suffix(2000))")
    #expect(try await cluster.number("select count(*) from copy.person") == 5000)
  }

  @Test("a destination without rights is said so, with the GRANT to run")
  func destinationWithoutRights() async throws {
    let cluster = try await TestCluster(records: 1000)
    let role = cluster.tenant + "_poor"
    try await cluster.database.execute(
      "create role \(role) login password 'secret'; revoke all on database \(cluster.tenant) from public; "
        + "grant connect on database \(cluster.tenant) to \(role)")
    var text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    guard let destination = text.range(of: "destination: { postgres: { url: \"postgresql://"),
      let at = text.range(of: "@", range: destination.upperBound..<text.endIndex)
    else { throw Unexpected("the configuration has another shape") }
    text.replaceSubrange(destination.upperBound..<at.lowerBound, with: "\(role):secret")
    try text.write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
    let (status, message) = try await cluster.run("check")
    #expect(status == 1, "\(message)")
    #expect(message.contains("GRANT"), "\(message)")
  }
}

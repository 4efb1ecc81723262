import Foundation
import PostgreSQL
import TestSupport
import Testing

/// Processes and the org fail at random while a copy runs. No person helps.
@Suite("Chaos", .serialized, .timeLimit(.minutes(60)))
struct ChaosTests {
  @Test("workers and coordinators killed at random, over and over")
  func randomKills() async throws {
    var random = Chance.fresh("random kills")
    let environment = try TestEnvironment()
    let kills = environment.figure(10, full: 400)
    let cluster = try await TestCluster(
      records: environment.figure(150_000, full: 1_000_000), org: ["--latency-ms", "100"],
      objects: "{ personAccounts: {}, users: {}, calls: {} }",
      settings: TestCluster.quick.replacing("pageRows: 10000", with: "pageRows: 2000"))
    let roles = ["coordinator", "coordinator"] + Array(repeating: "worker", count: environment.figure(3, full: 8))
    var children = try roles.map { try cluster.start($0) }
    // Kept, so that what they printed can be read to the end.
    var killed: [Child] = []
    for _ in 0..<kills {
      let victim = Int(random.next() % UInt64(children.count))
      try await children[victim].kill9()
      killed.append(children[victim])
      children[victim] = try cluster.start(children[victim].name)
      try await children[victim].waitFor("ready")
    }
    try await cluster.waitUntilSynced(within: .seconds(environment.figure(300, full: 1800)))
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    try await cluster.expectEqualToOrg()
    #expect(killed.count == kills)
    for child in children { child.signal(15) }
  }

  /// A fault, the part of a request it is tied to, and how it is named in the org's list.
  static let faults = [
    #"[{"kind":"cutBody","path":"/results","bytes":100000,"count":2}]"#,
    #"[{"kind":"cutBody","path":"/results","bytes":20,"count":2}]"#,
    #"[{"kind":"truncatedBody","path":"/results","bytes":50000,"count":2}]"#,
    #"[{"kind":"truncatedGzip","path":"/results","bytes":50000,"count":2}]"#,
    #"[{"kind":"wrongCount","path":"/results","count":2}]"#,
    #"[{"kind":"status","path":"/jobs/query","status":503,"html":true,"count":3}]"#,
    #"[{"kind":"status","path":"/results","status":500,"count":3}]"#,
    #"[{"kind":"expireSessions","path":"/results","count":2}]"#,
    #"[{"kind":"jobFailed","count":2}]"#,
    #"[{"kind":"jobAborted","count":2}]"#,
    #"[{"kind":"concurrentLimit","path":"/results","count":1}]"#,
    #"[{"kind":"cutBody","path":"/query?","bytes":200,"count":2}]"#,
  ]

  @Test("the org makes trouble, which is asserted to have happened, and nothing is lost", arguments: faults)
  func source(fault: String) async throws {
    let cluster = try await TestCluster(records: 60_000)
    try await cluster.cause(fault)
    let (status, text) = try await cluster.run("run", ["--once"], within: .seconds(180))
    #expect(status == 0, "\(text.suffix(3000))")
    let fired = try await cluster.faults()
    #expect(fired.contains("\"fired\":") && !fired.contains("\"fired\":0"), "\(fired)")
    #expect(try await cluster.run("verify", [cluster.tenant]).status == 0)
  }
}

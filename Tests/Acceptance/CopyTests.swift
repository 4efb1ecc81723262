import Testing

/// The main job: a whole org, every object kind, equal in every row and column.
@Suite("A first copy", .serialized, .timeLimit(.minutes(5)))
struct CopyTests {
  static let everything = """
    { personAccounts: {}, users: {}, calls: {}, callKeyMessages: {},
      custom: [Multichannel_Activity_vod__c, Multichannel_Activity_Line_vod__c, Legacy_Note_vod__c] }
    """

  @Test("every object kind arrives, equal in every row and every column")
  func wholeOrg() async throws {
    let cluster = try await TestCluster(records: 20_000, objects: Self.everything)
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 0, "\(text.suffix(2000))")
    try await cluster.expectEqualToOrg()
    let verified = try await cluster.run("verify", [cluster.tenant, "--all-columns"])
    #expect(verified.status == 0, "\(verified.text)")
  }

  @Test("a coordinator and two workers share the copy; SIGTERM ends each with 0 and nothing is left leased")
  func roles() async throws {
    let cluster = try await TestCluster(records: 60_000)
    let coordinator = try cluster.start("coordinator")
    let workers = [try cluster.start("worker"), try cluster.start("worker")]
    try await cluster.waitUntilSynced()
    for child in workers + [coordinator] {
      child.signal(15)
      #expect(try await child.waitForExit(within: .seconds(25)) == 0)
    }
    #expect(try await cluster.number("select count(*) from crmsync.job where state <> 'done'") == 0)
    try await cluster.expectEqualToOrg()
  }

  @Test("a record with a value that its field cannot hold is a reject; everything else is there")
  func rejects() async throws {
    let cluster = try await TestCluster(records: 20_000, org: ["--bad-values-every", "1000"])
    #expect(try await cluster.run("run", ["--once"]).status == 0)
    let rejected = try await cluster.number("select count(*) from crmsync.reject")
    #expect(rejected > 0)
    #expect(try await cluster.number("select count(*) from copy.person") == 20_000 - rejected)
    #expect(try await cluster.number("select count(*) from copy.company") == 20_000 - rejected)
    let listed = try await cluster.run("rejects", ["list", cluster.tenant])
    #expect(listed.text.split(separator: "\n").count == Int(rejected), "\(listed.text.prefix(500))")
    #expect(try await cluster.run("verify", [cluster.tenant]).status == 0)
  }
}

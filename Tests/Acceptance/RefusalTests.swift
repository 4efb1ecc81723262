import TestSupport
import Testing

/// An org that answers, but with a refusal that does not pass: the copy ends with its reason.
@Suite("Refusals that do not pass", .serialized, .timeLimit(.minutes(5)))
struct RefusalTests {
  private static let bulkOnly = TestCluster.quick.replacing("sync: {", with: "sync: { restBelowRows: 0,")

  @Test(
    "a bulk job that cannot be created, or asked after, ends the object with its reason",
    arguments: [
      #"[{"kind":"status","method":"POST","path":"/jobs/query","status":500}]"#,
      #"[{"kind":"status","method":"GET","path":"/jobs/query/","status":500}]"#,
    ])
  func bulkJobs(fault: String) async throws {
    let cluster = try await TestCluster(records: 1000, objects: "{ users: {} }", settings: Self.bulkOnly)
    try await cluster.cause(fault)
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 1, "\(text.suffix(3000))")
    let shown = try await cluster.run("status")
    #expect(shown.text.contains("Failed") && shown.text.contains("HTTP 500"), "\(shown.text)")
  }

  @Test("a bulk job that may not be deleted is left to the org, and no longer asked for")
  func deletion() async throws {
    let cluster = try await TestCluster(records: 1000, objects: "{ users: {} }", settings: Self.bulkOnly)
    try await cluster.cause(#"[{"kind":"status","method":"DELETE","path":"/jobs/query/","status":403,"html":true}]"#)
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await cluster.waitUntilSynced()
    try await until("the coordinator to let go of the bulk job", within: .seconds(60)) {
      try await cluster.number("select count(*) from crmsync.job where state = 'done' and not extract_deleted") == 0
    }
    #expect(try await cluster.faults().contains("\"fired\":1"))
    for child in children { child.signal(15) }
  }

  @Test("an object that the Bulk API does not take is read by REST, however many records it has")
  func notForBulk() async throws {
    let cluster = try await TestCluster(
      records: 1000, org: ["--legacy-notes", "5000"], objects: "{ custom: [Legacy_Note_vod__c] }",
      settings: Self.bulkOnly.replacing("partitionRows: 20000", with: "partitionRows: 1000"))
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 0, "\(text.suffix(3000))")
    #expect(try await cluster.number("select count(*) from copy.legacy_note_vod__c") > 4000)
    try await cluster.expectEqualToOrg()
  }
}

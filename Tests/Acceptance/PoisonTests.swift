import Foundation
import Testing

/// A page that takes down every worker that gets it.
@Suite("Poison", .serialized, .timeLimit(.minutes(15)))
struct PoisonTests {
  @Test("is parked after the tenth worker, says so, and others go on; a person can let it be tried again")
  func parked() async throws {
    // Users are one batch, accounts many: the tenth batch of a worker with one slot is always one of accounts.
    let cluster = try await TestCluster(
      records: 5000, org: ["--users", "20"],
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { restBelowRows: 0,")
        .replacing("shutdown: 20s", with: "shutdown: 20s, batchBytes: 65536"))
    let coordinator = try cluster.start("coordinator")
    try await cluster.wait("the tables of jobs", within: .seconds(120)) {
      try await cluster.number("select count(to_regclass('crmsync.job'))") == 1
    }
    let account = "from crmsync.job where object = 'Account'"
    var takenDown = 0
    while try await cluster.number("select count(*) \(account) and state = 'dead'") == 0 {
      try #require(takenDown < 10, "the page has taken down ten workers and is not parked")
      let worker = try cluster.start("worker", ["--slots", "1"], abortAt: "page-copying:10")
      #expect(try await worker.waitForExit(within: .seconds(120)) == 128 + SIGABRT)
      takenDown += 1
      try await cluster.wait("the vanished worker to be noticed", within: .seconds(120)) {
        try await cluster.number("select count(*) \(account) and state <> 'leased'") == 1
      }
    }
    #expect(try await cluster.number("select max(vanished) \(account)") == 10)
    #expect(try await cluster.number("select count(*) from copy.person") == 0)
    #expect(try await cluster.number("select sum(failures) \(account)") == 0)
    try await cluster.wait("users to be copied", within: .seconds(120)) {
      try await cluster.number(
        "select count(*) from crmsync.object_sync where object = 'User' and copied_at is not null") == 1
    }
    let listed = try await cluster.run("dead-letters", ["list", cluster.tenant])
    #expect(listed.text.contains("took down 10 workers"), "\(listed.text.suffix(1000))")
    try await cluster.wait("the object to say why it stopped", within: .seconds(120)) {
      try await cluster.run("status").text.contains("took down 10 workers")
    }
    let retried = try await cluster.run("dead-letters", ["retry", "--all"])
    #expect(retried.status == 0, "\(retried.text.suffix(1000))")
    let worker = try cluster.start("worker")
    try await cluster.wait("accounts to be copied", within: .seconds(120)) {
      try await cluster.number(
        "select count(*) from crmsync.object_sync where object = 'Account' and copied_at is not null") == 1
    }
    try await cluster.expectEqualToOrg()
    for child in [worker, coordinator] { child.signal(15) }
  }
}

import Foundation
import Testing

/// SIGTERM under load: what is in hand is finished, the rest handed back.
@Suite("Told to stop", .serialized, .timeLimit(.minutes(60)))
struct GracefulTests {
  /// Leases long enough that no pause of a busy machine looks like a vanished worker.
  private static let settings = TestCluster.quick
    .replacing(
      "pageRows: 10000, partitionRows: 20000, lease: 2s", with: "pageRows: 1000, partitionRows: 5000, lease: 20s"
    )
    .replacing("shutdown: 20s", with: "shutdown: 60s")

  @Test("in mid-copy, again and again: each ends with 0, no page is copied twice, nothing is left leased")
  func underLoad() async throws {
    let cluster = try await TestCluster(
      records: TestEnvironment().figure(20_000, full: 800_000), org: ["--latency-ms", "50"], settings: Self.settings)
    var workers: [Child] = []
    for _ in 0..<cluster.environment.figure(3, full: 200) {
      let coordinator = try cluster.start("coordinator")
      let worker = try cluster.start("worker", ["--slots", "2"])
      workers.append(worker)
      try await worker.waitFor("reached page-committed", within: .seconds(120))
      for child in [worker, coordinator] { child.signal(15) }
      for child in [worker, coordinator] {
        let status = try await child.waitForExit(within: .seconds(60))
        #expect(status == 0, "\(child.name) ended with \(status):\n\(child.text.suffix(2000))")
      }
      #expect(try await cluster.number("select count(*) from crmsync.job where state = 'leased'") == 0)
    }
    #expect(try await cluster.number("select count(*) from crmsync.job where state <> 'done'") > 0, "was under load")
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    workers.append(children[1])
    try await cluster.waitUntilSynced(within: .seconds(cluster.environment.figure(180, full: 1800)))
    #expect(try await cluster.number("select sum(interruptions) + sum(failures) from crmsync.job") == 0)
    let begun = workers.reduce(0) { $0 + $1.count(of: "reached page-fetching") }
    #expect(try await cluster.number("select sum((position ->> 'pages')::bigint) from crmsync.job") == begun)
    #expect(
      try await cluster.number("select sum(rows_committed) from crmsync.job where object = 'Account'")
        == cluster.number("select count(*) from copy.person"))
    try await cluster.expectEqualToOrg()
    for child in children { child.signal(15) }
  }

  @Test("a second SIGTERM ends at once, in mid-page, and nothing is lost")
  func secondSignal() async throws {
    let cluster = try await TestCluster(
      records: 5000, settings: TestCluster.quick.replacing("shutdown: 20s", with: "shutdown: 600s"))
    let coordinator = try cluster.start("coordinator")
    let doomed = try cluster.start("worker", haltAt: "page-written")
    try await doomed.waitFor("halted at page-written", within: .seconds(120))
    doomed.signal(15)
    try await doomed.waitFor("Signal caught", within: .seconds(120))
    // Two that come at the same moment may count as one.
    try await cluster.wait("the worker to end", within: .seconds(120)) {
      doomed.signal(15)
      return doomed.hasEnded
    }
    #expect(try await doomed.waitForExit() == 128 + SIGTERM)
    let worker = try cluster.start("worker")
    try await cluster.waitUntilSynced()
    try await cluster.expectEqualToOrg()
    for child in [worker, coordinator] { child.signal(15) }
  }
}

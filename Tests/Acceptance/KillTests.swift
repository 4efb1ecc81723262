import Testing

/// Processes killed at named points, each restarted on the same stores: complete and equal every time.
@Suite("Killed at", .serialized, .timeLimit(.minutes(15)))
struct KillTests {
  static let workerMarkers = [
    "claimed", "page-fetching", "page-copying:3", "page-written", "page-committed", "job-finished", "acknowledged",
  ]
  static let coordinatorMarkers = [
    "tables-prepared", "jobs-recorded", "extract-created", "extract-waiting", "jobs-dispatched", "message-published",
    "extract-deleted", "cycle-closed",
  ]

  @Test("worker at", arguments: workerMarkers, [false, true])
  func worker(marker: String, forgetful: Bool) async throws {
    let cluster = try await TestCluster(records: 60_000, org: forgetful ? ["--forgetful"] : [])
    let coordinator = try cluster.start("coordinator")
    let doomed = try cluster.start("worker", haltAt: marker)
    try await doomed.waitFor("halted at " + marker.split(separator: ":")[0])
    try await doomed.kill9()
    let worker = try cluster.start("worker")
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster)
    for child in [worker, coordinator] { child.signal(15) }
  }

  @Test("coordinator at", arguments: coordinatorMarkers, [false, true])
  func coordinator(marker: String, forgetful: Bool) async throws {
    let cluster = try await TestCluster(records: 60_000, org: forgetful ? ["--forgetful"] : [])
    let worker = try cluster.start("worker")
    let doomed = try cluster.start("coordinator", haltAt: marker)
    try await doomed.waitFor("halted at " + marker.split(separator: ":")[0])
    try await doomed.kill9()
    let coordinator = try cluster.start("coordinator")
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster)
    for child in [worker, coordinator] { child.signal(15) }
  }

  /// Whole, equal, and no page committed twice.
  private func expectWholeAndOnce(_ cluster: TestCluster) async throws {
    #expect(try await cluster.number("select count(*) from copy.person") == 60_000)
    #expect(
      try await cluster.number(
        "select sum(rows_committed) from crmsync.job where object = 'Account' and position ->> 'mayExist' = 'false'")
        <= 60_000)
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    let verified = try await cluster.run("verify", [cluster.tenant, "--all-columns"])
    #expect(verified.status == 0, "\(verified.text)")
  }
}

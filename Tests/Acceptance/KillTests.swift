import Testing

/// Processes killed at named points of a first copy, each restarted on the same stores: complete and equal every time.
@Suite("Killed at", .serialized, .timeLimit(.minutes(60)))
struct KillTests {
  static let workerMarkers = [
    "claimed", "page-fetching", "page-copying:3", "page-written", "page-committed", "job-finished", "acknowledged",
  ]
  static let coordinatorMarkers = [
    "tables-prepared", "jobs-recorded", "extract-created", "extract-waiting", "jobs-dispatched", "message-published",
    "extract-deleted", "cycle-closed",
  ]

  struct Kill: Sendable, CustomTestStringConvertible {
    let marker: String
    /// Whether the source forgets at once what it was told was done.
    let isForgetful: Bool
    let round: Int
    var testDescription: String { "\(marker)\(isForgetful ? ", a source that forgets" : ""), round \(round)" }
  }

  /// Each marker once, or 40 times for the full figure of 600: half of them with a source that forgets.
  private static func kills(at markers: [String]) -> [Kill] {
    let times = (try? TestEnvironment().figure(1, full: 40)) ?? 1
    return (0..<times).flatMap { round in
      markers.map { Kill(marker: $0, isForgetful: round % 2 == 1, round: round) }
    }
  }

  private static let records = 20_000
  private static let settings = TestCluster.quick.replacing(
    "pageRows: 10000, partitionRows: 20000", with: "restBelowRows: 1000, pageRows: 5000, partitionRows: 10000")

  private func cluster(forgetful: Bool = false) async throws -> TestCluster {
    try await TestCluster(records: Self.records, org: forgetful ? ["--forgetful"] : [], settings: Self.settings)
  }

  @Test("worker at", arguments: kills(at: workerMarkers))
  func worker(_ kill: Kill) async throws {
    let (marker, forgetful) = (kill.marker, kill.isForgetful)
    let cluster = try await cluster(forgetful: forgetful)
    let coordinator = try cluster.start("coordinator")
    let doomed = try cluster.start("worker", haltAt: marker)
    try await doomed.waitFor("halted at " + marker.split(separator: ":")[0], within: .seconds(120))
    try await doomed.kill9()
    let worker = try cluster.start("worker")
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster, workers: [doomed, worker], forgetful: forgetful)
    for child in [worker, coordinator] { child.signal(15) }
  }

  @Test("coordinator at", arguments: kills(at: coordinatorMarkers))
  func coordinator(_ kill: Kill) async throws {
    let (marker, forgetful) = (kill.marker, kill.isForgetful)
    let cluster = try await cluster(forgetful: forgetful)
    let worker = try cluster.start("worker")
    let doomed = try cluster.start("coordinator", haltAt: marker)
    try await doomed.waitFor("halted at " + marker.split(separator: ":")[0], within: .seconds(120))
    try await doomed.kill9()
    let coordinator = try cluster.start("coordinator")
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster, workers: [worker], forgetful: forgetful)
    for child in [worker, coordinator] { child.signal(15) }
  }

  @Test("coordinator in mid-sweep, after a worker in mid-page")
  func sweep() async throws {
    let cluster = try await cluster()
    let doomed = [
      try cluster.start("coordinator", haltAt: "leases-swept"), try cluster.start("worker", haltAt: "page-fetching"),
    ]
    try await doomed[1].waitFor("halted at page-fetching", within: .seconds(120))
    try await doomed[1].kill9()
    try await doomed[0].waitFor("halted at leases-swept", within: .seconds(120))
    try await doomed[0].kill9()
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster, workers: [doomed[1], children[1]])
    for child in children { child.signal(15) }
  }

  @Test("coordinator after a message was sent, and before the broker has confirmed it")
  func beforeConfirm() async throws {
    let cluster = try await cluster()
    let broker = BrokerControl(cluster)
    try await broker.withMemoryAlarm {
      let doomed = try cluster.start("coordinator")
      try await doomed.waitFor("reached jobs-dispatched", within: .seconds(120))
      try await broker.waitForBlockedPublisher()
      #expect(doomed.count(of: "reached message-published") == 0)
      try await doomed.kill9()
    }
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster, workers: [children[1]])
    for child in children { child.signal(15) }
  }

  @Test(
    "coordinator in mid-migration, of its own tables and of the destination's",
    arguments: ["crmsync.job", "copy.person"])
  func migration(creating table: String) async throws {
    let cluster = try await cluster()
    let gate = try await Gate(cluster, creating: table)
    let doomed = try cluster.start("coordinator")
    try await gate.waitForArrival()
    try await doomed.kill9()
    try await gate.open()
    #expect(try await cluster.number("select count(to_regclass('\(table)'))") == 0, "nothing is left of it")
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await cluster.waitUntilSynced()
    try await expectWholeAndOnce(cluster, workers: [children[1]])
    for child in children { child.signal(15) }
  }

  /// Whole, equal, no page committed twice, and no more of them begun than the kill explains.
  private func expectWholeAndOnce(_ cluster: TestCluster, workers: [Child], forgetful: Bool = false) async throws {
    #expect(try await cluster.number("select count(*) from copy.person") == Self.records)
    let once = "select coalesce(sum(rows_committed), 0) from crmsync.job where object = 'Account'"
    #expect(try await cluster.number(once + " and position ->> 'mayExist' = 'false'") <= Self.records)
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    if !forgetful {
      #expect(try await cluster.number(once) == Self.records)
      let begun = workers.reduce(0) { $0 + $1.count(of: "reached page-fetching") }
      let pages = try await cluster.number("select sum((position ->> 'pages')::bigint) from crmsync.job")
      // Those that a killed worker had in its slots are begun again.
      let inHand = workers.count > 1 ? 4 : 0
      let vanished = try await cluster.number("select sum(interruptions) from crmsync.job")
      #expect(begun <= pages + Int64(max(inHand, Int(vanished))), "\(begun) pages begun, \(pages) committed")
    }
    try await cluster.expectEqualToOrg()
  }
}

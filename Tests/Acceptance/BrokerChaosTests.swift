import Foundation
import Testing

/// The broker fails. No person helps, and what the org has changed meanwhile arrives.
@Suite("Chaos of the broker", .serialized, .timeLimit(.minutes(60)))
struct BrokerChaosTests {
  @Test("it restarts, and then comes back empty, in mid-copy")
  func restart() async throws {
    let environment = try TestEnvironment()
    let cluster = try await TestCluster(
      records: environment.figure(30_000, full: 600_000), org: ["--latency-ms", "300"])
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await children[1].waitFor("reached page-committed", within: .seconds(120))
    let restarts = Array(repeating: "restart", count: environment.figure(1, full: 20))
    for action in restarts + Array(repeating: "wipe", count: environment.figure(1, full: 5)) {
      let control = try Child("broker", cluster.environment.brokerControl, [action])
      #expect(try await control.waitForExit(within: .seconds(120)) == 0, "\(control.text)")
    }
    try await cluster.waitUntilSynced(within: .seconds(environment.figure(180, full: 1200)))
    try await cluster.expectEqualToOrg()
    for child in children { child.signal(15) }
  }

  @Test("a queue is deleted with its jobs, connections are closed, memory runs out")
  func administrators() async throws {
    let cluster = try await TestCluster.copied(
      2000, settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 0s, overlap: 1m,"))
    let broker = BrokerControl(cluster)
    let coordinator = try cluster.start("coordinator")
    for round in 0..<cluster.environment.figure(1, full: 5) {
      try await change(cluster, to: "Queue \(round)")
      try await cluster.wait("a job on the queue", within: .seconds(120)) {
        try await broker.run(["list_queues", "-p", "test", "name", "messages"])
          .contains("crmsync.v1.\(cluster.tenant).delta\t1")
      }
      try await broker.run(["delete_queue", "-p", "test", "crmsync.v1.\(cluster.tenant).delta"])
      let worker = try cluster.start("worker")
      try await arrival(cluster, of: "Queue \(round)")

      try await broker.run(["close_all_connections", "-p", "test", "maintenance"])
      try await change(cluster, to: "Closed \(round)")
      try await arrival(cluster, of: "Closed \(round)")

      try await broker.withMemoryAlarm {
        try await change(cluster, to: "Memory \(round)")
        try await broker.waitForBlockedPublisher()
      }
      try await arrival(cluster, of: "Memory \(round)")
      worker.signal(15)
      #expect(try await worker.waitForExit(within: .seconds(60)) == 0)
    }
    coordinator.signal(15)
    #expect(try await coordinator.waitForExit(within: .seconds(60)) == 0)
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    try await cluster.expectEqualToOrg()
  }

  private func change(_ cluster: TestCluster, to name: String) async throws {
    try await cluster.change(
      #"[{"op":"update","object":"Account","sample":20,"seed":1,"set":{"FirstName":"\#(name)"}}]"#)
  }

  private func arrival(_ cluster: TestCluster, of name: String) async throws {
    try await cluster.wait("'\(name)' to arrive", within: .seconds(120)) {
      try await cluster.number("select count(*) from copy.person where first_name = '\(name)'") > 0
    }
  }
}

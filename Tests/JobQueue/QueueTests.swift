import AMQP
import Logging
import TestSupport
import Testing

@testable import JobQueue

/// Jobs from the coordinator to the workers, through a broker that may forget everything.
@Suite("Job queues", .timeLimit(.minutes(3)))
struct QueueTests {
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  static let queue = JobTopology.queue(tenant: "acme", lane: .initial)

  static func publisher(_ host: VirtualHost, tenants: [String] = ["acme"]) throws -> JobPublisher {
    JobPublisher(try host.configuration(), tenants: tenants, logger: quiet)
  }

  static func puller(_ host: VirtualHost) throws -> JobPuller {
    JobPuller(try host.configuration(), logger: quiet)
  }

  static func job(_ number: Int64, tenant: String = "acme", lane: Lane = .initial) -> JobMessage {
    JobMessage(job: number, tenant: tenant, object: "Account", lane: lane, dispatch: 1)
  }

  static func pullAll(_ puller: JobPuller, from queues: [String] = [queue]) async throws -> [Int64] {
    var jobs: [Int64] = []
    while let job = try await puller.pull(from: queues) {
      jobs.append(job.job)
      await puller.finish(job)
    }
    return jobs
  }

  @Test("many jobs published at once all arrive, over one connection")
  func publishAndPull() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...500 { group.addTask { try await publisher.publish(Self.job(Int64(number))) } }
        try await group.waitForAll()
      }
      #expect(try await publisher.depth(tenant: "acme", lane: .initial) == 500)
      let jobs = try await Self.pullAll(Self.puller(host))
      #expect(jobs.sorted() == Array(1...500))
      let depths = try await QueueDepths(publisher).read(tenants: ["acme", "unknown"])
      #expect(
        depths.ready == [
          "crmsync.v1.acme.initial": 0, "crmsync.v1.acme.delta": 0, "crmsync.v1.acme.writeback": 0,
        ])
      #expect(depths.dead == 0)
    }
  }

  @Test("a worker that comes before the coordinator finds nothing, then the first job")
  func workerFirst() async throws {
    try await VirtualHost.with { host in
      let puller = try Self.puller(host)
      #expect(try await puller.pull(from: [Self.queue]) == nil)
      try await Self.publisher(host).publish(Self.job(1))
      var job: PulledJob?
      try await until("the first job", within: .seconds(20)) {
        job = try await puller.pull(from: [Self.queue])
        return job != nil
      }
      #expect(job?.message == Self.job(1))
    }
  }

  @Test("each queue has its turn: a long one delays no other, and a missing one nobody")
  func fairness() async throws {
    try await VirtualHost.with { host in
      let tenants = ["a", "b", "c"]
      let publisher = try Self.publisher(host, tenants: tenants)
      for number in 1...6 { try await publisher.publish(Self.job(Int64(number), tenant: "a")) }
      try await publisher.publish(Self.job(101, tenant: "b", lane: .delta))
      try await publisher.publish(Self.job(201, tenant: "c"))
      let queues = (["a", "missing", "b", "c"]).flatMap { tenant in
        Lane.allCases.map { JobTopology.queue(tenant: tenant, lane: $0) }
      }
      let order = try await Self.pullAll(Self.puller(host), from: queues)
      #expect(order == [1, 101, 201, 2, 3, 4, 5, 6])
    }
  }

  @Test("bytes that are no message go to the dead queue, and the jobs behind them are done")
  func junk() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      try await publisher.start()
      let raw = AMQPPublisher(try host.configuration())
      try await raw.connect()
      for body in [[], [0xFF], Array(#"{"v":2}"#.utf8)] {
        try await raw.publish(AMQPMessage(body), exchange: JobTopology.exchange, routingKey: Self.queue)
      }
      try await publisher.publish(Self.job(7))
      #expect(try await Self.pullAll(Self.puller(host)) == [7])
      try await until("three dead letters", within: .seconds(20)) {
        try await raw.depth(of: JobTopology.deadQueue)?.ready == 3
      }
      #expect(try await QueueDepths(publisher).read(tenants: []).dead == 3)
      #expect(
        try await TopologyCheck(host.configuration(), tenants: ["acme"]).run().contains { $0.contains("3 messages") })
    }
  }

  @Test("a job in the hands of a worker that vanishes comes again, marked as such")
  func redelivery() async throws {
    try await VirtualHost.with { host in
      try await Self.publisher(host).publish(Self.job(1))
      let lost = try Self.puller(host)
      let first = try #require(try await lost.pull(from: [Self.queue]))
      #expect(!first.isRedelivered)
      await lost.close()
      let puller = try Self.puller(host)
      var again: PulledJob?
      try await until("the job comes again", within: .seconds(20)) {
        again = try await puller.pull(from: [Self.queue])
        return again != nil
      }
      #expect(again?.isRedelivered == true)
      // Late, and harmless.
      await lost.finish(first)
      await puller.finish(try #require(again))
      #expect(try await puller.pull(from: [Self.queue]) == nil)
    }
  }

  @Test("a queue that was deleted is declared again by the next job, or by looking how deep it is")
  func deletedQueue() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      try await publisher.publish(Self.job(1))
      let raw = AMQPPublisher(try host.configuration())
      try await raw.connect()
      try await raw.deleteQueue(Self.queue)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 2...50 { group.addTask { try await publisher.publish(Self.job(Int64(number))) } }
        try await group.waitForAll()
      }
      #expect(try await publisher.depth(tenant: "acme", lane: .initial) == 49)
      try await raw.deleteQueue(Self.queue)
      #expect(try await publisher.depth(tenant: "acme", lane: .initial) == 0)
    }
  }

  @Test("after a broker has come back empty, publisher and puller go on by themselves")
  func wiped() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      let puller = try Self.puller(host)
      try await publisher.publish(Self.job(1))
      let job = try #require(try await puller.pull(from: [Self.queue]))
      try await host.wipe()
      await puller.finish(job)
      try await until("a job is published again", within: .seconds(20)) {
        (try? await publisher.publish(Self.job(2))) != nil
      }
      var jobs: [Int64] = []
      try await until("it is pulled", within: .seconds(20)) {
        if let job = try? await puller.pull(from: [Self.queue]) { jobs.append(job.job) }
        return !jobs.isEmpty
      }
      #expect(jobs == [2])
      guard case .connected = await publisher.state() else {
        Issue.record("not connected")
        return
      }
    }
  }

  @Test("a broker that cannot be reached is tried now and then; calls in between fail at once, with the reason")
  func unreachable() async throws {
    let configuration = try AMQPConfiguration(url: "amqp://crmsync@127.0.0.1:1/x")
    let publisher = JobPublisher(configuration, tenants: [], logger: Self.quiet)
    let puller = JobPuller(configuration, logger: Self.quiet)
    let began = ContinuousClock.now
    for _ in 0..<200 {
      let error = await #expect(throws: QueueError.self) { try await publisher.publish(Self.job(1)) }
      #expect(error?.kind == .connect)
    }
    // Generous, for a busy machine: calls that each waited for their own try would take many minutes.
    #expect(ContinuousClock.now - began < .seconds(60))
    guard case .disconnected(let reason) = await publisher.state() else {
      Issue.record("should not be connected")
      return
    }
    #expect(reason?.kind == .connect)
    var attempts = 0
    for _ in 0..<200 {
      do {
        #expect(try await puller.pull(from: [Self.queue]) == nil)
      } catch {
        attempts += 1
      }
    }
    #expect(attempts >= 1 && attempts < 10)
  }

  @Test("a queue that somebody declared otherwise stops no other tenant")
  func otherProperties() async throws {
    try await VirtualHost.with { host in
      let raw = AMQPPublisher(try host.configuration())
      try await raw.connect()
      try await raw.declareExchange("other", type: "fanout")
      try await raw.declareQueue(Self.queue, deadLetterExchange: "other", boundTo: "other", routingKey: "")
      let publisher = try Self.publisher(host, tenants: ["acme", "zeta"])
      try await publisher.publish(Self.job(1, tenant: "zeta"))
      await #expect(throws: QueueError.self) { try await publisher.publish(Self.job(2)) }
      let error = await #expect(throws: QueueError.self) {
        _ = try await TopologyCheck(host.configuration(), tenants: ["acme", "zeta"]).run()
      }
      #expect(error?.kind == .precondition)
      #expect(error.map { "\($0)".contains(Self.queue) } == true)
    }
  }
}

import AMQP
import Checkpoints
import Foundation
import JobQueue
import Logging
import PostgreSQL
import ProgressMarkers
import SyncModel
import Tenants
import TestSupport
import Testing

@testable import SyncConfiguration
@testable import Worker

@Suite("A job's run", .timeLimit(.minutes(2)))
struct JobRunTests {
  @Test("while the checkpoints are away, a job's message goes back to its queue and is not acknowledged")
  func outcomeNotRecorded() async throws {
    let broker = try AMQPConfiguration(url: try testServer("CRMSYNC_TEST_RABBITMQ_URL"))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let tenant = "t\(String(UInt32.random(in: .min ... .max), radix: 36))"
    let queue = JobTopology.queue(tenant: tenant, lane: .initial)
    let publisher = JobPublisher(broker, tenants: [tenant], logger: logger)
    try await publisher.publish(JobMessage(job: 7, tenant: tenant, object: "User", lane: .initial, dispatch: 1))

    let puller = JobPuller(broker, logger: logger)
    let first = try #require(try await puller.pull(from: [queue]))
    try await run(first, tenant: tenant, puller: puller, logger: logger)
    var second: PulledJob?
    try await until("the message to come again", within: .seconds(20)) {
      second = try await puller.pull(from: [queue])
      return second != nil
    }
    #expect(second?.job == 7 && second?.isRedelivered == true)
    await puller.close()
    try await delete(tenant, broker)
  }

  /// Runs a job on checkpoints that nobody serves.
  private func run(_ message: PulledJob, tenant name: String, puller: JobPuller, logger: Logger) async throws {
    let checkpoints = CheckpointStore(
      pool: PostgresPool(PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none"), size: 1))
    let tenant = Tenant(
      name: name, settings: TenantConfiguration(), checkpoints: checkpoints, connections: 1,
      live: LiveSelections(Configuration()))
    let limits = WorkerLimits(
      name: "w", slots: 1, lease: .seconds(60), jobTime: .seconds(600), pageRows: 1000,
      retry: RetryPolicy(backoff: Backoff(first: .milliseconds(1), longest: .milliseconds(1))))
    let run = JobRun(
      checkpoints: checkpoints, puller: puller, tenants: [name: tenant], limits: limits, stopping: StopSignal(),
      markers: ProgressMarkers(logger: logger), logger: logger)
    await run.run(message)
  }

  private func delete(_ tenant: String, _ broker: AMQPConfiguration) async throws {
    let publisher = AMQPPublisher(broker)
    try await publisher.connect()
    for lane in Lane.allCases { try await publisher.deleteQueue(JobTopology.queue(tenant: tenant, lane: lane)) }
    await publisher.close()
  }
}

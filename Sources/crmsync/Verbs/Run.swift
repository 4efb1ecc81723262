import ArgumentParser
import Checkpoints
import Coordinator
import Foundation
import Operations
import Worker

/// Everything in one process.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Coordinator and worker in one process, for a small tenant or a laptop.",
    discussion: """
      The same code, the same RabbitMQ and PostgreSQL as a cluster.

      EXAMPLES
        crmsync run                       Sync until stopped
        crmsync run --once                One complete cycle, then exit 0, or 1 with the reason
      """)

  @OptionGroup var options: ConfigurationOptions
  @Flag(help: "One complete cycle, then exit.")
  var once = false
  @Option(help: "Jobs at once. Default: worker.slots of the configuration.")
  var slots: Int?

  func run() async throws {
    let cluster = try await Cluster.assemble(options.load())
    try await cluster.migrate()
    let services = try cluster.coordinator() + cluster.worker(slots: slots)
    guard once else { return try await cluster.run(services) }
    try await cluster.run(
      services, until: CycleWatch(checkpoints: cluster.checkpoints, tenants: cluster.tenants.map(\.name)))
    let status = try await ClusterStatus.read(cluster.checkpoints, queues: nil)
    for line in StatusText(colours: false).lines(status) { print(line) }
    if status.hasFailed { throw ExitCode(ExitStatus.failed.rawValue) }
  }
}

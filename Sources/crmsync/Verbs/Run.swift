import ArgumentParser
import Checkpoints
import Foundation
import Operations
import Tenants

/// Everything in one process.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Coordinator and worker in one process, for a small tenant or a laptop.",
    discussion: """
      The same code, the same RabbitMQ and PostgreSQL as a cluster.

      EXAMPLES
        crmsync run                       Sync until stopped
        crmsync run --once                One complete cycle of every object, its first copy or one delta;
                                          then exit 0, or 1 with the reason; waits for records whose call to
                                          Marketo got no answer, minutes at most, and says so
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var slots: SlotsOption
  @Flag(help: "One complete cycle, then exit.")
  var once = false

  func run() async throws {
    let cluster = try await Cluster.ready(options, slots: slots.slots)
    let services = cluster.coordinatorServices(once: once) + cluster.workerServices()
    guard once else { return try await cluster.run(services) }
    let watch = CycleWatch(
      checkpoints: cluster.checkpoints, tenants: cluster.tenants, since: try await cluster.checkpoints.now())
    for tenant in cluster.tenants { _ = try await cluster.checkpoints.hurry(tenant: tenant.name, object: nil) }
    try await cluster.run(services + [watch])
    let status = try await cluster.status()
    for line in StatusText(colours: false).lines(status) { print(line) }
    if status.hasFailed { throw ExitCode(ExitStatus.failed.rawValue) }
    if try await !watch.haveEnded() {
      throw Failure(description: "stopped before the cycle was complete; run again to go on")
    }
  }
}

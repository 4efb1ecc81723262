import Checkpoints
import Configuration
import Coordinator
import Foundation
import JobQueue
import Logging
import Operations
import PostgreSQL
import ProgressMarkers
import ServiceLifecycle
import SyncModel
import Tenants
import Worker

/// What a process is made of, put together from the configuration. Nothing is decided here.
struct Cluster: Sendable {
  let configuration: Configuration
  let checkpoints: CheckpointStore
  let tenants: [Tenant]
  let logger: Logger
  private let database: PostgresConfiguration

  /// Everything that the roles need.
  static func assemble(_ configuration: Configuration) async throws -> Cluster {
    var cluster = remembering(configuration)
    cluster = Cluster(
      configuration: configuration, checkpoints: cluster.checkpoints,
      tenants: try configuration.tenants.map { name, settings in
        try Tenant(name: name, settings: settings, checkpoints: cluster.checkpoints, configuration: configuration)
      },
      logger: cluster.logger, database: cluster.database)
    return cluster
  }

  /// Only the checkpoints: enough to look and to decide about parked work.
  static func remembering(_ configuration: Configuration) -> Cluster {
    let logger = Logging.start(configuration.log)
    let database = PostgresConfiguration(
      url: configuration.postgres.url, password: configuration.postgres.password?.reveal(),
      applicationName: "crmsync")
    let slots = configuration.worker.slots
    let pool = PostgresPool(database, size: slots + 4)
    return Cluster(
      configuration: configuration, checkpoints: CheckpointStore(pool: pool), tenants: [], logger: logger,
      database: database)
  }

  /// A name for this process that no other has.
  static func processName(_ role: String) -> String {
    "\(role)-\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)-"
      + String(UInt32.random(in: 0...UInt32.max), radix: 36)
  }
}

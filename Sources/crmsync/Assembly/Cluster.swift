import AMQP
import Checkpoints
import SyncConfiguration
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
import UnixSignals
import Worker
import WriteBack

/// What a process is made of, put together from the configuration. Nothing is decided here.
struct Cluster: Sendable {
  let configuration: Configuration
  let checkpoints: CheckpointStore
  let tenants: [Tenant]
  let logger: Logger
  /// What of the configuration may change while the process runs.
  let live: LiveSelections
  private let follower: ConfigurationFollower
  private let database: PostgresConfiguration
  private let broker: AMQPConfiguration

  /// Puts a process together; nothing is connected yet.
  /// - Parameters:
  ///   - slots: jobs at once, where the command line says so.
  ///   - readsOnly: whether it only looks, and writes nothing anywhere.
  init(_ source: ConfigurationSource, slots: Int? = nil, readsOnly: Bool = false) throws {
    let loaded = try source.load()
    var configuration = loaded
    if let slots { configuration.worker.slots = slots }
    self.configuration = configuration
    logger = LogOutput.start(configuration.log)
    database = PostgresConfiguration(
      url: configuration.postgres.url, password: configuration.postgres.password?.reveal())
    broker = try AMQPConfiguration(
      url: configuration.rabbitmq.url, password: configuration.rabbitmq.password?.reveal())
    let connections = configuration.worker.slots + 2
    let checkpoints = CheckpointStore(pool: PostgresPool(database, size: connections + 2))
    self.checkpoints = checkpoints
    let live = LiveSelections(loaded)
    self.live = live
    follower = ConfigurationFollower(
      path: source.path, environment: source.environment, started: loaded, live: live, logger: logger)
    let writeBack = WriteBackLimits(lease: configuration.sync.lease, retry: Self.retry(configuration.sync))
    tenants = configuration.tenants.sorted { $0.key < $1.key }.map { name, settings in
      Tenant(
        name: name, settings: settings, checkpoints: checkpoints, connections: connections,
        batchBytes: configuration.worker.batchBytes, readsOnly: readsOnly, writeBack: writeBack,
        live: live)
    }
  }

  /// Puts a process together and makes sure that the checkpoints can be used.
  static func ready(_ options: ConfigurationOptions, slots: Int? = nil) async throws -> Cluster {
    let cluster = try Cluster(options.source, slots: slots)
    try await cluster.checkpoints.migrate()
    for tenant in cluster.tenants {
      try await cluster.checkpoints.register(tenant)
    }
    return cluster
  }

  /// The tenant of that name.
  func tenant(_ name: String) throws -> Tenant {
    guard let tenant = tenants.first(where: { $0.name == name }) else {
      throw UnknownTenant(name: name, known: tenants.map(\.name))
    }
    return tenant
  }

  /// Everything `status` shows.
  func status() async throws -> ClusterStatus {
    try await ClusterStatus.read(checkpoints, tenants: tenants, queues: queueDepths)
  }

  /// A connection to the broker that only looks.
  var queueDepths: QueueDepths { QueueDepths(publisher) }

  /// Finds out whether the broker can be worked with.
  var topologyCheck: TopologyCheck { TopologyCheck(broker, tenants: tenants.map(\.name)) }

  private var publisher: JobPublisher {
    JobPublisher(broker, tenants: tenants.map(\.name), logger: logger)
  }

  /// How finely work is cut.
  var planning: PlanningLimits {
    PlanningLimits(
      pageRows: configuration.sync.pageRows, partitionRows: configuration.sync.partitionRows,
      restBelowRows: configuration.sync.restBelowRows)
  }

  // MARK: Roles

  private var retry: RetryPolicy { Self.retry(configuration.sync) }

  private static func retry(_ sync: Configuration.Sync) -> RetryPolicy {
    RetryPolicy(
      maxFailures: sync.maxFailures, backoff: Backoff(first: sync.backoff.first, longest: sync.backoff.longest))
  }

  /// The services of a coordinator.
  /// - Parameter once: whether it ends after one cycle.
  func coordinatorServices(once: Bool = false) -> [any Service] {
    let name = Self.processName("coordinator")
    let progress = WorkSignal()
    live.onChange { progress.raise() }
    let limits = CoordinatorLimits(
      name: name, term: configuration.coordinator.term, sweepInterval: min(.seconds(5), configuration.sync.lease / 2),
      queueDepth: configuration.sync.queueDepth,
      lostAfter: max(.seconds(1), configuration.sync.lease / 4), planning: planning, retry: retry, endsAfterCopy: once)
    let coordinator = CoordinatorService(
      checkpoints: checkpoints, publisher: publisher, events: EventPublisher(broker, logger: logger),
      tenants: tenants, limits: limits, progress: progress, markers: ProgressMarkers(logger: logger), logger: logger)
    return [
      NotificationListener(database, channels: [(.progress, progress)], logger: logger),
      ProcessHeartbeat(id: name, role: .coordinator, slots: 0, gauge: SlotGauge(), checkpoints: checkpoints),
      coordinator,
    ]
  }

  /// The services of a worker.
  func workerServices() -> [any Service] {
    let name = Self.processName("worker")
    let work = WorkSignal()
    let gauge = SlotGauge()
    let limits = WorkerLimits(
      name: name, slots: configuration.worker.slots, lease: configuration.sync.lease,
      jobTime: configuration.sync.jobTime, pageRows: configuration.sync.pageRows, retry: retry)
    let worker = WorkerService(
      checkpoints: checkpoints, puller: JobPuller(broker, logger: logger), tenants: tenants, limits: limits,
      work: work, gauge: gauge, markers: ProgressMarkers(logger: logger), logger: logger)
    return [
      NotificationListener(database, channels: [(.work, work)], logger: logger),
      ProcessHeartbeat(
        id: name, role: .worker, slots: configuration.worker.slots, gauge: gauge, checkpoints: checkpoints),
      worker,
    ]
  }

  /// Runs services until they are told to stop, and follows the configuration file meanwhile.
  ///
  /// The first SIGTERM or SIGINT stops in good order, within `worker.shutdown`; a second one ends at once.
  func run(_ services: [any Service]) async throws {
    SecondSignal.install()
    var group = ServiceGroupConfiguration(
      services: (services + [ConfigurationWatch(follower: follower)]).map { service in
        // A service that ends on its own, as `--once` does, ends the others in good order.
        .init(
          service: service, successTerminationBehavior: .gracefullyShutdownGroup,
          failureTerminationBehavior: .gracefullyShutdownGroup)
      }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = configuration.worker.shutdown
    try await ServiceGroup(configuration: group).run()
  }

  /// A name for this process that no other has.
  private static func processName(_ role: String) -> String {
    "\(role)-\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)-"
      + String(UInt32.random(in: 0...UInt32.max), radix: 36)
  }
}

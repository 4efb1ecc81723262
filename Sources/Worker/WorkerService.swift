public import Checkpoints
public import JobQueue
public import Logging
public import ProgressMarkers
public import ServiceLifecycle
import SyncModel
public import Tenants

/// A worker: takes jobs off the queues of all tenants while it has free slots.
///
/// Holds no more deliveries than it has slots. When told to stop it takes no more, lets the pages in hand be
/// committed, hands the rest back and ends.
public struct WorkerService: Service {
  private let checkpoints: CheckpointStore
  private let puller: JobPuller
  private let tenants: [String: Tenant]
  private let limits: WorkerLimits
  private let work: WorkSignal
  private let gauge: SlotGauge
  private let markers: ProgressMarkers
  private let logger: Logger

  /// A worker.
  public init(
    checkpoints: CheckpointStore, puller: JobPuller, tenants: [Tenant], limits: WorkerLimits, work: WorkSignal,
    gauge: SlotGauge, markers: ProgressMarkers, logger: Logger
  ) {
    self.checkpoints = checkpoints
    self.puller = puller
    self.tenants = Dictionary(tenants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.limits = limits
    self.work = work
    self.gauge = gauge
    self.markers = markers
    self.logger = logger
  }

  public func run() async throws {
    let stopping = StopSignal()
    let run = JobRun(
      checkpoints: checkpoints, puller: puller, tenants: tenants, limits: limits, stopping: stopping,
      markers: markers, logger: logger)
    let queues = tenants.keys.sorted().flatMap { tenant in
      Lane.allCases.map { JobTopology.queue(tenant: tenant, lane: $0) }
    }
    logger.info("worker ready", metadata: ["worker": "\(limits.name)", "slots": "\(limits.slots)"])
    await withGracefulShutdownHandler {
      await withTaskGroup(of: Void.self) { slots in
        var busy = 0
        while !stopping.isSet, !Task.isCancelled {
          if busy == limits.slots {
            await slots.next()
            busy -= 1
            continue
          }
          guard let message = await pull(queues) else {
            await work.wait(atMost: .seconds(1))
            continue
          }
          busy += 1
          gauge.taken()
          slots.addTask {
            await run.run(message)
            gauge.freed()
          }
        }
        await slots.waitForAll()
      }
    } onGracefulShutdown: {
      stopping.set()
      work.raise()
    }
    logger.info("worker stopped", metadata: ["worker": "\(limits.name)"])
  }

  private func pull(_ queues: [String]) async -> PulledJob? {
    do {
      return try await puller.pull(from: queues)
    } catch is CancellationError {
      return nil
    } catch {
      logger.warning("cannot take jobs off the queue", metadata: ["error": "\(error)"])
      return nil
    }
  }
}

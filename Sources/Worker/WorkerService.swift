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
    let errands = ErrandRun(
      checkpoints: checkpoints, puller: puller, tenants: tenants, limits: limits, stopping: stopping, logger: logger)
    logger.info("worker ready", metadata: ["worker": "\(limits.name)", "slots": "\(limits.slots)"])
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { slots in
        let ledger = SlotLedger(slots: limits.slots)
        while !stopping.isSet, !Task.isCancelled {
          guard let message = await pull(from: ledger.lanes) else {
            // Work on the queue, or a slot that has become free, ends the wait.
            await work.wait(atMost: .seconds(1))
            continue
          }
          let lane = message.message.lane
          ledger.taken(lane)
          gauge.taken()
          slots.addTask {
            if message.message.errand == nil { await run.run(message) } else { await errands.run(message) }
            ledger.freed(lane)
            gauge.freed()
            work.raise()
          }
        }
      }
    } onGracefulShutdown: {
      stopping.set()
      work.raise()
    }
    logger.info("worker stopped", metadata: ["worker": "\(limits.name)"])
  }

  /// Takes a job of any tenant off a queue of these lanes.
  private func pull(from lanes: [Lane]) async -> PulledJob? {
    let queues = tenants.keys.sorted().flatMap { tenant in
      lanes.map { JobTopology.queue(tenant: tenant, lane: $0) }
    }
    guard !queues.isEmpty else { return nil }
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

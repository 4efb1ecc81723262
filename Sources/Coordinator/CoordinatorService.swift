public import Checkpoints
public import JobQueue
public import Logging
public import ProgressMarkers
public import ServiceLifecycle
import SyncModel
public import Tenants

/// A coordinator: plans and publishes while it leads, stands by while another does.
public struct CoordinatorService: Service {
  private let checkpoints: CheckpointStore
  private let publisher: JobPublisher
  private let events: EventPublisher
  private let tenants: [Tenant]
  private let limits: CoordinatorLimits
  private let progress: WorkSignal
  private let markers: ProgressMarkers
  private let logger: Logger

  /// A coordinator.
  /// - Parameter progress: raised when workers have finished something.
  public init(
    checkpoints: CheckpointStore, publisher: JobPublisher, events: EventPublisher, tenants: [Tenant],
    limits: CoordinatorLimits, progress: WorkSignal, markers: ProgressMarkers, logger: Logger
  ) {
    self.checkpoints = checkpoints
    self.publisher = publisher
    self.events = events
    self.tenants = tenants
    self.limits = limits
    self.progress = progress
    self.markers = markers
    self.logger = logger
  }

  public func run() async throws {
    await cancelWhenGracefulShutdown {
      logger.info("coordinator ready", metadata: ["coordinator": "\(limits.name)"])
      var leadership = Leadership(lease: limits.term)
      while !Task.isCancelled {
        if let leader = await ask(&leadership) {
          logger.info("leading", metadata: ["term": "\(leader.term)"])
          await lead(leader, leadership)
          logger.info("no longer leading", metadata: ["term": "\(leader.term)"])
          leadership.lost()
        } else {
          // Nobody announces that a leader is gone.
          try? await Task.sleep(for: leadership.standbyInterval)
        }
      }
    }
    logger.info("coordinator stopped", metadata: ["coordinator": "\(limits.name)"])
  }

  /// Takes or renews the leader's lease.
  private func ask(_ leadership: inout Leadership) async -> LeaderStamp? {
    let askedAt = limits.uptime()
    do {
      guard let term = try await checkpoints.lead(as: limits.name, lease: limits.term) else {
        leadership.lost()
        return nil
      }
      _ = leadership.granted(term: term, askedAt: askedAt)
      return LeaderStamp(holder: limits.name, term: term)
    } catch {
      logger.warning("cannot ask for the lead", metadata: ["error": "\(error)"])
      return nil
    }
  }

  /// Leads until the lease is lost or the process stops.
  private func lead(_ leader: LeaderStamp, _ leadership: Leadership) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keepLead(leader, leadership) }
      group.addTask { await sweepLeases(leader) }
      for tenant in tenants {
        let cycle = TenantCycle(
          tenant: tenant, leader: leader, checkpoints: checkpoints, publisher: publisher, events: events,
          limits: limits,
          progress: progress, markers: markers, logger: logger)
        group.addTask { await cycle.run() }
      }
      await group.next()
      group.cancelAll()
    }
    if Task.isCancelled {
      // In a task of its own: this one is cancelled, and a standby should not have to wait for the term to end.
      let checkpoints = checkpoints
      await Task { try? await checkpoints.stepDown(leader) }.value
    }
  }

  /// Renews the lease; ends when it is lost, or can no longer be trusted.
  private func keepLead(_ leader: LeaderStamp, _ leadership: Leadership) async {
    var leadership = leadership
    while !Task.isCancelled, leadership.term(at: limits.uptime()) == leader.term {
      try? await Task.sleep(for: leadership.interval)
      if Task.isCancelled { return }
      let renewed = await ask(&leadership)
      if let renewed, renewed != leader { return }
    }
  }

  /// Takes back jobs of workers that vanished.
  private func sweepLeases(_ leader: LeaderStamp) async {
    while !Task.isCancelled {
      do {
        let swept =
          try await checkpoints.sweepLeases(leader: leader) + checkpoints.sweepErrands(leader: leader)
        if swept > 0 {
          await markers.reached(.leasesSwept)
          logger.warning("took back the jobs of vanished workers", metadata: ["jobs": "\(swept)"])
          progress.raise()
        }
      } catch is LeadershipLost {
        return
      } catch {
        logger.warning("cannot sweep leases", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: limits.sweepInterval)
    }
  }
}

import Checkpoints
import JobQueue
import Logging
import ProgressMarkers
import Tenants

/// Puts a tenant's runnable jobs on the queues, a bounded number at a time, and again what a broker has lost.
struct LanePublisher: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let publisher: JobPublisher
  let limits: CoordinatorLimits
  let markers: ProgressMarkers
  let logger: Logger

  /// Tops up every lane.
  func publish() async throws {
    for lane in [Lane.delta, .initial] {
      try await publish(lane)
      try await refill(lane)
    }
  }

  /// Marks jobs as queued, then publishes them: a message always finds its job waiting for a worker.
  private func publish(_ lane: Lane) async throws {
    let jobs = try await checkpoints.dispatch(
      tenant: tenant.name, lane: lane.rawValue, outstanding: tenant.concurrency, queued: limits.queueDepth,
      leader: leader)
    guard !jobs.isEmpty else { return }
    await markers.reached(.jobsDispatched)
    let refused = await withTaskGroup(of: DispatchedJob?.self) { group in
      for job in jobs { group.addTask { await send(job, lane) ? nil : job } }
      return await group.reduce(into: [DispatchedJob]()) { refused, job in if let job { refused.append(job) } }
    }
    if !refused.isEmpty { try await checkpoints.withdraw(refused, leader: leader) }
    try await checkpoints.announceWork()
  }

  /// - Returns: whether the broker has taken the job.
  private func send(_ job: DispatchedJob, _ lane: Lane) async -> Bool {
    do {
      try await publisher.publish(
        JobMessage(job: job.id, tenant: job.tenant, object: job.object, lane: lane, dispatch: job.dispatch))
      await markers.reached(.messagePublished)
      return true
    } catch {
      logger.warning("cannot publish a job", metadata: ["job": "\(job.id)", "error": "\(error)"])
      return false
    }
  }

  /// Publishes again what the broker has lost.
  private func refill(_ lane: Lane) async throws {
    guard let depth = try? await publisher.depth(tenant: tenant.name, lane: lane), depth == 0 else { return }
    let lost = try await checkpoints.withdrawLost(
      tenant: tenant.name, lane: lane.rawValue, olderThan: limits.lostAfter, leader: leader)
    if lost > 0 {
      logger.warning("the queue lost jobs; publishing them again", metadata: ["jobs": "\(lost)"])
      try await publish(lane)
    }
  }
}

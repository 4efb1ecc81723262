import Checkpoints
import JobQueue
import Logging
import ProgressMarkers
import SyncModel
import Tenants
import Veeva

/// The leader's work for one tenant: plan, publish, advance.
///
/// Two loops, so that reading a large schema or cutting a large object never holds up what can be published already.
struct TenantCycle: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let publisher: JobPublisher
  let limits: CoordinatorLimits
  let progress: WorkSignal
  let markers: ProgressMarkers
  let logger: Logger

  let pace: PollPace

  /// Longest wait between two looks.
  private static let slowestPoll = Duration.seconds(5)

  /// Works until the lead is lost.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      let planned = WorkSignal()
      group.addTask { await repeating("plan", wokenBy: planned) { try await plan(then: planned) } }
      group.addTask { await repeating("publish", wokenBy: progress) { try await publishAndAdvance() } }
      await group.next()
      group.cancelAll()
    }
  }

  /// Plans what is not planned yet.
  /// - Returns: how long to wait before the next look.
  private func plan(then planned: WorkSignal) async throws -> Duration {
    guard let cycle = try await openCycle() else { return Self.slowestPoll }
    let planner = ObjectPlanner(
      tenant: tenant, cycle: cycle, leader: leader, checkpoints: checkpoints, limits: limits, markers: markers,
      logger: logger)
    var wait = Self.slowestPoll
    for object in try await checkpoints.objects(tenant: tenant.name, cycle: cycle) {
      do {
        wait = min(wait, try await planner.advance(object))
      } catch let error where Trouble(error).scope == .object {
        logger.error("object stopped", metadata: ["object": "\(object.object)", "error": "\(error)"])
        try await checkpoints.failObject(object.object, error: "\(error)", tenant: tenant.name, leader: leader)
      }
      progress.raise()
    }
    return wait
  }

  /// Opens the cycle, with the objects that the configuration selects.
  private func openCycle() async throws -> Int64? {
    let organization = try await tenant.veeva.organizationID()
    try await checkpoints.bind(tenant: tenant.name, organization: organization)
    let cycle = try await checkpoints.openCycle(
      tenant: tenant.name, objects: tenant.selections.map(\.object), leader: leader)
    try await checkpoints.setError(nil, tenant: tenant.name, leader: leader)
    return cycle
  }

  /// Hands out what can be worked on, and closes what is complete.
  /// - Returns: how long to wait before the next look.
  private func publishAndAdvance() async throws -> Duration {
    let extracts = ExtractKeeper(
      tenant: tenant, leader: leader, checkpoints: checkpoints, limits: limits, pace: pace, markers: markers,
      logger: logger)
    let poll = try await extracts.advance()
    for lane in [Lane.initial] {
      try await publish(lane)
      try await refill(lane)
    }
    if let cycle = try await checkpoints.runningCycle(tenant: tenant.name) {
      let state = try await checkpoints.advance(tenant: tenant.name, cycle: cycle, leader: leader)
      if state != .running {
        await markers.reached(.cycleClosed)
        logger.info("cycle closed", metadata: ["tenant": "\(tenant.name)", "state": "\(state.rawValue)"])
      }
    }
    try await extracts.deleteFinished()
    let due = try await checkpoints.nextDue(tenant: tenant.name).map { Duration.milliseconds(max(10, $0)) }
    return min(poll, due ?? Self.slowestPoll, Self.slowestPoll)
  }

  /// Marks jobs as queued, then publishes them: a message always finds its job waiting for a worker.
  private func publish(_ lane: Lane) async throws {
    let jobs = try await checkpoints.dispatch(
      tenant: tenant.name, lane: lane.rawValue, outstanding: tenant.concurrency,
      queued: limits.queueDepth, leader: leader)
    guard !jobs.isEmpty else { return }
    await markers.reached(.jobsDispatched)
    let refused = await withTaskGroup(of: DispatchedJob?.self) { group in
      for job in jobs {
        group.addTask {
          do {
            try await publisher.publish(
              JobMessage(
                job: job.id, tenant: job.tenant, object: job.object, lane: lane, dispatch: job.dispatch))
            await markers.reached(.messagePublished)
            return nil
          } catch {
            logger.warning("cannot publish a job", metadata: ["job": "\(job.id)", "error": "\(error)"])
            return job
          }
        }
      }
      return await group.reduce(into: [DispatchedJob]()) { refused, job in if let job { refused.append(job) } }
    }
    if !refused.isEmpty { try await checkpoints.withdraw(refused, leader: leader) }
    try await checkpoints.announceWork()
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

  /// Repeats one of the two loops until the lead is lost. One tenant's trouble stops that tenant alone.
  private func repeating(
    _ duty: String, wokenBy signal: WorkSignal, _ body: @Sendable () async throws -> Duration
  ) async {
    let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    var failures = 0
    while !Task.isCancelled {
      var wait = Self.slowestPoll
      do {
        wait = try await body()
        failures = 0
      } catch is LeadershipLost {
        return
      } catch is CancellationError {
        return
      } catch let error as BudgetExhausted {
        wait = error.wait
        try? await checkpoints.setWaiting(error.reason.rawValue, for: error.wait, tenant: tenant.name)
      } catch {
        wait = backoff.delay(attempt: failures, chance: Double.random(in: 0..<1))
        failures += 1
        logger.error(
          "cannot \(duty)", metadata: ["tenant": "\(tenant.name)", "error": "\(error)", "next": "\(wait)"])
        if Trouble(error).scope == .tenant {
          try? await checkpoints.setError("\(error)", tenant: tenant.name, leader: leader)
        }
      }
      await signal.wait(atMost: wait)
    }
  }
}

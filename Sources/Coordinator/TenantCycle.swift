import Checkpoints
import JobQueue
import Logging
import ProgressMarkers
import SyncModel
import Tenants
import Veeva

/// The leader's work for one tenant: plan, publish, advance.
///
/// Each duty has a loop of its own, and so has the planning of each object: reading a large schema, cutting a large
/// object or waiting for a slow org never holds up what can go on already.
struct TenantCycle: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let publisher: JobPublisher
  let events: EventPublisher
  let limits: CoordinatorLimits
  /// Raised when workers have finished something, or an operator has changed something.
  let progress: WorkSignal
  let markers: ProgressMarkers
  let logger: Logger

  private let objects = ObjectSignals()
  private let extracts = WorkSignal()

  /// Longest wait between two looks.
  private static let slowestPoll = Duration.seconds(5)
  /// Time between two clearings of what has had its day.
  private static let retentionPause = Duration.seconds(60)

  init(
    tenant: Tenant, leader: LeaderStamp, checkpoints: CheckpointStore, publisher: JobPublisher, events: EventPublisher,
    limits: CoordinatorLimits, progress: WorkSignal, markers: ProgressMarkers, logger: Logger
  ) {
    self.tenant = tenant
    self.leader = leader
    self.checkpoints = checkpoints
    self.publisher = publisher
    self.events = events
    self.limits = limits
    self.progress = progress.follower()
    self.markers = markers
    self.logger = logger
  }

  private var duties: DutyLoop {
    DutyLoop(tenant: tenant.name, leader: leader, checkpoints: checkpoints, logger: logger)
  }

  /// Works until the lead is lost.
  func run() async {
    // What an earlier leader complained of may have passed; what has not is said again.
    try? await checkpoints.setError(nil, tenant: tenant.name, leader: leader)
    let lanes = LanePublisher(
      tenant: tenant, leader: leader, checkpoints: checkpoints, publisher: publisher, limits: limits,
      markers: markers, logger: logger)
    let keeper = ExtractKeeper(
      tenant: tenant, leader: leader, checkpoints: checkpoints, limits: limits,
      pace: PollPace(longest: tenant.longestPoll), markers: markers, logger: logger)
    let relay = EventRelay(
      tenant, leader: leader, checkpoints: checkpoints, publisher: events, woken: progress.follower(), logger: logger)
    let retention = Retention(tenant: tenant, leader: leader, checkpoints: checkpoints, logger: logger)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await planObjects() }
      group.addTask {
        await duties.run("publish", wokenBy: progress) {
          try await closeCycles()
          try await lanes.publish()
          return try await untilDue()
        }
      }
      group.addTask {
        await duties.run("read extracts", wokenBy: extracts) {
          let (wait, completed) = try await keeper.advance()
          if completed > 0 { progress.raise() }
          try await keeper.deleteFinished()
          return min(wait, Self.slowestPoll)
        }
      }
      group.addTask { await relay.run() }
      group.addTask {
        await duties.run("clear what is old", wokenBy: WorkSignal()) {
          try await retention.clear()
          return Self.retentionPause
        }
      }
      for errand in tenant.errands {
        let errands = ErrandPublisher(
          errand: errand, tenant: tenant, leader: leader, checkpoints: checkpoints, publisher: publisher,
          limits: limits, logger: logger)
        group.addTask {
          await duties.run("hand out \(errand.kind.rawValue)", wokenBy: progress.follower()) {
            min(try await errands.publish(), Self.slowestPoll)
          }
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  // MARK: Planning

  /// Plans the objects that are selected, each in a task of its own, also those that are selected later.
  private func planObjects() async {
    let (found, discovery) = AsyncStream.makeStream(of: SourceObject.self)
    await withDiscardingTaskGroup { group in
      group.addTask {
        await duties.run("select objects", wokenBy: WorkSignal()) {
          for object in try await select() { discovery.yield(object) }
          return Self.slowestPoll
        }
        discovery.finish()
      }
      var planned: Set<SourceObject> = []
      for await object in found where planned.insert(object).inserted {
        group.addTask {
          await duties.run("plan \(object)", wokenBy: objects.signal(of: object)) { try await plan(object) }
        }
      }
    }
  }

  /// Takes note of what the configuration selects now.
  private func select() async throws -> [SourceObject] {
    let organization = try await tenant.veeva.organizationID()
    try await checkpoints.bind(tenant: tenant.name, organization: organization)
    let selected = tenant.selections.map(\.object)
    try await checkpoints.select(selected, tenant: tenant.name, leader: leader)
    return selected
  }

  /// Takes the open cycles of an object a step further.
  /// - Returns: how long to wait before the next look.
  private func plan(_ object: SourceObject) async throws -> Duration {
    guard tenant.selections.contains(where: { $0.object == object }) else { return Self.slowestPoll }
    let planner = ObjectPlanner(
      tenant: tenant, leader: leader, checkpoints: checkpoints, limits: limits, markers: markers, logger: logger)
    var wait = Self.slowestPoll
    for cycle in try await checkpoints.openCycles(of: object, tenant: tenant.name, leader: leader) {
      do {
        if let next = try await planner.advance(cycle) { wait = min(wait, next) }
        if cycle.phase != .copying || cycle.needsSchema {
          progress.raise()
          extracts.raise()
        }
      } catch {
        try await planningFailed(cycle, error)
      }
    }
    let next = try await checkpoints.nextCycle(of: object, tenant: tenant.name)
    return min(wait, next.map { max($0, .milliseconds(20)) } ?? wait)
  }

  /// Stops a cycle whose trouble will not pass, or does not though the org answers; others go on.
  private func planningFailed(_ cycle: OpenCycle, _ error: any Error) async throws {
    let isAnswer = (error as? VeevaError).map { !$0.isInterruption && $0.disposition.countsAsFailure } ?? false
    let isHopeless = Trouble(error).scope == .object
    guard isHopeless || isAnswer && cycle.failures + 1 >= limits.retry.maxFailures else {
      if isAnswer { try await checkpoints.countFailure(of: cycle.id, leader: leader) }
      throw error
    }
    let reason = isHopeless ? "\(error)" : "\(PlanningGivenUp(tries: cycle.failures + 1, reason: "\(error)"))"
    logger.error(
      "object stopped",
      metadata: [
        "tenant": "\(tenant.name)", "object": "\(cycle.object)", "cycle": "\(cycle.kind.rawValue)",
        "error": "\(reason)",
      ])
    try await checkpoints.fail(
      cycle, error: reason, tenant: tenant.name, retryAfter: tenant.times.failurePause, leader: leader)
  }

  // MARK: Closing

  /// Ends cycles that are complete, and wakes the planning of their objects, which then waits for the next one to be
  /// due, and of those that are due.
  private func closeCycles() async throws {
    let times = tenant.times
    let closed = try await checkpoints.closeCycles(
      tenant: tenant.name, pause: times.restPause, copyPause: limits.endsAfterCopy ? times.restPause : .zero,
      failurePause: times.failurePause, leader: leader)
    if !closed.isEmpty { extracts.raise() }
    for cycle in closed {
      await markers.reached(.cycleClosed)
      logger.log(
        level: cycle.kind == .delta && cycle.phase == .done ? .debug : .info, "cycle closed",
        metadata: [
          "tenant": "\(tenant.name)", "object": "\(cycle.object)", "cycle": "\(cycle.kind.rawValue)",
          "state": "\(cycle.phase.rawValue)",
        ])
      objects.raise(cycle.object)
    }
    for object in try await checkpoints.dueObjects(tenant: tenant.name) { objects.raise(object) }
  }

  private func untilDue() async throws -> Duration {
    let due = try await checkpoints.nextDue(tenant: tenant.name).map { Duration.milliseconds(max(10, $0)) }
    return min(due ?? Self.slowestPoll, Self.slowestPoll)
  }
}

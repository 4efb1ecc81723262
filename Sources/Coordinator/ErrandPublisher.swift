import Checkpoints
import JobQueue
import Logging
import SyncModel
import Tenants

/// Hands out one errand of a tenant: asks what is due, and puts as many parts on the queue as workers would find
/// something to do.
struct ErrandPublisher: Sendable {
  let errand: any Errand
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let publisher: JobPublisher
  let limits: CoordinatorLimits
  let logger: Logger

  /// - Returns: how long to wait before the next look.
  func publish() async throws -> Duration {
    try await refill()
    let demand = try await errand.demand()
    let parts = try await checkpoints.dispatch(
      errand.kind, parts: min(demand.workers, tenant.concurrency), tenant: tenant.name, leader: leader)
    for part in parts where await !send(part) {
      try await checkpoints.withdraw(part, of: errand.kind, tenant: tenant.name, leader: leader)
    }
    if !parts.isEmpty { try await checkpoints.announceWork() }
    let due = try await checkpoints.nextDue(errand.kind, tenant: tenant.name)
    return min(demand.askAgain, due.map { max($0, .milliseconds(20)) } ?? demand.askAgain)
  }

  /// - Returns: whether the broker has taken it.
  private func send(_ part: DispatchedErrand) async -> Bool {
    do {
      try await publisher.publish(
        JobMessage(errand: errand.kind.rawValue, part: part.part, tenant: tenant.name, dispatch: part.dispatch))
      return true
    } catch {
      logger.warning(
        "cannot publish an errand",
        metadata: ["tenant": "\(tenant.name)", "errand": "\(errand.kind.rawValue)", "error": "\(error)"])
      return false
    }
  }

  /// Takes back what the broker has lost.
  private func refill() async throws {
    guard let depth = try? await publisher.depth(tenant: tenant.name, lane: .writeback), depth == 0 else { return }
    let lost = try await checkpoints.withdrawLost(
      errand.kind, olderThan: limits.lostAfter, tenant: tenant.name, leader: leader)
    if lost > 0 {
      logger.warning("the queue lost errands; publishing them again", metadata: ["errands": "\(lost)"])
    }
  }
}

public import Checkpoints
import Foundation
import Logging
public import SyncModel
public import Veeva

/// Says that the API budget of a tenant is used up for now. This is no failure: the work goes on later by itself.
public struct BudgetExhausted: Error, Sendable, CustomStringConvertible {
  public let tenant: String
  public let reason: APIBudget.Reason
  /// How long to wait.
  public let wait: Duration

  public var description: String { "tenant \(tenant) waits \(wait.components.seconds) s: \(reason.rawValue)" }
}

/// The API budget of one tenant, shared with all processes through the checkpoints.
///
/// Asks the database at most once a second and tells it at most once a second, so that a budget costs next to
/// nothing; the server's own count, which comes with every answer, keeps all processes honest.
public actor SharedBudget: LimitObserver {
  private let tenant: String
  private let share: Double
  private let checkpoints: CheckpointStore
  private let readsOnly: Bool
  private let clock = ContinuousClock()
  private var known = APIBudget()
  /// The database's clock minus this process's, as of the last look.
  private var databaseTime: (instant: Instant, at: ContinuousClock.Instant)?
  private var lastTold: ContinuousClock.Instant?
  /// What came too soon after that.
  private var untold: LimitInfo?
  /// Requests of this process, by endpoint.
  public private(set) var requests: [String: Int] = [:]

  /// A budget of which `share` is ours to use.
  /// - Parameter readsOnly: whether others are told nothing, and may not even have a budget yet.
  public init(tenant: String, share: Double, checkpoints: CheckpointStore, readsOnly: Bool = false) {
    self.tenant = tenant
    self.share = share
    self.checkpoints = checkpoints
    self.readsOnly = readsOnly
  }

  /// - Throws: ``BudgetExhausted`` while calls have to wait.
  public func beforeRequest() async throws {
    if case .wait(let until, let reason) = known.permit(share: share, at: try await now()) {
      // No answer will tell it now, and others would not know why nothing goes on.
      if let untold { await tell(untold) }
      throw BudgetExhausted(tenant: tenant, reason: reason, wait: try await wait(until: until))
    }
  }

  public func answered(_ usage: LimitInfo?, endpoint: String) async {
    requests[endpoint, default: 0] += 1
    guard let usage, let instant = try? await now() else { return }
    known.answered(used: usage.used, allowed: usage.allowed, at: instant)
    if readsOnly { return }
    if let lastTold, clock.now - lastTold < .seconds(1) {
      untold = usage
      return
    }
    await tell(usage)
  }

  private func tell(_ usage: LimitInfo) async {
    lastTold = clock.now
    untold = nil
    let (used, allowed) = (usage.used, usage.allowed)
    // Failing to tell is no reason to fail the call: the next answer tells again.
    try? await checkpoints.updateBudget(of: tenant) { budget, now in
      budget.answered(used: used, allowed: allowed, at: now)
    }
  }

  public func refused(_ limit: RequestLimit) async -> any Error {
    let reason: APIBudget.Reason = limit == .daily ? .dailyLimit : .concurrency
    if !readsOnly {
      try? await checkpoints.updateBudget(of: tenant) { budget, now in budget.refused(reason, at: now) }
    }
    databaseTime = nil
    return BudgetExhausted(
      tenant: tenant, reason: reason,
      wait: reason == .concurrency ? APIBudget.concurrencyPause : APIBudget.recheck)
  }

  private func now() async throws -> Instant {
    if let databaseTime, clock.now - databaseTime.at < .seconds(1) {
      return databaseTime.instant.advanced(by: clock.now - databaseTime.at)
    }
    let instant: Instant
    do {
      let budget: APIBudget
      (budget, instant) = try await checkpoints.budget(of: tenant)
      known = budget
    } catch  where readsOnly {
      instant = Instant(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
    }
    databaseTime = (instant, clock.now)
    return instant
  }

  private func wait(until: Instant) async throws -> Duration {
    let now = try await now()
    return .milliseconds(max(100, until.milliseconds - now.milliseconds))
  }
}

import Checkpoints
import Logging
import SyncModel
import Tenants

/// Repeats one duty of a tenant's leader until the lead is lost. One tenant's trouble stops that tenant alone.
struct DutyLoop: Sendable {
  let tenant: String
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let logger: Logger

  /// Repeats a body, which says how long to wait before it is due again.
  /// - Parameters:
  ///   - duty: what the body does, for the log: `plan`, `publish`.
  ///   - signal: ends the wait.
  func run(
    _ duty: String, wokenBy signal: WorkSignal, _ body: @Sendable () async throws -> Duration
  ) async {
    let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    var failures = 0
    var isTenantInTrouble = false
    while !Task.isCancelled {
      var wait: Duration
      do {
        wait = try await body()
        failures = 0
        if isTenantInTrouble {
          try? await checkpoints.setError(nil, tenant: tenant, leader: leader)
          isTenantInTrouble = false
        }
      } catch is LeadershipLost {
        return
      } catch is CancellationError {
        return
      } catch let error as BudgetExhausted {
        wait = error.wait
        try? await checkpoints.setWaiting(error.reason.rawValue, for: error.wait, tenant: tenant)
      } catch {
        wait = backoff.delay(attempt: failures, chance: .random(in: 0..<1))
        failures += 1
        logger.error("cannot \(duty)", metadata: ["tenant": "\(tenant)", "error": "\(error)", "next": "\(wait)"])
        if Trouble(error).scope == .tenant {
          isTenantInTrouble = true
          try? await checkpoints.setError("\(error)", tenant: tenant, leader: leader)
        }
      }
      await signal.wait(atMost: wait)
    }
  }
}

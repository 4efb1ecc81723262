import Checkpoints
import JobQueue
import Logging
import SyncModel
import Tenants
import Veeva

/// One part of an errand in one slot, from the message to its acknowledgement.
struct ErrandRun: Sendable {
  let checkpoints: CheckpointStore
  let puller: JobPuller
  let tenants: [String: Tenant]
  let limits: WorkerLimits
  let stopping: StopSignal
  let logger: Logger

  /// Claim, work, lay to rest; then acknowledge.
  func run(_ message: PulledJob) async {
    do {
      if let kind = message.message.errand.flatMap(ErrandKind.init),
        let errand = tenants[message.tenant]?.errands.first(where: { $0.kind == kind }),
        let claim = try await checkpoints.claim(
          kind, part: message.job, tenant: message.tenant, worker: limits.name, lease: limits.lease)
      {
        try await record(await workHoldingLease(of: claim, errand), of: claim)
      }
      await puller.finish(message)
    } catch {
      logger.error(
        "could not record the outcome of an errand",
        metadata: ["tenant": "\(message.tenant)", "errand": "\(message.message.object)", "error": "\(error)"])
      // A database that is away is left alone for a moment: the message comes again at once.
      if !stopping.isSet { try? await Task.sleep(for: limits.retry.wait(afterInterruptions: 0, chance: 1)) }
      await puller.giveBack(message)
    }
  }

  private enum Ending: Sendable {
    case ended
    case stopped
    case failed(any Error)
    /// The lease was lost; whoever has it now lays the part to rest.
    case fenced
  }

  private func work(_ errand: any Errand) async throws -> Ending {
    let end = ContinuousClock.now + limits.jobTime
    let stopping = stopping
    let isStopping: @Sendable () -> Bool = { stopping.isSet || ContinuousClock.now > end }
    try await errand.run(isStopping: isStopping)
    return isStopping() ? .stopped : .ended
  }

  private func workHoldingLease(of claim: ClaimedErrand, _ errand: any Errand) async -> Ending {
    let (checkpoints, lease) = (checkpoints, limits.lease)
    return await holding(
      lease: lease, fenced: .fenced, renew: { try await checkpoints.renew(claim, lease: lease) },
      isAway: { error in
        logger.warning("could not renew the lease of an errand", metadata: claim.metadata.with("error", "\(error)"))
      }
    ) {
      do { return try await work(errand) } catch { return .failed(error) }
    }
  }

  private func record(_ ending: Ending, of claim: ClaimedErrand) async throws {
    let chance = Double.random(in: 0..<1)
    switch ending {
    case .ended: try await checkpoints.rest(claim, ended: true)
    case .stopped: try await checkpoints.rest(claim, ended: false)
    case .fenced: logger.warning("the lease was lost; another worker goes on", metadata: claim.metadata)
    case .failed(let error):
      switch FailureTable.ending(for: error) {
      case .handedBack(let delay, let reason):
        if let reason {
          try await checkpoints.rest(claim, after: delay, error: reason, isFailure: false)
        } else {
          try await checkpoints.rest(claim, ended: false)
        }
      case .interrupted(let atLeast, let reason):
        let delay = max(atLeast, limits.retry.wait(afterInterruptions: claim.failures, chance: chance))
        try await checkpoints.rest(claim, after: delay, error: reason, isFailure: false)
      default:
        // An errand has no end, and so no dead letter: a hopeless one is tried as seldom as the longest pause allows.
        let delay = limits.retry.backoff.delay(attempt: claim.failures, chance: chance)
        logger.warning("errand failed", metadata: claim.metadata.with("error", "\(error)").with("next", "\(delay)"))
        try await checkpoints.rest(claim, after: delay, error: "\(error)", isFailure: true)
      }
    }
  }
}

extension ClaimedErrand {
  /// What every log line about an errand carries.
  var metadata: Logger.Metadata {
    ["tenant": "\(tenant)", "errand": "\(kind.rawValue)", "part": "\(part)", "token": "\(token)"]
  }
}

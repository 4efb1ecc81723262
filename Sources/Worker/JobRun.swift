import Checkpoints
import JobQueue
import Logging
import PostgresDestination
import ProgressMarkers
import SyncModel
import Tenants

/// One job in one slot, from the message to its acknowledgement.
struct JobRun: Sendable {
  let checkpoints: CheckpointStore
  let puller: JobPuller
  let tenants: [String: Tenant]
  let limits: WorkerLimits
  let stopping: StopSignal
  let markers: ProgressMarkers
  let logger: Logger

  /// Claim, then per page: fetch, map, upsert, checkpoint; then acknowledge.
  func run(_ message: PulledJob) async {
    do {
      if let tenant = tenants[message.tenant],
        let job = try await checkpoints.claim(message.job, worker: limits.name, lease: limits.lease)
      {
        await markers.reached(.claimed)
        let ending = await copyHoldingLease(of: job, tenant: tenant)
        try await record(ending, of: job)
      } else {
        // Somebody else has it, or had it: a duplicate or late message.
        logger.debug("job is not waiting for a worker", metadata: ["job": "\(message.job)"])
      }
      await puller.finish(message)
      await markers.reached(.acknowledged)
    } catch {
      logger.error("could not record the outcome of a job", metadata: ["job": "\(message.job)", "error": "\(error)"])
      // A database that is away is left alone for a moment: the message comes again at once.
      if !stopping.isSet { try? await Task.sleep(for: limits.retry.wait(afterInterruptions: 0, chance: 1)) }
      await puller.giveBack(message)
    }
  }

  private func copyHoldingLease(of job: ClaimedJob, tenant: Tenant) async -> JobEnding {
    let (checkpoints, lease) = (checkpoints, limits.lease)
    return await holding(
      lease: lease, fenced: .fenced, renew: { try await checkpoints.renew(job, lease: lease) },
      isAway: { error in
        logger.warning("could not renew the lease", metadata: job.metadata.with("error", "\(error)"))
      }
    ) {
      do { return try await copyPages(of: job, tenant: tenant) } catch { return FailureTable.ending(for: error) }
    }
  }

  private func copyPages(of job: ClaimedJob, tenant: Tenant) async throws -> JobEnding {
    let started = ContinuousClock.now
    let source = PageSource(veeva: tenant.veeva, partition: job.partition, pageRows: limits.pageRows)
    var position = job.position
    while true {
      let page = try await copyPage(at: position, of: job, from: source, tenant: tenant)
      await markers.reached(.pageCommitted)
      if page.isLast { return .finished }
      position = page.position
      if stopping.isSet { return .handedBack(after: .zero, reason: nil) }
      if ContinuousClock.now - started > limits.jobTime { return .handedBack(after: .zero, reason: nil) }
    }
  }

  /// Copies one page; when rows of it exist already, once more by merging.
  private func copyPage(
    at position: Position, of job: ClaimedJob, from source: PageSource, tenant: Tenant
  ) async throws -> PageCheckpoint {
    do {
      return try await streamPage(at: position, of: job, from: source, tenant: tenant)
    } catch is PageConflict {
      var merging = position
      merging.mayExist = true
      return try await streamPage(at: merging, of: job, from: source, tenant: tenant)
    }
  }

  private func streamPage(
    at position: Position, of job: ClaimedJob, from source: PageSource, tenant: Tenant
  ) async throws -> PageCheckpoint {
    var page = try await source.page(at: position)
    return try await tenant.withPageWriter(for: job.mapping, mode: job.writeMode(at: position)) { writer in
      await markers.reached(.pageFetching)
      while let batch = try await page.nextBatch() {
        try await writer.write(batch)
        await markers.reached(.pageCopying)
      }
      await markers.reached(.pageWritten)
      return try await commit(page, writer: writer, position: position, of: job)
    }
  }

  private func commit(
    _ page: SourcePage, writer: PageWriter, position: Position, of job: ClaimedJob
  ) async throws -> PageCheckpoint {
    let next = page.position(after: position)
    let isLast = page.isLast
    let lease = limits.lease
    let checkpoint: @Sendable (PageResult) -> PageCheckpoint = { result in
      PageCheckpoint(position: next, rows: result.rows, rejects: result.rejects, isLast: isLast)
    }
    if writer.sharesCheckpoints {
      let result = try await writer.commit { result, db in
        try CheckpointStore.commitPage(checkpoint(result), of: job, lease: lease, on: db)
      }
      guard let result else { throw Fenced() }
      return checkpoint(result)
    }
    // Two databases, two commits: a lease that is already lost is noticed before the first one.
    guard try await checkpoints.renew(job, lease: lease),
      let result = try await writer.commit(alongside: { _, _ in true }),
      try await checkpoints.commitPage(checkpoint(result), of: job, lease: lease)
    else { throw Fenced() }
    return checkpoint(result)
  }

  private func record(_ ending: JobEnding, of job: ClaimedJob) async throws {
    let chance = Double.random(in: 0..<1)
    switch ending {
    case .finished:
      // The coordinator looks by itself, too: nothing is lost with a notification.
      try? await checkpoints.announceProgress()
      await markers.reached(.jobFinished)
    case .handedBack(let delay, let reason): _ = try await checkpoints.handBack(job, after: delay, reason: reason)
    case .interrupted(let atLeast, let reason):
      let delay = max(atLeast, limits.retry.wait(afterInterruptions: job.interruptions, chance: chance))
      logger.warning("job interrupted", metadata: job.metadata.with("error", reason).with("next", "\(delay)"))
      _ = try await checkpoints.interrupt(job, after: delay, reason: reason)
    case .fenced: logger.warning("the lease was lost; another worker goes on", metadata: job.metadata)
    case .extractLost(let error):
      let retry = limits.retry.decide(.transient, failures: job.failures, chance: chance)
      _ = try await checkpoints.loseExtract(job, retry: retry, error: error)
    case .failed(let kind, let error, let needsSchema):
      let retry = limits.retry.decide(kind, failures: job.failures, chance: chance)
      logger.warning("job failed", metadata: job.metadata.with("error", error).with("next", "\(retry)"))
      _ = try await checkpoints.fail(job, retry: retry, error: error, needsSchema: needsSchema)
    }
  }
}

import Checkpoints
import Logging
import ProgressMarkers
import SyncModel
import Tenants
import Veeva

/// Keeps a bounded number of bulk jobs going in the source: creates them, waits for them, deletes them when their
/// rows are safe. While a bulk job runs, no delivery and no slot waits for it.
struct ExtractKeeper: Sendable {
  let tenant: Tenant
  let leader: LeaderStamp
  let checkpoints: CheckpointStore
  let limits: CoordinatorLimits
  let pace: PollPace
  let markers: ProgressMarkers
  let logger: Logger

  /// Finished bulk jobs that are deleted in one go.
  private static let deletions = 20

  /// Creates and polls bulk jobs.
  /// - Returns: how long to wait before the next look, and how many bulk jobs are complete.
  func advance() async throws -> (wait: Duration, completed: Int) {
    let jobs = try await checkpoints.extractingJobs(tenant: tenant.name, open: tenant.openBulkJobs)
    guard !jobs.isEmpty else { return (.seconds(5), 0) }
    let missing = jobs.filter { $0.bulkJob == nil }
    for job in missing { try await create(job) }
    if !missing.isEmpty { pace.asked(isNews: true) }
    let waiting = jobs.compactMap { job in job.bulkJob.map { (job, $0) } }
    guard !waiting.isEmpty, pace.wait == .zero else { return (pace.wait, 0) }
    await markers.reached(.extractWaiting)
    let completed = try await poll(waiting)
    pace.asked(isNews: completed > 0)
    return (completed > 0 ? .zero : pace.wait, completed)
  }

  private func create(_ job: ExtractingJob) async throws {
    let object = job.partition.object
    do {
      let created = try await tenant.veeva.createQueryJob(
        job.partition.bulkStatement, object: object.apiName, includeDeleted: job.partition.includesDeleted)
      await markers.reached(.extractCreated)
      try await checkpoints.extractCreated(job.id, bulkJob: created.id, leader: leader)
    } catch let error as VeevaError {
      // What is away, or concerns the whole tenant, is no fault of this job.
      if error.isInterruption || error.isTenantScoped { throw error }
      switch error.disposition {
      case .waitForLimit: throw error
      case .refreshSchema:
        try await checkpoints.flagSchema(of: object, tenant: tenant.name, leader: leader)
        try await fail(job, .transient, error)
      case .hopeless where error.code == .notForBulk: try await readByREST(job)
      case .restartExtract, .retry: try await fail(job, .transient, error)
      case .hopeless: try await fail(job, .hopeless, error)
      }
    }
  }

  private func readByREST(_ job: ExtractingJob) async throws {
    do {
      try tenant.requireREST(for: job.partition, limits: limits.planning)
      try await checkpoints.readByREST(job.partition.object, tenant: tenant.name, leader: leader)
    } catch let error as UnsupportedObject {
      try await fail(job, .hopeless, error)
    }
  }

  /// Asks after each bulk job.
  /// - Returns: how many are complete.
  private func poll(_ waiting: [(ExtractingJob, String)]) async throws -> Int {
    var completed: [String] = []
    for (job, bulkJob) in waiting {
      do {
        switch try await tenant.veeva.jobState(bulkJob, object: job.partition.object.apiName) {
        case .uploadComplete, .inProgress: continue
        case .jobComplete: completed.append(bulkJob)
        case .failed(let message): try await fail(job, .transient, message)
        case .aborted: try await fail(job, .transient, "bulk job \(bulkJob) was aborted by somebody else")
        }
        pace.answered(bulkJob)
      } catch let error as VeevaError where error.isGone {
        try await fail(job, .transient, error)
      } catch let error as VeevaError where Trouble(error).scope == .object {
        try await fail(job, .hopeless, error)
      } catch let error as VeevaError where error.disposition == .retry && !error.isInterruption {
        // An answer that says nothing about the bulk job: it is asked after again, but not for ever.
        let times = pace.refused(bulkJob)
        guard times >= limits.retry.maxFailures else { continue }
        pace.answered(bulkJob)
        try await fail(job, .hopeless, "asked \(times) times after bulk job \(bulkJob), the last time: \(error)")
      }
    }
    if !completed.isEmpty {
      try await checkpoints.extractsCompleted(completed, tenant: tenant.name, leader: leader)
    }
    return completed.count
  }

  private func fail(_ job: ExtractingJob, _ kind: FailureKind, _ reason: some CustomStringConvertible) async throws {
    let retry = limits.retry.decide(kind, failures: job.failures, chance: Double.random(in: 0..<1))
    logger.warning(
      "a bulk job failed",
      metadata: [
        "tenant": "\(tenant.name)", "object": "\(job.partition.object)", "job": "\(job.id)", "error": "\(reason)",
        "next": "\(retry)",
      ])
    try await checkpoints.extractFailed(job.id, retry: retry, error: "\(reason)", leader: leader)
  }

  /// Tells the source that it may forget the results of jobs whose every page is committed here.
  func deleteFinished() async throws {
    for (job, bulkJob) in try await checkpoints.extractsToDelete(tenant: tenant.name, limit: Self.deletions) {
      do {
        try await tenant.veeva.delete(bulkJob, object: nil)
      } catch let error as VeevaError where error.isGone {
        // It was deleted before, or its seven days are over.
      } catch let error as VeevaError where Trouble(error).scope == .object {
        logger.warning(
          "cannot delete a bulk job; the org forgets it by itself after seven days",
          metadata: ["tenant": "\(tenant.name)", "bulkJob": "\(bulkJob)", "error": "\(error)"])
      }
      await markers.reached(.extractDeleted)
      try await checkpoints.extractDeleted(job, leader: leader)
    }
  }
}

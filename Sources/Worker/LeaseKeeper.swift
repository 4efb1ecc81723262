import Checkpoints
import Logging
import SyncModel

extension JobRun {
  /// Does a job's work while a second task prolongs its lease; ends the work when the lease is lost.
  ///
  /// Pages prolong the lease when they are committed. This is for pages that take longer than a lease.
  func holdingLease(
    of job: ClaimedJob, _ work: @escaping @Sendable () async throws -> JobEnding
  ) async -> JobEnding {
    await withTaskGroup(of: JobEnding?.self) { group in
      group.addTask {
        do { return try await work() } catch { return FailureTable.ending(for: error) }
      }
      group.addTask { await keepLease(of: job) }
      defer { group.cancelAll() }
      while let ending = await group.next() {
        if let ending { return ending }
      }
      return .handedBack(after: .zero, reason: nil)
    }
  }

  /// Ends with `fenced` when the lease is lost, with `nil` when the work has ended.
  private func keepLease(of job: ClaimedJob) async -> JobEnding? {
    while true {
      do {
        try await Task.sleep(for: limits.lease / 3)
        if try await !checkpoints.renew(job, lease: limits.lease) { return .fenced }
      } catch is CancellationError {
        return nil
      } catch {
        // The database may be away for a moment; the lease outlives two missed renewals.
        logger.warning("could not renew the lease", metadata: job.metadata.with("error", "\(error)"))
      }
    }
  }
}

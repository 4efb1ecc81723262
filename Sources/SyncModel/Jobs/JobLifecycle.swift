/// Something that happened to a job. Times are the database's.
public enum JobEvent: Sendable, Equatable {
  /// The coordinator created the partition's bulk job.
  case extractCreated(bulkJob: String)
  /// The bulk job is complete: its results can be read.
  case extractCompleted(bulkJob: String)
  /// The bulk job failed, was aborted, or could not be created.
  case extractFailed(retry: RetryDecision)
  /// The Bulk API does not take the object: its jobs are read by REST.
  case refusedByBulk
  /// The leader takes the job for the queue.
  case dispatched
  /// The broker did not take, or lost, the message of that dispatch.
  case messageLost(dispatch: Int64)
  /// A worker took the message and asks for the lease.
  case claimed(lease: Duration)
  /// The holder is alive and still at work.
  case renewed(token: Int64, lease: Duration)
  /// A page is committed, and this position with it.
  case pageCommitted(token: Int64, position: Position, lease: Duration)
  /// The last page is committed.
  case finished(token: Int64)
  /// The holder gives the rest back: its time was up, it is shutting down, or the budget is used up.
  case handedBack(token: Int64, after: Duration)
  /// Something outside was away: a connection, a gateway, a server, room on its disk. No error of the work.
  case interrupted(token: Int64, after: Duration)
  /// The work went wrong.
  case failed(token: Int64, retry: RetryDecision)
  /// The bulk job's results are gone: the partition starts over.
  case extractLost(token: Int64, retry: RetryDecision)
  /// The lease ran out: the worker vanished.
  case leaseExpired(token: Int64)
  /// A person sent a dead letter back to work.
  case retried
  /// A person gave a dead letter up: the rest of its partition is not copied.
  case discarded
}

/// What is to be done about a failure; see ``RetryPolicy``.
public enum RetryDecision: Sendable, Equatable {
  case retry(after: Duration)
  case deadLetter
}

/// The rules of a job's life: an event that happened goes in, the job after it comes out.
///
/// The database applies the same rules as `UPDATE … WHERE id = ? AND state = ? AND token = ?`. An event that no
/// longer fits changes nothing: somebody else decided first, which is no error.
public enum JobLifecycle {
  /// Consecutive workers that may vanish with a job, no page committed between, before it is parked: it takes
  /// them down.
  public static let mostVanished = 10

  /// Applies an event.
  /// - Returns: `false` when the event does not fit the job as it is now, which then is unchanged.
  public static func apply(_ event: JobEvent, to job: inout Job, now: Instant) -> Bool {
    switch event {
    case .extractCreated, .extractCompleted, .extractFailed, .refusedByBulk: extract(event, &job, now)
    case .dispatched, .messageLost, .claimed, .retried, .discarded: handOut(event, &job, now)
    case .renewed, .pageCommitted, .finished, .handedBack, .interrupted, .failed, .extractLost, .leaseExpired:
      hold(event, &job, now)
    }
  }

  private static func extract(_ event: JobEvent, _ job: inout Job, _ now: Instant) -> Bool {
    guard job.state == .extracting else { return false }
    switch event {
    case .extractCreated(let bulkJob) where job.position.bulkJob == nil:
      job.position.bulkJob = bulkJob
    case .extractCompleted(let bulkJob) where job.position.bulkJob == bulkJob:
      job.state = .runnable
      job.dueAt = now
    case .extractFailed(let retry):
      // The lost extract goes first: where the job rests depends on whether it has one.
      job.position = job.position.restarted()
      fail(&job, retry, now)
    case .refusedByBulk:
      job.method = .rest
      job.state = .runnable
      job.dueAt = now
    default: return false
    }
    return true
  }

  private static func handOut(_ event: JobEvent, _ job: inout Job, _ now: Instant) -> Bool {
    switch (event, job.state) {
    case (.dispatched, .runnable) where job.dueAt <= now:
      job.state = .queued
      job.dispatch += 1
    case (.messageLost(let dispatch), .queued) where dispatch == job.dispatch:
      job.state = .runnable
    case (.claimed(let lease), .queued):
      job.state = .leased
      job.token += 1
      job.leaseUntil = now.advanced(by: lease)
    case (.retried, .dead):
      job.failures = 0
      job.vanished = 0
      job.dueAt = now
      job.state = restState(of: job)
    case (.discarded, .dead): job.state = .done
    default: return false
    }
    return true
  }

  private static func hold(_ event: JobEvent, _ job: inout Job, _ now: Instant) -> Bool {
    guard job.state == .leased else { return false }
    switch event {
    case .renewed(job.token, let lease):
      job.leaseUntil = now.advanced(by: lease)
      return true
    case .pageCommitted(job.token, let position, let lease):
      job.position = position
      job.failures = 0
      job.vanished = 0
      job.leaseUntil = now.advanced(by: lease)
      return true
    case .finished(job.token):
      job.state = .done
    case .handedBack(job.token, let after):
      job.state = .runnable
      job.dueAt = now.advanced(by: after)
    case .interrupted(job.token, let after):
      job.interruptions += 1
      job.state = .runnable
      job.dueAt = now.advanced(by: after)
    case .failed(job.token, let retry):
      fail(&job, retry, now)
    case .extractLost(job.token, let retry):
      job.position = job.position.restarted()
      fail(&job, retry, now)
    case .leaseExpired(job.token):
      guard let until = job.leaseUntil, until < now else { return false }
      job.interruptions += 1
      job.vanished += 1
      job.state = job.vanished >= mostVanished ? .dead : .runnable
      job.dueAt = now
    default: return false
    }
    job.leaseUntil = nil
    return true
  }

  private static func fail(_ job: inout Job, _ retry: RetryDecision, _ now: Instant) {
    job.failures += 1
    switch retry {
    case .retry(let after):
      job.state = restState(of: job)
      job.dueAt = now.advanced(by: after)
    case .deadLetter:
      job.state = .dead
    }
  }

  /// Where a job waits while nobody works on it: for its extract, when it has none.
  private static func restState(of job: Job) -> JobState {
    job.method == .bulk && job.position.bulkJob == nil ? .extracting : .runnable
  }
}

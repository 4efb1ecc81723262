import NIOConcurrencyHelpers

/// The org's bulk ingest jobs.
final class IngestJobs: Sendable {
  private struct State {
    var jobs: [String: IngestJob] = [:]
    var created = 0
    var tasks: [String: Task<Void, Never>] = [:]
  }

  /// Some jobs run, others queue.
  let turnstile = Turnstile()
  private let state = NIOLockedValueBox(State())
  private let clock: VirtualClock
  private let retention: Int

  init(clock: VirtualClock, retention: Duration) {
    self.clock = clock
    self.retention = Int(retention.components.seconds)
  }

  /// Creates a job, which waits for its file.
  func create(_ make: (String) -> IngestJob) -> IngestJob {
    state.withLockedValue { state in
      state.created += 1
      // Far from the ids of query jobs.
      let job = make(BulkJobs.id(state.created + 500_000_000))
      state.jobs[job.id] = job
      return job
    }
  }

  /// The job, as long as the org keeps it.
  func job(_ id: String) -> IngestJob? {
    guard let job = state.withLockedValue({ $0.jobs[id] ?? $0.jobs.first { $0.key.prefix(15) == id }?.value })
    else { return nil }
    guard let finished = job.now.finished, finished + retention < clock.seconds else { return job }
    remove(job)
    return nil
  }

  var all: [IngestJob] { state.withLockedValue { $0.jobs.values.sorted { $0.id < $1.id } } }

  /// Starts a job whose file is complete.
  func start(_ job: IngestJob, _ run: @escaping @Sendable () async -> Void) {
    // Under the lock, so that the task is noted before it can end.
    state.withLockedValue { state in
      state.tasks[job.id] = Task {
        await run()
        self.state.withLockedValue { $0.tasks[job.id] = nil }
      }
    }
  }

  /// Stops work on a job; what it has written stays.
  func stop(_ job: IngestJob) { state.withLockedValue { $0.tasks[job.id] }?.cancel() }

  func remove(_ job: IngestJob) {
    state.withLockedValue { $0.jobs[job.id] = nil }
    stop(job)
  }

  /// Stops all work.
  func shutdown() async {
    let tasks = state.withLockedValue { Array($0.tasks.values) }
    for task in tasks { task.cancel() }
    turnstile.open()
    for task in tasks { await task.value }
  }
}

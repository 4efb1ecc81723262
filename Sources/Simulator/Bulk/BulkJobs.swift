import NIOConcurrencyHelpers

/// The org's bulk query jobs: some run, others queue.
final class BulkJobs: Sendable {
  private struct State {
    var jobs: [String: BulkJob] = [:]
    var created = 0
    var tasks: [String: Task<Void, Never>] = [:]
  }

  private let state = NIOLockedValueBox(State())
  private let turnstile = Turnstile()
  private let spool: Spool
  private let changes: LiveData
  private let clock: VirtualClock
  private let faults: FaultBoard<SimulatedFault>
  private let settings: @Sendable () -> Settings
  private let retention: Int

  init(
    spool: Spool, changes: LiveData, clock: VirtualClock, faults: FaultBoard<SimulatedFault>, retention: Duration,
    settings: @escaping @Sendable () -> Settings
  ) {
    self.spool = spool
    self.changes = changes
    self.clock = clock
    self.faults = faults
    self.settings = settings
    self.retention = Int(retention.components.seconds)
  }

  /// Creates a job and starts it as soon as there is room.
  func create(_ make: (String) -> BulkJob) -> BulkJob {
    let number = state.withLockedValue {
      $0.created += 1
      return $0.created
    }
    let job = make(Self.id(number + 1_000_000))
    // Under the lock, so that the task is noted before it can end.
    state.withLockedValue { state in
      state.jobs[job.id] = job
      state.tasks[job.id] = Task { await run(job) }
    }
    return job
  }

  /// The id of a bulk job.
  static func id(_ number: Int) -> String {
    var sink = ByteSink()
    sink.append("7505g0")
    sink.reserve(16)
    IDLayout.putBase62(UInt64(number), &sink)
    IDChecksum.put(&sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  /// The job, as long as the org keeps it.
  func job(_ id: String) -> BulkJob? {
    guard let job = state.withLockedValue({ $0.jobs[id] ?? $0.jobs.first { $0.key.prefix(15) == id }?.value })
    else { return nil }
    guard let finished = job.now.finished, finished + retention < clock.seconds else { return job }
    state.withLockedValue { $0.jobs[job.id] = nil }
    return nil
  }

  var all: [BulkJob] { state.withLockedValue { $0.jobs.values.sorted { $0.id < $1.id } } }

  func abort(_ job: BulkJob) async {
    job.move(to: .aborted, at: clock.seconds)
    state.withLockedValue { $0.tasks[job.id] }?.cancel()
    if settings().forgetsFinishedJobs { await remove(job) }
  }

  /// Forgets the job and, where the org forgets at once, its results.
  func remove(_ job: BulkJob) async {
    let task = state.withLockedValue { state in
      state.jobs[job.id] = nil
      return state.tasks[job.id]
    }
    job.cancel()
    task?.cancel()
    if settings().forgetsFinishedJobs { await spool.forget(job.order) }
  }

  /// Stops all work.
  func shutdown() async {
    let tasks = state.withLockedValue { state in
      for job in state.jobs.values { job.cancel() }
      return Array(state.tasks.values)
    }
    turnstile.open()
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  private func run(_ job: BulkJob) async {
    let started = ContinuousClock.now
    let faults = faults.fire(statement: job.order.statement.text)
    await turnstile.enter(most: settings().concurrentJobs)
    defer { leave(job.id) }
    guard job.move(to: .inProgress, at: clock.seconds), !job.now.isCancelled else { return }
    do {
      let file = try await spool.file(
        job.order, of: changes.snapshot, progress: { job.add(rows: $0) }, isCancelled: { job.now.isCancelled })
      let slow = faults.filter { $0.kind == .slowJob }.reduce(0) { $0 + ($1.milliseconds ?? 1000) }
      let due = started + settings().jobDelay + .milliseconds(slow)
      if due > .now { try await Task.sleep(until: due, clock: .continuous) }
      end(job, file, faults)
    } catch {
      job.move(to: .failed, at: clock.seconds, message: "InternalServerError: the results could not be written")
    }
  }

  private func end(_ job: BulkJob, _ file: SpoolFile, _ faults: [SimulatedFault]) {
    if faults.contains(where: { $0.kind == .jobFailed }) {
      job.move(
        to: .failed, at: clock.seconds,
        message: "ApiBatchItems: Batch failed: the server could not process the query; retries exhausted, add a filter")
    } else if faults.contains(where: { $0.kind == .jobAborted }) {
      job.move(to: .aborted, at: clock.seconds)
    } else {
      job.move(to: .jobComplete, at: clock.seconds, file: file)
    }
  }

  private func leave(_ id: String) {
    state.withLockedValue { $0.tasks[id] = nil }
    turnstile.leave()
  }
}

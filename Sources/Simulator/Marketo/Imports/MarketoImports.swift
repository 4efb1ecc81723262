import NIOConcurrencyHelpers

/// The queue of bulk imports: some run, the others wait, first come first served (reference 2, 11).
final class MarketoImports: Sendable {
  private struct State {
    var jobs: [Int: ImportJob] = [:]
    /// Files of those that have not ended.
    var files: [Int: [UInt8]] = [:]
    var queue: [Int] = []
    var running: [Int: Task<Void, Never>?] = [:]
    var nextID = 1001
    var isShutDown = false
  }

  /// Where rows wait before they are written.
  let writes = HoldPoint()
  private let state = NIOLockedValueBox(State())
  private let retention: Double

  init(retention: Duration) { self.retention = retention.seconds }

  /// Queues an import.
  func add(_ job: ImportJob, file: [UInt8], _ instance: MarketoInstance) throws(MarketoReason) -> ImportJob {
    let most = instance.settings.queuedImports
    let outcome: Result<ImportJob, MarketoReason> = state.withLockedValue { state in
      let open = state.jobs.values.filter { !$0.isEnded }
      guard open.count < most else { return .failure(.tooManyImports) }
      if let list = job.list, open.contains(where: { $0.list == list }) { return .failure(.importRunning) }
      var job = job
      job.id = state.nextID
      state.nextID += 1
      state.jobs[job.id] = job
      state.files[job.id] = file
      state.queue.append(job.id)
      return .success(job)
    }
    let added = try outcome.get()
    startNext(instance)
    return added
  }

  /// An import, or `nil` when it is unknown or older than it is kept.
  func job(_ id: Int, now: Double) -> ImportJob? {
    state.withLockedValue { state in
      guard let job = state.jobs[id], now - job.created < retention else { return nil }
      return job
    }
  }

  var all: [ImportJob] { state.withLockedValue { $0.jobs.values.sorted { $0.id < $1.id } } }

  func change(_ id: Int, _ body: (inout ImportJob) -> Void) {
    state.withLockedValue { state in
      guard var job = state.jobs.removeValue(forKey: id) else { return }
      body(&job)
      state.jobs[id] = job
    }
  }

  private func startNext(_ instance: MarketoInstance) {
    let most = instance.settings.concurrentImports
    while true {
      let next: (job: ImportJob, file: [UInt8])? = state.withLockedValue { state in
        guard state.running.count < most, !state.isShutDown, let id = state.queue.first else { return nil }
        state.queue.removeFirst()
        state.running[id] = .some(nil)
        state.jobs[id]?.status = .importing
        guard let job = state.jobs[id] else { return nil }
        return (job, state.files.removeValue(forKey: id) ?? [])
      }
      guard let next else { return }
      let task = Task {
        await ImportRunner(instance: instance, job: next.job).run(next.file)
        self.ended(next.job.id)
        self.startNext(instance)
      }
      state.withLockedValue { state in
        // It may have ended already.
        if state.running[next.job.id] != nil { state.running[next.job.id] = task }
        if state.isShutDown { task.cancel() }
      }
    }
  }

  private func ended(_ id: Int) { state.withLockedValue { $0.running[id] = nil } }

  func shutdown() {
    let running = state.withLockedValue { state in
      state.isShutDown = true
      return state.running.values.compactMap { $0 }
    }
    for task in running { task.cancel() }
    writes.set(false)
  }
}

import SyncModel

/// What a worker does, one thing at a time.
extension World {
  /// Work after which the rest of a job is handed back.
  private static let jobTime: Int64 = 600_000
  private static let poll: Int64 = 10_000

  mutating func stepWorker(_ index: Int, choice: Int) throws(Violation) {
    wakeAt[index] = now + pause()
    switch workers[index].phase {
    case .idle: takeMessage(index, choice)
    case .claiming: try claim(index)
    case .fetching: try fetch(index)
    case .committing: try commit(index)
    case .checkpointing: try commitRest(index)
    case .recording: try record(index)
    case .acknowledging: try acknowledge(index)
    }
  }

  private mutating func takeMessage(_ index: Int, _ choice: Int) {
    if workers[index].isStopping {
      note("worker \(index) starts anew")
      workers[index] = ModelWorker(clockOffset: workers[index].clockOffset)
    }
    guard !broker.ready.isEmpty else {
      wakeAt[index] = now + Self.poll
      return
    }
    let message = broker.take(at: choice)
    note("worker \(index) takes the message of job \(message.job), dispatch \(message.dispatch)")
    workers[index].message = message
    workers[index].holdsDelivery = true
    workers[index].phase = .claiming
  }

  private mutating func claim(_ index: Int) throws(Violation) {
    let job = workers[index].message.job
    if case .claimIgnoresState = defect, jobs[job].state == .leased { jobs[job].state = .queued }
    guard JobLifecycle.apply(.claimed(lease: Scenario.lease), to: &jobs[job], now: instant) else {
      note("worker \(index) cannot claim job \(job), which is \(jobs[job].state)")
      workers[index].phase = .acknowledging
      return
    }
    let claim = try referee.claimed(job, now: now)
    note("worker \(index) claims job \(job) with token \(jobs[job].token)")
    claimedAt[job] = now
    workers[index].claim = claim
    workers[index].token = jobs[job].token
    workers[index].position = jobs[job].position
    workers[index].failures = jobs[job].failures
    workers[index].startedAt = now + workers[index].clockOffset
    workers[index].slowSteps = 0
    workers[index].phase = .fetching
    if case .acknowledgedBeforeCommit = defect { try settle(index) }
  }

  private mutating func fetch(_ index: Int) throws(Violation) {
    let job = workers[index].message.job
    if workers[index].slowSteps > 0 {
      workers[index].slowSteps -= 1
      wakeAt[index] = now + Scenario.leaseTime / 3
      renew(index)
      return
    }
    if scenario.poison == job, workers[index].position.pages > 0 {
      crashWorker(index)
      return
    }
    if let ending = troubleOfFetch(job, index) {
      end(index, ending)
      return
    }
    let (from, to) = range(of: job)
    guard
      let page = source.page(
        at: workers[index].position, method: jobs[job].method, from: from, to: to, rows: scenario.pageRows)
    else {
      end(index, .extractLost)
      return
    }
    note("worker \(index) has fetched records \(page.from)..<\(page.to) of job \(job)")
    referee.fetched += 1
    workers[index].page = page
    workers[index].phase = .committing
  }

  /// What goes wrong with a page, if something does.
  private mutating func troubleOfFetch(_ job: Int, _ index: Int) -> ModelWorker.Ending? {
    if scenario.hopeless == job, jobs[job].method == .rest { return .hopeless }
    switch armed {
    case .workError:
      guard mayFail(job) else { return nil }
      armed = nil
      return .failed
    case .limitReached:
      armed = nil
      return .limited
    case .serverAway:
      armed = nil
      return .interrupted
    case .slowPage:
      armed = nil
      workers[index].slowSteps = 6
      return nil
    default: return nil
    }
  }

  private mutating func renew(_ index: Int) {
    let worker = workers[index]
    let job = worker.message.job
    let event = JobEvent.renewed(token: worker.token, lease: Scenario.lease)
    if JobLifecycle.apply(event, to: &jobs[job], now: instant) {
      referee.leaseEnd[job] = now + Scenario.leaseTime
    } else {
      note("worker \(index) cannot renew its lease of job \(job)")
      workers[index].phase = .acknowledging
    }
  }

  mutating func end(_ index: Int, _ ending: ModelWorker.Ending) {
    note("worker \(index) ends its work on job \(workers[index].message.job): \(ending)")
    workers[index].ending = ending
    workers[index].page = nil
    workers[index].phase = .recording
  }

  /// Records how the work ended, unless somebody else has the job by now.
  private mutating func record(_ index: Int) throws(Violation) {
    let worker = workers[index]
    let job = worker.message.job
    workers[index].phase = .acknowledging
    let known = { if case .failuresCountedFromClaim = defect { worker.failures } else { jobs[job].failures } }()
    let retry = Scenario.retry.decide(
      worker.ending == .hopeless ? .hopeless : .transient, failures: known, chance: isTimeless ? 0 : 0.5)
    let event: JobEvent =
      switch worker.ending {
      case .handedBack:
        defect == .handedBackAsFailure
          ? .failed(token: worker.token, retry: retry) : .handedBack(token: worker.token, after: .zero)
      case .limited: .handedBack(token: worker.token, after: .seconds(30))
      case .interrupted:
        defect == .lostConnectionCountsAsFailure
          ? .failed(token: worker.token, retry: retry)
          : .interrupted(
            token: worker.token,
            after: Scenario.retry.wait(
              afterInterruptions: jobs[job].interruptions, chance: isTimeless ? 0 : 0.5))
      case .failed, .hopeless: .failed(token: worker.token, retry: retry)
      case .extractLost: .extractLost(token: worker.token, retry: retry)
      }
    guard JobLifecycle.apply(event, to: &jobs[job], now: instant) else {
      note("worker \(index) is no longer asked about job \(job)")
      return
    }
    switch worker.ending {
    case .handedBack, .limited: referee.holder[job] = 0
    case .interrupted: referee.interrupted(job)
    case .failed, .hopeless: referee.failed(job, restarts: false)
    case .extractLost:
      referee.failed(job, restarts: true)
      if case .restartKeepsLocator = defect { jobs[job].position.locator = worker.position.locator }
    }
    try referee.check(jobs[job], job)
    try checkDead(job)
    notifyCoordinators()
  }

  /// A job is parked only where it has to be.
  func checkDead(_ job: Int) throws(Violation) {
    if scenario.poison == job {
      let isOver = referee.vanished[job] >= JobLifecycle.mostVanished
      if isOver != (jobs[job].state == .dead) {
        throw Violation(
          .poisonIsParked, "job \(job) is \(jobs[job].state) after \(referee.vanished[job]) vanished workers")
      }
    } else if jobs[job].state == .dead, scenario.hopeless != job {
      throw Violation(.everyJobEnds, "job \(job) is dead, with \(jobs[job].failures) failures")
    }
  }

  private mutating func acknowledge(_ index: Int) throws(Violation) {
    try settle(index)
    workers[index].phase = .idle
    workers[index].page = nil
    if !workers[index].isStopping, broker.ready.isEmpty { wakeAt[index] = now + Self.poll }
  }

  /// Tells the broker that a message is dealt with.
  private mutating func settle(_ index: Int) throws(Violation) {
    guard workers[index].holdsDelivery else { return }
    workers[index].holdsDelivery = false
    let message = workers[index].message
    let job = message.job
    note("worker \(index) acknowledges job \(job), dispatch \(message.dispatch)")
    if jobs[job].state == .queued, jobs[job].dispatch == message.dispatch {
      throw Violation(.acknowledgedLast, "job \(job) still waits for a worker")
    }
    if jobs[job].state == .leased, referee.holder[job] == workers[index].claim {
      throw Violation(.acknowledgedLast, "job \(job) is still at work")
    }
  }

  /// Whether the worker gives the rest of its job back at this page boundary.
  func handsBack(_ worker: ModelWorker) -> Bool {
    worker.isStopping || now + worker.clockOffset - worker.startedAt > Self.jobTime
  }
}

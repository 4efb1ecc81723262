import SyncModel

/// What a coordinator does, one thing at a time.
extension World {
  private static let slowestPoll: Int64 = 5_000
  private static let extractPoll: Int64 = 2_000
  private static let sweepInterval: Int64 = 5_000
  private static let lostAfter: Int64 = 15_000

  mutating func stepCoordinator(_ index: Int) throws(Violation) {
    let actor = scenario.workers + index
    wakeAt[actor] = now + pause()
    if coordinators[index].pending != .none { return try finish(index) }
    if coordinators[index].askAt <= steady { return try ask(index) }
    guard trusts(index) else {
      wakeAt[actor] = now + coordinators[index].askAt - steady
      return
    }
    if createExtract(index) || askAfterExtract(index) { return }
    if try dispatch(index) { return }
    if refill(index) { return }
    if try sweep(index) { return }
    if try deleteExtract(index) { return }
    wakeAt[actor] = now + nextLook(index)
  }

  private func nextLook(_ index: Int) -> Int64 {
    var wait = min(Self.slowestPoll, coordinators[index].askAt - steady)
    for job in jobs {
      switch job.state {
      case .runnable where job.dueAt.milliseconds > now: wait = min(wait, job.dueAt.milliseconds - now)
      case .extracting: wait = min(wait, max(500, coordinators[index].pollAt - steady))
      default: break
      }
    }
    return max(10, wait)
  }

  /// Whether a coordinator believes that it leads.
  func trusts(_ index: Int) -> Bool {
    if case .trustWithoutEnd = defect { return coordinators[index].leadership.grant != nil }
    return coordinators[index].leadership.term(at: .milliseconds(steady)) != nil
  }

  /// Takes or renews the leader's lease.
  private mutating func ask(_ index: Int) throws(Violation) {
    coordinators[index].askAt = steady + Scenario.termTime / 3
    let name = coordinators[index].name
    guard lead.holder == name || lead.expiresAt <= now else {
      coordinators[index].leadership.lost()
      coordinators[index].term = 0
      return
    }
    if lead.holder != name || lead.expiresAt <= now {
      lead.term += 1
      note("coordinator \(index) leads, term \(lead.term)")
      progress()
    }
    lead.holder = name
    lead.expiresAt = now + Scenario.termTime
    _ = coordinators[index].leadership.granted(term: lead.term, askedAt: .milliseconds(steady))
    coordinators[index].term = lead.term
    for other in 0..<scenario.coordinators where other != index && databaseOffset == 0 && trusts(other) {
      throw Violation(.oneLeaderAtATime, "coordinators \(index) and \(other)")
    }
  }

  /// Begins a transaction of the leader.
  private mutating func mayWrite(_ index: Int) throws(Violation) -> Bool {
    let isUnfenced = if case .leaderWritesWithoutTerm = defect { true } else { false }
    if isUnfenced || (lead.holder == coordinators[index].name && lead.term == coordinators[index].term) {
      try referee.led(lead, by: coordinators[index].name, term: coordinators[index].term)
      return true
    }
    note("coordinator \(index) finds its term over")
    coordinators[index].leadership.lost()
    coordinators[index].term = 0
    return false
  }

  // MARK: Bulk jobs

  private mutating func createExtract(_ index: Int) -> Bool {
    var open = 0
    for job in jobs where job.state == .extracting && job.position.bulkJob != nil { open += 1 }
    guard open < scenario.openExtracts else { return false }
    for job in 0..<scenario.jobs where jobs[job].state == .extracting {
      guard jobs[job].position.bulkJob == nil, jobs[job].dueAt.milliseconds <= now else { continue }
      if scenario.hopeless == job {
        coordinators[index].pending = .extractRefused(job: job)
        return true
      }
      let takes = isTimeless ? 0 : Int64(chance.below(12_000))
      let extract = source.create(for: job, readyAt: now + takes)
      if case .extractFails = armed, mayFail(job) {
        armed = nil
        source.extracts[extract].state = .failed
      }
      note("coordinator \(index) creates bulk job \(extract) for job \(job)")
      coordinators[index].pending = .extractCreated(job: job, extract: extract)
      return true
    }
    return false
  }

  private mutating func askAfterExtract(_ index: Int) -> Bool {
    guard isTimeless || coordinators[index].pollAt <= steady else { return false }
    for job in 0..<scenario.jobs where jobs[job].state == .extracting {
      guard let name = jobs[job].position.bulkJob else { continue }
      let extract = Names.number(name)
      let state = source.state(of: extract, now: now)
      if state == .running { continue }
      coordinators[index].pending = .extractAsked(job: job, extract: extract, complete: state == .complete)
      return true
    }
    coordinators[index].pollAt = steady + Self.extractPoll
    return false
  }

  private mutating func deleteExtract(_ index: Int) throws(Violation) -> Bool {
    for job in 0..<scenario.jobs where jobs[job].method == .bulk && !extractDeleted[job] {
      guard let name = jobs[job].position.bulkJob else { continue }
      let isEarly = { if case .extractDeletedBeforeCommit = defect { jobs[job].state == .leased } else { false } }()
      guard jobs[job].state == .done || isEarly else { continue }
      note("coordinator \(index) deletes bulk job \(name) of job \(job)")
      if jobs[job].state != .done { throw Violation(.extractDeletedLast, "job \(job) is \(jobs[job].state)") }
      if scenario.isForgetful { source.extracts[Names.number(name)].state = .gone }
      coordinators[index].pending = .extractDeleted(job: job)
      return true
    }
    return false
  }

  // MARK: The queue

  private mutating func dispatch(_ index: Int) throws(Violation) -> Bool {
    var queued = 0
    var due: Int?
    for job in 0..<scenario.jobs {
      if jobs[job].state == .queued { queued += 1 }
      guard jobs[job].state == .runnable, jobs[job].dueAt.milliseconds <= now else { continue }
      if let first = due, jobs[first].dueAt <= jobs[job].dueAt { continue }
      due = job
    }
    guard queued < scenario.queueDepth, let job = due else { return false }
    if case .publishedBeforeMarkedAndNoRefill = defect {
      publish(Message(job: job, dispatch: jobs[job].dispatch + 1))
      coordinators[index].pending = .mark(job: job)
      return true
    }
    guard try mayWrite(index), mark(job) else { return true }
    coordinators[index].pending = .publish(job: job, dispatch: jobs[job].dispatch)
    return true
  }

  private mutating func mark(_ job: Int) -> Bool {
    guard JobLifecycle.apply(.dispatched, to: &jobs[job], now: instant) else { return false }
    queuedAt[job] = now
    note("job \(job) is queued, dispatch \(jobs[job].dispatch)")
    return true
  }

  private mutating func publish(_ message: Message) {
    broker.publish(message)
    notifyWorkers()
  }

  /// The queue is empty though jobs were put there long ago: the broker has lost them.
  private mutating func refill(_ index: Int) -> Bool {
    switch defect {
    case .publishedBeforeMarkedAndNoRefill, .lostMessagesStayLost: return false
    default: break
    }
    guard broker.ready.isEmpty else { return false }
    for job in 0..<scenario.jobs where jobs[job].state == .queued && queuedAt[job] + Self.lostAfter < now {
      coordinators[index].pending = .refill
      return true
    }
    return false
  }

  // MARK: Leases

  private mutating func sweep(_ index: Int) throws(Violation) -> Bool {
    if case .expiredLeasesStay = defect { return false }
    guard isTimeless || coordinators[index].sweepAt <= steady else { return false }
    coordinators[index].sweepAt = steady + Self.sweepInterval
    var swept = false
    for job in 0..<scenario.jobs where jobs[job].state == .leased {
      guard isExpired(job, index) else { continue }
      if case .rescueByIDAlone = defect {
        coordinators[index].pending = .rescue(job: job, token: jobs[job].token)
        return true
      }
      guard try mayWrite(index) else { return true }
      try rescue(job)
      swept = true
    }
    return swept
  }

  private func isExpired(_ job: Int, _ index: Int) -> Bool {
    guard let until = jobs[job].leaseUntil?.milliseconds else { return false }
    switch defect {
    case .rescueByElapsedTime: return claimedAt[job] + Scenario.leaseTime < now
    case .leaseJudgedByLocalClock: return until < now + coordinators[index].clockOffset
    default: return until < now
    }
  }

  private mutating func rescue(_ job: Int) throws(Violation) {
    try referee.rescued(job, now: now)
    guard JobLifecycle.apply(.leaseExpired(token: jobs[job].token), to: &jobs[job], now: instant) else {
      throw Violation(.leaseIsRespected, "the rules refuse what the referee allows")
    }
    note("job \(job) is taken back from a vanished worker")
    if case .interruptionCountsAsFailure = defect { jobs[job].failures += 1 }
    if case .vanishedWorkersForgotten = defect {
      jobs[job].vanished = 0
      jobs[job].state = .runnable
    }
    progress()
    try referee.check(jobs[job], job)
    try checkDead(job)
  }

  // MARK: Second halves

  private mutating func finish(_ index: Int) throws(Violation) {
    let pending = coordinators[index].pending
    coordinators[index].pending = .none
    if case .publish(let job, let dispatch) = pending { return send(index, Message(job: job, dispatch: dispatch)) }
    guard try mayWrite(index) else { return }
    switch pending {
    case .none, .publish: break
    case .extractCreated(let job, let extract):
      if JobLifecycle.apply(.extractCreated(bulkJob: Names.name(extract)), to: &jobs[job], now: instant) {
        progress()
      }
    case .extractRefused(let job): try failExtract(job, .hopeless)
    case .extractAsked(let job, let extract, let complete):
      if !complete {
        try failExtract(job, .transient)
      } else if JobLifecycle.apply(.extractCompleted(bulkJob: Names.name(extract)), to: &jobs[job], now: instant) {
        note("bulk job \(extract) of job \(job) is complete")
        progress()
      }
    case .mark(let job): _ = mark(job)
    case .withdraw(let job, let dispatch):
      _ = JobLifecycle.apply(.messageLost(dispatch: dispatch), to: &jobs[job], now: instant)
    case .refill:
      for job in 0..<scenario.jobs where jobs[job].state == .queued && queuedAt[job] + Self.lostAfter < now {
        note("the message of job \(job) is lost")
        _ = JobLifecycle.apply(.messageLost(dispatch: jobs[job].dispatch), to: &jobs[job], now: instant)
      }
    case .rescue(let job, _): if jobs[job].state == .leased { try rescue(job) }
    case .extractDeleted(let job): extractDeleted[job] = true
    }
  }

  private mutating func failExtract(_ job: Int, _ kind: FailureKind) throws(Violation) {
    let retry = Scenario.retry.decide(kind, failures: jobs[job].failures, chance: isTimeless ? 0 : 0.5)
    guard JobLifecycle.apply(.extractFailed(retry: retry), to: &jobs[job], now: instant) else { return }
    note("the bulk job of job \(job) failed")
    referee.failures[job] += 1
    referee.nextRecord[job] = nil
    progress()
    try referee.check(jobs[job], job)
    try checkDead(job)
  }

  private mutating func send(_ index: Int, _ message: Message) {
    let withdraw = ModelCoordinator.Pending.withdraw(job: message.job, dispatch: message.dispatch)
    switch armed {
    case .publishRefused:
      armed = nil
      coordinators[index].pending = withdraw
    case .publishUnknown:
      armed = nil
      publish(message)
      coordinators[index].pending = withdraw
    case .publishLost: armed = nil
    default: publish(message)
    }
  }
}

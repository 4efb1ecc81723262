import SyncModel

/// How a page gets into the destination, with its position or beside it.
extension World {
  /// Commits the page in hand: in one transaction with its position, or before it where the destination is another
  /// database.
  mutating func commit(_ index: Int) throws(Violation) {
    guard let page = workers[index].page else { return }
    let job = workers[index].message.job
    if case .stopDropsThePage = defect, workers[index].isStopping { return end(index, .handedBack) }
    if case .positionBeforePage = defect {
      guard try checkpoint(index, page) else { return lose(index) }
      workers[index].phase = .checkpointing
      return
    }
    if !workers[index].position.mayExist, let there = (page.from..<page.to).first(where: { rows[$0] != 0 }) {
      note("worker \(index) finds record \(there) there already")
      conflict(index)
      return
    }
    let isApart = !scenario.isOneDatabase || defect == .pageOutsideTransaction
    if isApart {
      if scenario.isOneDatabase { try referee.wrote(job, by: workers[index].claim) }
      try write(page, of: job)
      workers[index].phase = .checkpointing
      return
    }
    guard try checkpoint(index, page) else { return lose(index) }
    try write(page, of: job)
    try proceed(index, after: page)
  }

  /// The second half, where page and position are not one transaction.
  mutating func commitRest(_ index: Int) throws(Violation) {
    guard let page = workers[index].page else { return }
    if case .positionBeforePage = defect {
      try write(page, of: workers[index].message.job)
    } else {
      guard try checkpoint(index, page) else { return lose(index) }
    }
    try proceed(index, after: page)
  }

  private mutating func lose(_ index: Int) {
    note("worker \(index) finds the lease of job \(workers[index].message.job) lost")
    // Whoever has the job now fetches this page, too.
    referee.cuts += 1
    workers[index].page = nil
    workers[index].phase = .acknowledging
  }

  /// Rows are there that were not expected: the page is fetched once more, to be merged.
  private mutating func conflict(_ index: Int) {
    referee.cuts += 1
    workers[index].page = nil
    if case .restartInsertsAgain = defect { return end(index, .failed) }
    workers[index].position.mayExist = true
    workers[index].phase = .fetching
  }

  private mutating func write(_ page: ModelPage, of job: Int) throws(Violation) {
    for record in page.from..<page.to {
      let version = page.versions[record]
      let isGuarded = if case .noStampGuard = defect { false } else { true }
      if rows[record] <= version || !isGuarded {
        try referee.replaced(record, version: rows[record], by: version)
        rows[record] = version
      }
      referee.committedBy[record] |= 1 << UInt8(job)
    }
  }

  /// Records the position after a page; the last page finishes the job in the same transaction.
  /// - Returns: `false` when the worker no longer holds the lease.
  private mutating func checkpoint(_ index: Int, _ page: ModelPage) throws(Violation) -> Bool {
    let worker = workers[index]
    let job = worker.message.job
    let token = { if case .pagesAreNotFenced = defect { jobs[job].token } else { worker.token } }()
    var next = page.next
    next.mayExist = worker.position.mayExist
    let event = JobEvent.pageCommitted(token: token, position: next, lease: Scenario.lease)
    guard JobLifecycle.apply(event, to: &jobs[job], now: instant) else { return false }
    try referee.checkpointed(job, page, by: worker.claim, start: range(of: job).from, now: now)
    note("worker \(index) commits records \(page.from)..<\(page.to) of job \(job), last: \(page.isLast)")
    progress()
    if page.isLast {
      _ = JobLifecycle.apply(.finished(token: token), to: &jobs[job], now: instant)
      if case .leaseOutlivesTheJob = defect { jobs[job].leaseUntil = instant }
      referee.holder[job] = 0
      notifyCoordinators()
    }
    try referee.check(jobs[job], job)
    return true
  }

  private mutating func proceed(_ index: Int, after page: ModelPage) throws(Violation) {
    workers[index].page = nil
    workers[index].position = page.next
    workers[index].position.mayExist = jobs[workers[index].message.job].position.mayExist
    if case .answerLost = armed {
      armed = nil
      let job = workers[index].message.job
      if mayFail(job) { return end(index, .failed) }
    }
    if page.isLast {
      workers[index].phase = .acknowledging
    } else if handsBack(workers[index]) {
      end(index, .handedBack)
    } else {
      workers[index].phase = .fetching
    }
  }
}

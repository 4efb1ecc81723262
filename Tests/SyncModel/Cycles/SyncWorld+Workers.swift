import SyncModel

/// What a worker does, one thing at a time: take a job and read a page, then commit it.
extension SyncWorld {
  mutating func stepWorker(_ index: Int) throws(CycleViolation) {
    guard readers[index].frozenUntil <= now else { return }
    if readers[index].page != nil { return try commit(index) }
    if readers[index].job == nil, !claim(index) { return }
    try read(index)
  }

  private mutating func claim(_ index: Int) -> Bool {
    var ready: [Int] = []
    for job in jobs.indices where isReady(job) { ready.append(job) }
    guard !ready.isEmpty else { return false }
    let job = ready[chance.below(ready.count)]
    if jobs[job].kind == scenario.slow, !isQuiet, chance.below(25) > 0 { return false }
    jobs[job].state = .leased
    jobs[job].token += 1
    jobs[job].leaseUntil = now + SyncScenario.lease
    readers[index] = Reader(job: job, token: jobs[job].token, mapping: jobs[job].mapping)
    return true
  }

  private func isReady(_ job: Int) -> Bool {
    switch jobs[job].state {
    case .runnable:
      // Bulk jobs are made for cycles that go on, by a schema that is known.
      guard jobs[job].dueAt <= now else { return false }
      guard jobs[job].isBulk, jobs[job].extract == nil else { return true }
      return !object.needsSchema && object.underWay.contains { $0.id == jobs[job].cycle && $0.phase == .copying }
    case .leased: return jobs[job].leaseUntil < now
    case .done, .dead: return false
    }
  }

  private mutating func read(_ index: Int) throws(CycleViolation) {
    guard let job = readers[index].job else { return }
    guard jobs[job].state == .leased, jobs[job].token == readers[index].token else {
      readers[index] = Reader()
      return
    }
    org.calls += 1
    let limit = ModelOrg.pageRows
    let isRefused = mappings[readers[index].mapping].hasField && !org.hasField && jobs[job].extract == nil
    if org.isHidden || isRefused { return try fail(index, needsSchema: true) }
    jobs[job].pages += 1
    if jobs[job].pages > 60 + org.records.count * 4 {
      throw CycleViolation(.noLoop, "a job of \(jobs[job].pages) pages")
    }
    if jobs[job].isBulk {
      if jobs[job].extract == nil {
        jobs[job].extract = query(job, readers[index].mapping, limit: .max)
        // Its results are read later: it stands for itself from now on.
        return giveBack(index)
      }
      let all = jobs[job].extract ?? []
      let end = min(all.count, jobs[job].taken + limit)
      readers[index].page = Array(all[jobs[job].taken..<end])
      readers[index].isLast = end == all.count
    } else {
      let page = query(job, readers[index].mapping, limit: limit)
      readers[index].page = page
      readers[index].isLast = page.count < limit
      readers[index].next = page.last.map { Keyset(stamp: $0.record.stamp, id: $0.id) }
    }
  }

  private func query(_ job: Int, _ mapping: Int, limit: Int) -> [PageRecord] {
    let it = jobs[job]
    return read(it.kind, it.extent, it.window, it.range, mapping, after: it.after, limit: limit)
  }

  private mutating func giveBack(_ index: Int) {
    if let job = readers[index].job, jobs[job].token == readers[index].token { jobs[job].state = .runnable }
    readers[index] = Reader()
  }

  /// A failure of the work; the schema may be why.
  mutating func fail(_ index: Int, isHopeless: Bool = false, needsSchema: Bool = false) throws(CycleViolation) {
    guard let job = readers[index].job else { return }
    let token = readers[index].token
    readers[index] = Reader()
    guard jobs[job].state == .leased, jobs[job].token == token else { return }
    jobs[job].failures += 1
    jobs[job].dueAt = now + 60
    let isDead = isHopeless || jobs[job].failures >= SyncScenario.mostFailures
    jobs[job].state = isDead ? .dead : .runnable
    if isDead { try apply(.jobDead(cycle: jobs[job].cycle)) }
    if needsSchema { try apply(.schemaDrifted) }
  }

  // MARK: Committing

  private mutating func commit(_ index: Int) throws(CycleViolation) {
    guard let job = readers[index].job, let page = readers[index].page else { return }
    readers[index].page = nil
    let holds = jobs[job].state == .leased && jobs[job].token == readers[index].token
    // In one database the page and its checkpoint are one transaction. In another one the page comes first, and that of
    // a delta or a back-fill may come when nobody wants it any more. One that is late by a change of the selection as
    // well is left out: nothing but verify finds what it does (docs/deltas.md).
    let mayBeLate =
      !scenario.isOneDatabase && jobs[job].kind != .initial && readers[index].mapping == mappings.count - 1
    if holds || mayBeLate { try table.write(page, purpose(of: job, mapping: readers[index].mapping)) }
    guard holds else {
      readers[index] = Reader()
      return
    }
    if jobs[job].isSuperseded { throw CycleViolation(.onlyTheHolderCommits, "a job of cycle \(jobs[job].cycle)") }
    if !scenario.isOneDatabase, !isQuiet, chance.below(20) == 0 {
      // The worker vanished between the page and its checkpoint.
      readers[index] = Reader()
      return
    }
    try checkpoint(index, job, page)
  }

  private mutating func checkpoint(_ index: Int, _ job: Int, _ page: [PageRecord]) throws(CycleViolation) {
    jobs[job].failures = 0
    jobs[job].leaseUntil = now + SyncScenario.lease
    if defect != .keysetNotAdvanced {
      jobs[job].taken += page.count
      jobs[job].after = readers[index].next ?? jobs[job].after
    }
    if readers[index].isLast {
      jobs[job].state = .done
      jobs[job].extract = nil
      readers[index] = Reader()
      try apply(.jobDone(cycle: jobs[job].cycle))
    } else if !isQuiet, chance.below(6) == 0 {
      giveBack(index)
    }
  }

  private func purpose(of job: Int, mapping: Int) -> ModelTable.Purpose {
    let mapped = mappings[mapping]
    let began = jobs[job].window.from.milliseconds / 1000
    var purpose = ModelTable.Purpose(
      hasField: mapped.hasField, types: mapped.types, eventsSince: .min, silentBefore: .min)
    switch jobs[job].kind {
    case .initial: purpose.isCopy = true
    case .delta: if defect == .deltaIsSilent { purpose.eventsSince = .max }
    case .backfill:
      purpose.silentBefore = began
      purpose.eventsSince = defect == .backfillIsSilent ? .max : began
    }
    return purpose
  }
}

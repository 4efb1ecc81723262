import SyncModel

/// What happens in the source, in the configuration, and to the processes.
extension SyncWorld {
  /// A change of some record, which other transactions may still hold.
  mutating func changeSource() {
    guard chance.below(6) > 0 else { return org.create(randomRecord(), at: now, delay: delay()) }
    if scenario.hasMassTouches, chance.below(12) == 0 { return touchMany() }
    let id = chance.below(org.records.count)
    guard !org.isHeld(id), var record = org.records[id] else { return }
    switch scenario.isAboutTypes && chance.below(2) == 0 ? 10 : chance.below(12) {
    case 0..<4: record.value = chance.below(1000)
    case 4: record.field = chance.below(1000)
    case 5: if scenario.flagsDeleted { record.type = chance.below(ModelOrg.types) }
    case 6, 7: record.isDeleted = true
    case 8:
      record.isDeleted = false
      record.master = -1
    case 9: return merge(id, record)
    case 10: record.type = chance.below(ModelOrg.types)
    default:
      guard record.isDeleted, chance.below(2) == 0 else { return }
      org.records[id] = nil
      org.purged.insert(id)
      return
    }
    note("record \(id) becomes \(record)")
    org.write(id, record, at: now, delay: delay())
  }

  private mutating func delay() -> Int64 {
    chance.below(4) == 0 ? Int64(1 + chance.below(ModelOrg.longestTransaction)) : 0
  }

  /// One stamp for many records; some of them change besides.
  private mutating func touchMany() {
    note("many records are touched")
    let changes = chance.below(2) == 0
    let wait = delay()
    for id in org.records.indices where !org.isHeld(id) {
      guard var record = org.records[id] else { continue }
      if changes, chance.below(2) == 0 { record.value = chance.below(1000) }
      org.write(id, record, at: now, delay: wait)
    }
  }

  private mutating func merge(_ id: Int, _ loser: OrgRecord) {
    let winner = chance.below(org.records.count)
    guard winner != id, !loser.isDeleted, !org.isHeld(winner), var kept = org.records[winner], !kept.isDeleted else {
      return
    }
    var loser = loser
    loser.isDeleted = true
    loser.master = winner
    kept.value = chance.below(1000)
    let wait = delay()
    note("record \(id) is merged into \(winner)")
    org.write(id, loser, at: now, delay: wait)
    org.write(winner, kept, at: now, delay: wait)
  }

  /// A change that is rare.
  mutating func changeRarely() throws(CycleViolation) {
    switch scenario.isAboutTypes && chance.below(4) > 0 ? 2 + chance.below(3) : chance.below(12) {
    case 0..<2 where scenario.changesSchema: changeField()
    case 2..<4:
      guard scenario.changesSchema, scenario.flagsDeleted else { return }
      selection.types = [[], [0], [0, 1], [1], [1, 2]][chance.below(5)]
      note("record types \(selection.types) are selected")
    case 4:
      if scenario.changesSchema { try apply(.schemaDrifted) }
    case 5:
      guard scenario.losesPermission else { return }
      org.isHidden = true
      note("hidden: \(org.isHidden)")
    case 6:
      try apply(.hurried)
      if object.isSelected { hurriedAt = databaseTime }
    case 7: try apply(.deselected)
    case 8:
      guard scenario.clockIsSetBack, org.clockOffset == scenario.clockOffset else { return }
      org.clockOffset -= Int64(60 + chance.below(180))
      note("the source's clock is set back")
    default:
      guard scenario.hasSkippedWeek, chance.below(8) == 0 else { return }
      skipWeek()
    }
  }

  /// The platform gives a new field's values without touching stamps.
  private mutating func changeField() {
    org.hasField.toggle()
    note("has field: \(org.hasField)")
    guard org.hasField, mappings.last?.hasField != true else { return }
    for id in org.records.indices { org.records[id]?.field = chance.below(1000) }
  }

  /// Nothing of the product runs for a week, while the source goes on.
  private mutating func skipWeek() {
    note("a week without the product")
    for _ in 0..<6 {
      now += Int64(chance.below(86_400))
      org.commit(now)
      changeSource()
    }
  }

  /// Something goes wrong.
  mutating func strike() throws(CycleViolation) {
    let index = chance.below(readers.count)
    switch scenario.isAboutTypes && chance.below(3) == 0 ? 7 : chance.below(8) {
    case 0, 1: readers[index] = Reader()
    case 2: readers[index].frozenUntil = now + Int64(chance.below(3000))
    case 3, 4: plans = [:]
    case 5:
      if !isFrozen(index) { try fail(index, isHopeless: chance.below(2) == 0) }
    case 6: try retryDeadLetters()
    default:
      guard let cycle = cycleToStop() else { return }
      plans[cycle.id] = nil
      try apply(.stopped(cycle: cycle.id, retryAfter: .seconds(SyncScenario.pause)))
    }
  }

  /// Some cycle; where types are what matters, a back-fill of which a part is there already.
  private mutating func cycleToStop() -> ObjectCycle? {
    if scenario.isAboutTypes {
      guard let fill = object.fill, fill.phase == .copying else { return nil }
      return jobs.contains { $0.cycle == fill.id && $0.pages > 0 && ($0.taken > 0 || $0.after != nil) } ? fill : nil
    }
    let open = object.underWay
    guard !open.isEmpty, chance.below(3) == 0 else { return nil }
    return open[chance.below(open.count)]
  }

  private func isFrozen(_ index: Int) -> Bool { readers[index].frozenUntil > now }

  mutating func retryDeadLetters() throws(CycleViolation) {
    for job in jobs.indices where jobs[job].state == .dead {
      guard try apply(.deadLettersRetried(cycle: jobs[job].cycle, jobs: 1)) else { continue }
      jobs[job].state = .runnable
      jobs[job].failures = 0
      jobs[job].dueAt = now
    }
  }
}

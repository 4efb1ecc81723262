import SyncModel

/// One run of one world, all of it decided by a seed: time with changes and faults, then quiet until the object rests.
enum SyncRun {
  /// Looks after which an object that is left alone must have come to rest.
  private static let patience = 4000

  /// Runs the world of a seed.
  /// - Returns: the world at rest.
  @discardableResult
  static func run(seed: UInt64, defect: CycleDefect = .none, story: Story? = nil) throws(CycleViolation) -> SyncWorld {
    var chance = ScheduleChance(seed: seed)
    var world = SyncWorld(SyncScenario.random(&chance), defect: defect, seed: seed &+ 1)
    world.story = story
    world.note("\(world.scenario)")
    for _ in 0..<world.scenario.steps { try world.stepBusy() }
    try world.calmDown()
    try world.settle(patience)
    try world.checkEnd()
    return world
  }

  /// Runs the world of a seed once more and tells what happened.
  static func story(seed: UInt64, defect: CycleDefect = .none) -> String {
    let story = Story()
    do { try run(seed: seed, defect: defect, story: story) } catch { story.lines.append("\(error)") }
    return story.lines.suffix(200).joined(separator: "\n")
  }
}

extension SyncWorld {
  /// Something happens somewhere.
  mutating func stepBusy() throws(CycleViolation) {
    now += Int64(chance.below(10) == 0 ? chance.below(400) : chance.below(scenario.pace))
    org.commit(now)
    // What keeps the object from being synced does not last.
    if !object.isSelected, chance.below(12) == 0 { try apply(.selected) }
    if org.isHidden, chance.below(15) == 0 { org.isHidden = false }
    if chance.below(scenario.rareness) == 0 { return try changeRarely() }
    switch chance.below(20) {
    case 0..<4: changeSource()
    case 4: try strike()
    case 5..<12: try stepCoordinator()
    default: try stepWorker(chance.below(readers.count))
    }
  }

  /// Every transaction ends, every process runs, and the object can be read.
  mutating func calmDown() throws(CycleViolation) {
    isQuiet = true
    note("quiet")
    org.isHidden = false
    now += Int64(ModelOrg.longestTransaction)
    org.commit(now)
    for index in readers.indices { readers[index].frozenUntil = min(readers[index].frozenUntil, now + 500) }
    try apply(.selected)
  }

  /// Goes on until three deltas in a row have found no reason for more.
  mutating func settle(_ patience: Int) throws(CycleViolation) {
    var calm = 0
    var last = (deltas: deltas, version: object.mappingVersion, fill: object.fill?.id)
    var cost = (calls: org.calls, changes: table.changes, events: table.events)
    for _ in 0..<patience {
      now += 20
      if isIdle, object.nextDue > databaseTime {
        now += (object.nextDue.milliseconds - databaseTime.milliseconds) / 1000
      }
      try retryDeadLetters()
      try stepCoordinator()
      for index in readers.indices { try stepWorker(index) }
      if !hasNothingBeside || last.version != object.mappingVersion || last.fill != object.fill?.id {
        calm = 0
        last = (deltas, object.mappingVersion, object.fill?.id)
      } else if deltas > last.deltas {
        calm += 1
        last.deltas = deltas
        if calm == 3 { return try checkCost(since: cost) }
        cost = (org.calls, table.changes, table.events)
      }
    }
    throw CycleViolation(
      .alwaysProgress, "main \(String(describing: object.main)), fill \(String(describing: object.fill))")
  }

  private var isIdle: Bool {
    hasNothingBeside && object.main?.phase.isOpen != true && readers.allSatisfy { $0.job == nil }
  }

  /// Whether no more than the rhythm of deltas is at work.
  private var hasNothingBeside: Bool {
    object.fill?.phase.isOpen != true && object.backfill == nil && readers.allSatisfy { $0.frozenUntil <= now }
  }

  private func checkCost(since before: (calls: Int, changes: Int, events: Int)) throws(CycleViolation) {
    let calls = org.calls - before.calls
    if calls > 12 + org.records.count { throw CycleViolation(.noLoop, "a delta without changes took \(calls) calls") }
    if table.changes > before.changes || table.events > before.events {
      throw CycleViolation(.noLoop, "a delta without changes made \(table.changes - before.changes)")
    }
  }

  /// Compares the destination with the source.
  func checkEnd() throws(CycleViolation) {
    for id in org.records.indices where !org.purged.contains(id) {
      guard let record = org.records[id], record.stamp == org.highestStamp[id] else { continue }
      try check(id, record)
    }
    for id in table.rows.indices where table.followed[id] != table.live(id) {
      throw CycleViolation(.eventsTellAll, "record \(id) is another than its events say")
    }
  }

  private func check(_ id: Int, _ record: OrgRecord) throws(CycleViolation) {
    let isSelected = selection.types.isEmpty || selection.types.contains(record.type)
    guard !record.isDeleted, isSelected else {
      if table.live(id) != nil { throw CycleViolation(.goneIsGone, "record \(id): \(record)") }
      if record.isDeleted, id < table.rows.count, let row = table.rows[id], row.master != record.master {
        throw CycleViolation(.goneIsGone, "record \(id) was merged into \(record.master), not \(row.master)")
      }
      return
    }
    guard let content = table.live(id) else { throw CycleViolation(.everyChangeArrives, "record \(id) is missing") }
    let hasField = mappings.last?.hasField ?? false
    if content.value != record.value || (hasField && content.field != record.field) {
      throw CycleViolation(.everyChangeArrives, "record \(id) is \(content), and should be \(record)")
    }
  }
}

/// Something that happened to an object or to one of its cycles. Times are the database's, windows the source's.
public enum ObjectEvent: Sendable, Equatable {
  /// The configuration selects the object.
  case selected
  /// The configuration no longer selects it. What is under way goes on, nothing new is opened.
  case deselected
  /// Somebody asked for the next cycle at once.
  case hurried
  /// The leader looks after the object: what is due is opened.
  case looked
  /// A worker or the source said that the schema has changed.
  case schemaDrifted
  /// The schema was read.
  /// - isNew: whether the mapping or its scope differs from the stored one.
  /// - asks: what has to be read once more; see ``BackfillExtent/after(_:_:)``.
  case schemaRead(isNew: Bool, asks: BackfillExtent?)
  /// It was decided what a cycle reads, or when a copy begins.
  case windowDecided(cycle: Int64, DeltaWindow)
  /// The ids are being listed, so that ranges can be cut.
  case sampled(cycle: Int64)
  /// The jobs are recorded, and their work begins.
  case recorded(cycle: Int64, jobs: Int)
  /// A try of planning went wrong, though it may go well the next time.
  case planningFailed(cycle: Int64)
  /// The cycle was stopped with a reason.
  case stopped(cycle: Int64, retryAfter: Duration)
  /// The last page of a job is committed.
  case jobDone(cycle: Int64)
  /// A job is parked.
  case jobDead(cycle: Int64)
  /// A person sent dead letters back to work.
  case deadLettersRetried(cycle: Int64, jobs: Int)
  /// A person gave dead letters up.
  case deadLettersDiscarded(cycle: Int64, jobs: Int)
  /// The leader ends the cycles whose jobs have all ended.
  case closed(pause: Duration, failurePause: Duration)
}

/// The rules of an object's cycles: an event that happened goes in, the object after it comes out.
///
/// The checkpoints apply the same rules as `UPDATE … WHERE id = ? AND phase = ?`, in transactions that the leader's term
/// fences. An event that no longer fits changes nothing: somebody else decided first, which is no error.
public enum ObjectLifecycle {
  /// How long a back-fill that was stopped rests.
  public static let backfillPause = Duration.seconds(60)

  /// Applies an event.
  /// - Returns: `false` when the event does not fit the object as it is now, which then is unchanged.
  @discardableResult
  public static func apply(_ event: ObjectEvent, to object: inout ObjectSync, now: Instant) -> Bool {
    switch event {
    case .selected, .deselected, .hurried: ask(event, &object, now)
    case .looked: look(&object, now)
    case .schemaDrifted, .schemaRead: learn(event, &object, now)
    case .windowDecided, .sampled, .recorded, .planningFailed, .stopped: plan(event, &object, now)
    case .jobDone, .jobDead, .deadLettersRetried, .deadLettersDiscarded: work(event, &object, now)
    case .closed(let pause, let failurePause): close(&object, pause, failurePause, now)
    }
  }

  // MARK: Rhythm

  private static func ask(_ event: ObjectEvent, _ object: inout ObjectSync, _ now: Instant) -> Bool {
    switch event {
    case .selected where !object.isSelected:
      object.isSelected = true
      object.nextDue = now
    case .deselected where object.isSelected: object.isSelected = false
    case .hurried where object.isSelected: object.nextDue = now
    default: return false
    }
    return true
  }

  private static func look(_ object: inout ObjectSync, _ now: Instant) -> Bool {
    let hasNext = openNext(&object, now)
    return openBackfill(&object, now) || hasNext
  }

  /// Opens the next cycle if it is due, or the last one once more if that failed before it had jobs.
  private static func openNext(_ object: inout ObjectSync, _ now: Instant) -> Bool {
    guard object.isSelected, object.nextDue <= now, object.main?.phase.isOpen != true else { return false }
    if let last = object.main, last.phase == .failed {
      if last.jobs.isEmpty { return reopen(&object.main, as: .waiting, now) }
      // Of a first copy, dead letters are for a person to decide; what is not parked goes on.
      if object.copiedAt == nil {
        return last.jobs.waitsForPerson ? false : reopen(&object.main, as: .copying, now)
      }
      // The next delta reads again what this one has not.
    }
    object.main = open(object.copiedAt == nil ? .initial : .delta, .selected, &object, now)
    return true
  }

  private static func openBackfill(_ object: inout ObjectSync, _ now: Instant) -> Bool {
    guard object.isSelected, object.copiedAt != nil, let wanted = object.backfill,
      object.fill?.phase.isOpen != true
    else { return false }
    var extent = wanted
    var begun: DeltaWindow?
    if let last = object.fill, last.phase == .failed {
      if let finished = last.finishedAt, finished > now.advanced(by: .zero - backfillPause) { return false }
      // What it has read may be out of date as well by now; what it has not read, the next one reads.
      begun = last.window
      if last.jobs.open + last.jobs.dead > 0 { extent = wanted.joined(with: last.extent) }
    }
    object.backfill = nil
    object.fill = open(.backfill, extent, &object, now)
    object.fill?.window = begun
    return true
  }

  private static func open(
    _ kind: CycleKind, _ extent: BackfillExtent, _ object: inout ObjectSync, _ now: Instant
  ) -> ObjectCycle {
    object.lastCycle += 1
    return ObjectCycle(id: object.lastCycle, kind: kind, extent: extent, now: now)
  }

  private static func reopen(_ cycle: inout ObjectCycle?, as phase: CyclePhase, _ now: Instant) -> Bool {
    cycle?.phase = phase
    cycle?.startedAt = now
    cycle?.finishedAt = nil
    return true
  }

  /// Sets when the next cycle is due, unless somebody has asked for one meanwhile. A back-fill has no rhythm.
  private static func rest(_ object: inout ObjectSync, after cycle: ObjectCycle, _ pause: Duration, _ now: Instant) {
    guard cycle.kind != .backfill, object.nextDue <= cycle.startedAt else { return }
    object.nextDue = now.advanced(by: pause)
  }

  // MARK: Schema

  private static func learn(_ event: ObjectEvent, _ object: inout ObjectSync, _ now: Instant) -> Bool {
    guard case .schemaRead(let isNew, let asks) = event else {
      object.needsSchema = true
      return true
    }
    object.needsSchema = false
    guard isNew else { return true }
    object.mappingVersion += 1
    object.mappedAt = now
    // Once nothing was copied yet, nothing can be missing.
    let hasCopied = object.copiedAt != nil || object.main?.jobs.isEmpty == false
    if hasCopied, let asks { object.backfill = object.backfill?.joined(with: asks) ?? asks }
    return true
  }

  // MARK: Planning

  private static func plan(_ event: ObjectEvent, _ object: inout ObjectSync, _ now: Instant) -> Bool {
    switch event {
    case .windowDecided(let id, let window):
      // A back-fill began when the one began that it stands for.
      let isBegun = change(&object, id, in: [.waiting]) {
        let from = $0.kind == .backfill ? min($0.window?.from ?? window.from, window.from) : window.from
        $0.window = DeltaWindow(from: from, to: window.to)
      }
      guard isBegun else { return false }
      if object.main?.id == id, object.main?.kind == .initial { object.watermark = object.watermark ?? window.from }
      return true
    case .sampled(let id):
      return change(&object, id, in: [.waiting, .planning]) { $0.phase = .planning }
    case .recorded(let id, let jobs):
      return change(&object, id, in: [.waiting, .planning]) {
        $0.phase = .copying
        $0.failures = 0
        $0.jobs = CycleJobs(open: jobs)
      }
    case .planningFailed(let id): return change(&object, id, in: CyclePhase.allCases) { $0.failures += 1 }
    case .stopped(let id, let pause): return stop(&object, id, pause, now)
    default: return false
    }
  }

  /// A back-fill that was stopped is wanted again.
  private static func stop(_ object: inout ObjectSync, _ id: Int64, _ pause: Duration, _ now: Instant) -> Bool {
    let isStopped = change(&object, id, in: [.waiting, .planning, .copying]) {
      $0.phase = .failed
      $0.failures = 0
      $0.finishedAt = now
    }
    guard isStopped else { return false }
    if let main = object.main, main.id == id { rest(&object, after: main, pause, now) }
    if let fill = object.fill, fill.id == id {
      object.backfill = object.backfill?.joined(with: fill.extent) ?? fill.extent
    }
    return true
  }

  /// Changes the cycle of that number, if it is in one of the phases.
  private static func change(
    _ object: inout ObjectSync, _ id: Int64, in phases: [CyclePhase], _ body: (inout ObjectCycle) -> Void
  ) -> Bool {
    if var cycle = object.main, cycle.id == id, phases.contains(cycle.phase) {
      body(&cycle)
      object.main = cycle
      return true
    }
    if var cycle = object.fill, cycle.id == id, phases.contains(cycle.phase) {
      body(&cycle)
      object.fill = cycle
      return true
    }
    return false
  }

  // MARK: Work

  /// Jobs go on also where their cycle was stopped. Those of a superseded cycle are fenced, and no longer known here.
  private static func work(_ event: ObjectEvent, _ object: inout ObjectSync, _ now: Instant) -> Bool {
    switch event {
    case .jobDone(let id): return move(&object, id, 1, from: \.open, to: \.done)
    case .jobDead(let id): return move(&object, id, 1, from: \.open, to: \.dead)
    case .deadLettersRetried(let id, let count): return decide(&object, id, count, to: \.open, now)
    case .deadLettersDiscarded(let id, let count): return decide(&object, id, count, to: \.done, now)
    default: return false
    }
  }

  private static func move(
    _ object: inout ObjectSync, _ id: Int64, _ count: Int, from: WritableKeyPath<CycleJobs, Int>,
    to: WritableKeyPath<CycleJobs, Int>
  ) -> Bool {
    var moved = false
    _ = change(&object, id, in: CyclePhase.allCases) {
      guard count > 0, $0.jobs[keyPath: from] >= count else { return }
      $0.jobs[keyPath: from] -= count
      $0.jobs[keyPath: to] += count
      moved = true
    }
    return moved
  }

  /// A person has decided: the cycle goes on, and rests at its end as if it had not failed.
  private static func decide(
    _ object: inout ObjectSync, _ id: Int64, _ count: Int, to: WritableKeyPath<CycleJobs, Int>, _ now: Instant
  ) -> Bool {
    guard move(&object, id, count, from: \.dead, to: to) else { return false }
    let isReopened = change(&object, id, in: [.failed]) {
      $0.phase = .copying
      $0.finishedAt = nil
    }
    if isReopened, let main = object.main, main.id == id, object.nextDue > now { object.nextDue = main.startedAt }
    return true
  }

  // MARK: Closing

  private static func close(
    _ object: inout ObjectSync, _ pause: Duration, _ failurePause: Duration, _ now: Instant
  ) -> Bool {
    let ended = object.underWay.filter { $0.phase == .copying && $0.jobs.open == 0 }
    for cycle in ended {
      _ = change(&object, cycle.id, in: [.copying]) {
        $0.phase = $0.jobs.dead == 0 ? .done : .failed
        $0.finishedAt = now
      }
    }
    let complete = ended.filter { $0.jobs.dead == 0 }
    if complete.contains(where: { $0.kind == .backfill }) { object.filledAt = now }
    for cycle in complete { Self.complete(&object, cycle, now) }
    for cycle in ended {
      rest(&object, after: cycle, cycle.jobs.dead > 0 ? failurePause : cycle.kind == .initial ? .zero : pause, now)
    }
    return !ended.isEmpty
  }

  /// What a complete cycle means for its object.
  ///
  /// A back-fill reads records as they were when it began; a delta may have removed some of them since. So the next
  /// delta goes back to its beginning, and one that was under way meanwhile does not move the watermark past it. Nor
  /// does a delta under which the mapping changed: it may have taken records for what they no longer are.
  private static func complete(_ object: inout ObjectSync, _ cycle: ObjectCycle, _ now: Instant) {
    switch cycle.kind {
    case .initial:
      object.copiedAt = now
      object.syncedAt = now
    case .delta:
      object.syncedAt = now
      let isDisturbed = [object.filledAt, object.mappedAt].contains { $0.map { $0 >= cycle.startedAt } ?? false }
      if let to = cycle.window?.to, !isDisturbed { object.watermark = max(object.watermark ?? to, to) }
    case .backfill:
      if let from = cycle.window?.from { object.watermark = min(object.watermark ?? from, from) }
    }
  }
}

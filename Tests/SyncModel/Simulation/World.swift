import SyncModel

/// A cluster in one value: model database, broker, source, processes. Time is virtual, and one step is one thing that
/// one process does, so that whatever may happen between two steps of a real process may happen here.
///
/// The rules of a job's life, retry and leadership are the product's own; only the drivers are models.
struct World {
  let scenario: Scenario
  let defect: Defect
  var chance: ScheduleChance
  /// Whether steps take no time: for the search of all interleavings.
  let isTimeless: Bool

  /// The database's clock, in milliseconds. Processes' own clocks are this one plus their offset.
  var now: Int64 = 1_000_000
  /// How far the database's clock was set forward: steady clocks know nothing of it.
  var databaseOffset: Int64 = 0

  // The database.
  var jobs: [Job] = []
  var queuedAt: [Int64]
  var claimedAt: [Int64]
  var extractDeleted: [Bool]
  /// Version of each record in the destination, 0 where there is no row.
  var rows: [UInt8]
  var lead = ModelLead()

  var broker = ModelBroker()
  var source: ModelSource
  var workers: [ModelWorker]
  var coordinators: [ModelCoordinator]
  /// When each process wants to go on: workers, coordinators, and at last the writer of deltas.
  var wakeAt: [Int64]
  /// Records whose change is to be written by a delta.
  var deltas: [Int] = []

  var referee: Referee
  /// A fault that strikes at the next step it fits.
  var armed: Fault?
  var names = 0
  var steps = 0
  var lastProgress = 0
  /// What happened, where it is to be told.
  var story: Story?

  init(_ scenario: Scenario, defect: Defect, seed: UInt64, isTimeless: Bool = false) {
    self.scenario = scenario
    self.defect = defect
    self.isTimeless = isTimeless
    chance = ScheduleChance(seed: seed)
    let start = Instant(milliseconds: now)
    for job in 0..<scenario.jobs {
      jobs.append(Job(id: Int64(job), method: scenario.methods[job], dueAt: start))
    }
    queuedAt = [Int64](repeating: 0, count: scenario.jobs)
    claimedAt = queuedAt
    extractDeleted = [Bool](repeating: false, count: scenario.jobs)
    rows = [UInt8](repeating: 0, count: scenario.records)
    source = ModelSource(records: scenario.records)
    workers = [ModelWorker](repeating: ModelWorker(), count: scenario.workers)
    coordinators = []
    for _ in 0..<scenario.coordinators {
      names += 1
      coordinators.append(ModelCoordinator(name: names))
    }
    wakeAt = [Int64](repeating: now, count: scenario.workers + scenario.coordinators + 1)
    wakeAt[wakeAt.count - 1] = .max
    referee = Referee(scenario)
  }

  var instant: Instant { Instant(milliseconds: now) }
  /// A steady clock: it never jumps.
  var steady: Int64 { now - databaseOffset }
  var deltaWriter: Int { wakeAt.count - 1 }

  /// Lets one process do one thing.
  /// - Parameter choice: which message an idle worker is handed.
  mutating func step(_ actor: Int, choice: Int = 0) throws(Violation) {
    steps += 1
    if actor < scenario.workers {
      try stepWorker(actor, choice: choice)
    } else if actor < deltaWriter {
      try stepCoordinator(actor - scenario.workers)
    } else {
      writeDelta()
    }
  }

  /// The time that something takes, mostly little.
  mutating func pause() -> Int64 {
    if isTimeless { return 0 }
    let kind = chance.below(16)
    return Int64(kind == 0 ? chance.below(8000) : chance.below(120))
  }

  /// The lower and the upper end of a job's range, as the planner cut it.
  func range(of job: Int) -> (from: Int, to: Int) {
    var from = scenario.bounds[job]
    var to = scenario.bounds[job + 1]
    if case .rangeEndIncluded = defect, to < scenario.records { to += 1 }
    if case .rangeStartExcluded = defect, job > 0, from < to { from += 1 }
    return (from, to)
  }

  mutating func progress() { lastProgress = steps }

  /// Wakes processes that wait for a notification.
  mutating func notifyCoordinators() {
    for index in 0..<scenario.coordinators {
      let actor = scenario.workers + index
      if wakeAt[actor] > now, coordinators[index].pausedUntil <= now { wakeAt[actor] = now }
    }
  }

  mutating func notifyWorkers() {
    for index in 0..<scenario.workers where workers[index].phase == .idle {
      if wakeAt[index] > now, workers[index].pausedUntil <= now { wakeAt[index] = now }
    }
  }

  /// The delta of a changed record: the newest content, whatever the copy does meanwhile.
  private mutating func writeDelta() {
    for record in deltas { rows[record] = max(rows[record], source.versions[record]) }
    deltas.removeAll(keepingCapacity: true)
    wakeAt[deltaWriter] = .max
    note("delta written")
  }

  /// Adds a line to the story of a run that is told.
  func note(_ line: @autoclosure () -> String) {
    if let story { story.lines.append("\(now - 1_000_000) ms: \(line())") }
  }
}

/// The story of a run, line by line.
final class Story {
  var lines: [String] = []
}

extension World {
  /// Whether a job's life is over.
  func hasEnded(_ job: Int) -> Bool { jobs[job].state == .done || jobs[job].state == .dead }

  /// Whether nothing is left to do.
  var isQuiet: Bool {
    for job in 0..<scenario.jobs {
      if !hasEnded(job) { return false }
      if jobs[job].state == .done, jobs[job].method == .bulk, !extractDeleted[job] { return false }
    }
    for worker in workers where worker.phase != .idle { return false }
    for coordinator in coordinators where coordinator.pending != .none { return false }
    return broker.ready.isEmpty && deltas.isEmpty
  }

  /// What must hold when all is quiet.
  func checkEnd() throws(Violation) {
    for job in 0..<scenario.jobs {
      let isHopeless = scenario.hopeless == job || scenario.poison == job
      if jobs[job].state == .dead, isHopeless { continue }
      if jobs[job].state != .done { throw Violation(.everyJobEnds, "job \(job) is \(jobs[job].state)") }
      if jobs[job].leaseUntil != nil { throw Violation(.nothingLeftBehind, "job \(job) has a lease") }
      for record in scenario.bounds[job]..<scenario.bounds[job + 1] {
        // A delta may have brought the record, too: what counts is that its job did.
        if rows[record] == 0 || referee.committedBy[record] == 0 {
          throw Violation(.everyRecordArrives, "record \(record) of job \(job)")
        }
      }
    }
    for record in 0..<scenario.records {
      let jobs = referee.committedBy[record]
      if jobs & (jobs &- 1) != 0 { throw Violation(.oneJobPerRecord, "record \(record)") }
      if rows[record] != 0, rows[record] != source.versions[record] {
        throw Violation(.newestContentWins, "record \(record): \(rows[record]) of \(source.versions[record])")
      }
    }
    if referee.fetched > referee.checkpointed + referee.cuts {
      throw Violation(
        .littleIsRedone,
        "\(referee.fetched) pages fetched, \(referee.checkpointed) committed, \(referee.cuts) interruptions")
    }
  }
}

import SyncModel

/// What may go wrong.
enum Fault: Int, CaseIterable, Sendable {
  case crashWorker, pauseWorker, stopWorker, loseConnection
  case workError, serverAway, limitReached, slowPage, answerLost
  case extractFails, extractExpires, recordChanges
  case duplicateMessage, dropMessage, wipeQueue, publishRefused, publishUnknown, publishLost
  case crashCoordinator, pauseCoordinator
  case processClockJumps, databaseClockJumps

  /// The faults of each kind of weather.
  static func of(_ weather: Scenario.Weather) -> [Fault] {
    switch weather {
    case .anything: anything
    case .crashes: crashes
    case .errors: errors
    case .broker: broker
    case .leaders: leaders
    case .none: []
    }
  }

  private static let anything = allCases
  private static let crashes: [Fault] = [.crashWorker, .pauseWorker, .crashCoordinator, .recordChanges, .answerLost]
  private static let errors: [Fault] = [
    .workError, .workError, .serverAway, .limitReached, .slowPage, .answerLost, .extractFails, .extractExpires,
    .recordChanges,
  ]
  private static let broker: [Fault] = [
    .duplicateMessage, .dropMessage, .wipeQueue, .publishRefused, .publishUnknown, .publishLost, .loseConnection,
    .stopWorker,
  ]
  private static let leaders: [Fault] = [
    .crashCoordinator, .pauseCoordinator, .pauseWorker, .processClockJumps, .slowPage,
  ]
}

extension World {
  private static let hour: Int64 = 3_600_000

  /// Lets something go wrong.
  /// - Parameter actor: the process that would have gone on now; half of the faults strike there.
  mutating func strike(_ fault: Fault, near actor: Int) {
    let isNear = chance.below(2) == 0
    let worker = isNear && actor < scenario.workers ? actor : chance.below(scenario.workers)
    let isCoordinator = actor >= scenario.workers && actor < deltaWriter
    let coordinator = isNear && isCoordinator ? actor - scenario.workers : chance.below(scenario.coordinators)
    note("fault: \(fault)")
    progress()
    switch fault {
    case .crashWorker: crashWorker(worker)
    case .pauseWorker: pauseWorker(worker, for: Scenario.leaseTime + Int64(chance.below(15_000)))
    case .stopWorker: workers[worker].isStopping = true
    case .loseConnection: loseConnection(worker)
    case .crashCoordinator: crashCoordinator(coordinator)
    case .pauseCoordinator: pauseCoordinator(coordinator, for: Scenario.termTime + Int64(chance.below(20_000)))
    case .duplicateMessage:
      if !broker.ready.isEmpty { broker.duplicate(at: chance.below(broker.ready.count)) }
    case .dropMessage: if !broker.ready.isEmpty { _ = broker.take(at: chance.below(broker.ready.count)) }
    case .wipeQueue:
      broker.wipe()
      for index in 0..<scenario.workers { workers[index].holdsDelivery = false }
    case .extractExpires: expireExtract()
    case .recordChanges: changeRecord()
    case .processClockJumps:
      let jump = chance.below(2) == 0 ? Self.hour : -Self.hour
      if chance.below(2) == 0 {
        workers[worker].clockOffset += jump
      } else {
        coordinators[coordinator].clockOffset += jump
      }
    case .databaseClockJumps: jumpDatabaseClock()
    case .workError, .serverAway, .limitReached, .slowPage, .answerLost, .extractFails, .publishRefused,
      .publishUnknown, .publishLost:
      armed = fault
    }
  }

  /// The process is gone with all it knew; the broker hands its message to another.
  mutating func crashWorker(_ index: Int) {
    note("worker \(index) crashes")
    if workers[index].page != nil { referee.cuts += 1 }
    loseConnection(index)
    workers[index] = ModelWorker(clockOffset: workers[index].clockOffset)
    wakeAt[index] = now + (isTimeless ? 0 : Int64(chance.below(3000)))
  }

  mutating func pauseWorker(_ index: Int, for time: Int64) {
    note("worker \(index) falls asleep")
    // When it wakes up it may be fenced, with a page in its hands.
    if workers[index].phase != .idle { referee.cuts += 1 }
    workers[index].pausedUntil = now + time
    wakeAt[index] = now + time
  }

  private mutating func loseConnection(_ index: Int) {
    guard workers[index].holdsDelivery else { return }
    workers[index].holdsDelivery = false
    broker.publish(workers[index].message)
    notifyWorkers()
  }

  mutating func pauseCoordinator(_ index: Int, for time: Int64) {
    note("coordinator \(index) falls asleep")
    coordinators[index].pausedUntil = now + time
    wakeAt[scenario.workers + index] = now + time
  }

  mutating func crashCoordinator(_ index: Int) {
    note("coordinator \(index) crashes")
    names += 1
    coordinators[index] = ModelCoordinator(name: names, clockOffset: coordinators[index].clockOffset)
    wakeAt[scenario.workers + index] = now + (isTimeless ? 0 : Int64(chance.below(3000)))
  }

  /// Whether a job may fail once more without being parked, as it then should be: here none is hopeless by chance.
  func mayFail(_ job: Int) -> Bool {
    var failures = referee.failures[job] + 1
    // Failures that are not recorded yet.
    for worker in workers where worker.phase == .recording && worker.message.job == job {
      switch worker.ending {
      case .failed, .hopeless, .extractLost: failures += 1
      case .handedBack, .limited, .interrupted: break
      }
    }
    if let name = jobs[job].position.bulkJob, jobs[job].state != .done {
      switch source.extracts[Names.number(name)].state {
      case .gone, .failed: failures += 1
      case .running, .complete: break
      }
    }
    return failures < Scenario.retry.maxFailures
  }

  /// A complete bulk job that is still needed is forgotten by the source.
  private mutating func expireExtract() {
    guard !source.extracts.isEmpty else { return }
    let extract = chance.below(source.extracts.count)
    let job = source.extracts[extract].job
    guard jobs[job].state != .done, source.extracts[extract].state == .complete, mayFail(job) else { return }
    source.extracts[extract].state = .gone
    note("bulk job \(extract) of job \(job) is gone")
  }

  /// A record changes while it is copied; the delta brings the change.
  private mutating func changeRecord() {
    guard scenario.records > 0 else { return }
    let record = chance.below(scenario.records)
    source.versions[record] += 1
    if case .deltaBeginsAfterTheCopy = defect, !(0..<scenario.jobs).allSatisfy(hasEnded) { return }
    deltas.append(record)
    wakeAt[deltaWriter] = now + Int64(chance.below(40_000))
    note("record \(record) changes to version \(source.versions[record])")
  }

  /// The database's clock is set forward by an hour: every lease runs out at once.
  private mutating func jumpDatabaseClock() {
    now += Self.hour
    databaseOffset += Self.hour
    for index in 0..<wakeAt.count where wakeAt[index] != .max { wakeAt[index] += Self.hour }
    for index in 0..<workers.count {
      workers[index].pausedUntil += Self.hour
      if workers[index].phase != .idle { referee.cuts += 1 }
    }
    for index in 0..<coordinators.count { coordinators[index].pausedUntil += Self.hour }
    for index in 0..<source.extracts.count { source.extracts[index].readyAt += Self.hour }
  }
}

import SyncModel

extension World {
  /// Moves to the next moment at which somebody can go on, unless that is now.
  mutating func passTime() {
    var first = Int64.max
    for time in wakeAt where time < first { first = time }
    if first > now, first != .max { now = first }
  }

  /// Everything that what follows depends on, as one number. Moments count from now.
  func fingerprint() -> Fingerprint {
    var print = Fingerprint()
    for job in jobs.indices {
      print.mix(jobs[job].state, jobs[job].position)
      print.mix(Int(jobs[job].token))
      print.mix(Int(jobs[job].dispatch))
      print.mix(jobs[job].failures)
      print.mix(jobs[job].vanished)
      print.mix(max(0, Int(jobs[job].dueAt.milliseconds - now)))
      print.mix(jobs[job].leaseUntil.map { max(-1, Int($0.milliseconds - now)) } ?? -2)
      print.mix(jobs[job].state == .queued ? Int(now - queuedAt[job]) : 0)
      print.mix(extractDeleted[job] ? 1 : 0)
      print.mix(referee.holder[job])
    }
    for row in rows { print.mix(Int(row)) }
    for message in broker.ready {
      print.mix(message.job)
      print.mix(Int(message.dispatch))
    }
    for worker in workers { print.mix(worker) }
    for coordinator in coordinators { print.mix(coordinator, now: steady) }
    print.mix(lead.holder)
    print.mix(max(0, Int(lead.expiresAt - now)))
    print.mix(source.extracts.count)
    for time in wakeAt { print.mix(time == .max ? -1 : max(0, Int(time - now))) }
    return print
  }
}

/// A 64-bit sum of many numbers. Among a million states two meet by chance in one of ten million searches.
struct Fingerprint {
  private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func mix(_ number: Int) {
    var z = (value ^ UInt64(bitPattern: Int64(number))) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 29)) &* 0x94D0_49BB_1331_11EB
    value = z ^ (z >> 32)
  }

  mutating func mix(_ state: JobState, _ position: Position) {
    switch state {
    case .extracting: mix(0)
    case .runnable: mix(1)
    case .queued: mix(2)
    case .leased: mix(3)
    case .done: mix(4)
    case .dead: mix(5)
    }
    mix(position)
  }

  mutating func mix(_ position: Position) {
    mix(position.bulkJob.map(Names.number) ?? -1)
    mix(position.locator.map(Names.number) ?? -1)
    mix(position.lastID.map(Names.number) ?? -1)
    mix(position.mayExist ? 1 : 0)
  }

  mutating func mix(_ worker: ModelWorker) {
    mix(worker.phase.rawValue)
    guard worker.phase != .idle else { return }
    mix(worker.message.job)
    mix(Int(worker.message.dispatch))
    mix(worker.holdsDelivery ? 1 : 0)
    mix(Int(worker.token))
    mix(worker.claim)
    mix(worker.position)
    mix(worker.page?.from ?? -1)
    mix(worker.ending.rawValue)
  }

  mutating func mix(_ coordinator: ModelCoordinator, now: Int64) {
    mix(coordinator.name)
    mix(Int(coordinator.term))
    mix(max(0, Int(coordinator.askAt - now)))
    switch coordinator.pending {
    case .none: mix(0)
    case .extractCreated(let job, let extract): mix(1 + 16 * job + 4096 * extract)
    case .extractRefused(let job): mix(2 + 16 * job)
    case .extractAsked(let job, let extract, let complete): mix((complete ? 3 : 4) + 16 * job + 4096 * extract)
    case .publish(let job, let dispatch): mix(5 + 16 * job + 4096 * Int(dispatch))
    case .mark(let job): mix(6 + 16 * job)
    case .withdraw(let job, let dispatch): mix(7 + 16 * job + 4096 * Int(dispatch))
    case .refill: mix(8)
    case .rescue(let job, let token): mix(9 + 16 * job + 4096 * Int(token))
    case .extractDeleted(let job): mix(10 + 16 * job)
    }
    mix(coordinator.leadership.grant == nil ? 0 : 1)
  }
}

import SyncModel
import Testing

@Suite("Job life cycle")
struct JobLifecycleTests {
  private let graph = LifecycleGraph()
  private let now = LifecycleGraph.now

  @Test("every state is reached, and every state but done leads to done")
  func nothingIsStuck() {
    #expect(Set(graph.edges.map(\.to)) == Set(JobState.allCases))
    for node in graph.nodes.keys {
      var seen: Set<LifecycleGraph.Node> = [node]
      var open = [node]
      while let here = open.popLast(), here.state != .done {
        for after in graph.next[here] ?? [] where seen.insert(after).inserted { open.append(after) }
      }
      #expect(seen.contains { $0.state == .done }, "\(node) never ends")
    }
  }

  @Test("nothing happens to a job that is done")
  func doneIsFinal() {
    for (node, job) in graph.nodes where node.state == .done {
      for event in LifecycleGraph.events(for: job) { expectRefused(event, job) }
    }
  }

  @Test("a job that events lead to always makes sense")
  func sense() {
    for job in graph.nodes.values {
      #expect((job.leaseUntil != nil) == (job.state == .leased), "\(job)")
      if job.state == .extracting { #expect(job.method == .bulk, "\(job)") }
      if job.method == .bulk, [.runnable, .queued, .leased, .done].contains(job.state) {
        // A dead letter may be given up without an extract.
        #expect(job.position.bulkJob != nil || job.state == .done, "\(job)")
      }
      if job.position.pages > 0, job.position.locator == nil, job.position.lastID == nil {
        #expect(job.position.mayExist, "started over, so rows may exist: \(job)")
      }
      #expect(job.vanished <= JobLifecycle.mostVanished)
      #expect(job.vanished < JobLifecycle.mostVanished || job.state == .dead || job.state == .done)
    }
  }

  @Test("an old token changes nothing, and neither does an event that is refused")
  func fencing() {
    for job in graph.nodes.values where job.state == .leased {
      let old = job.token - 1
      expectRefused(.renewed(token: old, lease: .seconds(1)), job)
      expectRefused(.pageCommitted(token: old, position: Position(pages: 9), lease: .seconds(1)), job)
      expectRefused(.finished(token: old), job)
      expectRefused(.handedBack(token: old, after: .zero), job)
      expectRefused(.interrupted(token: old, after: .zero), job)
      expectRefused(.failed(token: old, retry: .deadLetter), job)
      expectRefused(.extractLost(token: old, retry: .deadLetter), job)
      expectRefused(.leaseExpired(token: old), job)
      expectRefused(.claimed(lease: .seconds(1)), job)
    }
  }

  @Test("a refused event leaves a job as it was, and counters that fence never fall")
  func refusals() {
    for job in graph.nodes.values {
      for event in LifecycleGraph.events(for: job) {
        var after = job
        if JobLifecycle.apply(event, to: &after, now: now) {
          #expect(after.token >= job.token && after.dispatch >= job.dispatch)
          #expect(after.interruptions >= job.interruptions)
        } else {
          #expect(after == job)
        }
      }
    }
  }

  @Test("a lease that holds is not taken, not even in its last millisecond")
  func leaseHolds() throws {
    var job = try claimed()
    job.leaseUntil = now
    expectRefused(.leaseExpired(token: job.token), job)
    job.leaseUntil = Instant(milliseconds: now.milliseconds - 1)
    #expect(JobLifecycle.apply(.leaseExpired(token: job.token), to: &job, now: now))
    #expect(job.state == .runnable)
  }

  @Test("a job that is not due is not dispatched")
  func due() {
    let job = Job(id: 1, method: .rest, dueAt: Instant(milliseconds: now.milliseconds + 1))
    expectRefused(.dispatched, job)
  }

  @Test("poison: a job is parked when ten workers vanished with no page committed between, and not before")
  func poison() throws {
    var job = try claimed()
    for round in 1...JobLifecycle.mostVanished {
      #expect(job.state == .leased)
      #expect(JobLifecycle.apply(.leaseExpired(token: job.token), to: &job, now: Instant(seconds: 2_000_000)))
      #expect(job.vanished == round)
      #expect(job.failures == 0, "an interruption is no failure")
      if round < JobLifecycle.mostVanished { try claim(&job) }
    }
    #expect(job.state == .dead)
    #expect(JobLifecycle.apply(.retried, to: &job, now: now))
    #expect(job.state == .runnable && job.vanished == 0)
  }

  @Test("interruptions are counted, waited for and never parked, and leave the other counts alone")
  func interruptions() throws {
    var job = try claimed()
    job.failures = 7
    job.vanished = 9
    for round in 1...100 {
      let token = job.token
      #expect(JobLifecycle.apply(.interrupted(token: token, after: .seconds(9)), to: &job, now: now))
      #expect(job.state == .runnable && job.interruptions == round && job.dueAt == now.advanced(by: .seconds(9)))
      #expect(job.failures == 7 && job.vanished == 9 && job.leaseUntil == nil)
      expectRefused(.interrupted(token: token, after: .zero), job)
      try claim(&job)
    }
  }

  @Test("a committed page begins the counts of failures and vanished workers anew")
  func pageResets() throws {
    var job = try claimed()
    job.failures = 5
    job.vanished = 9
    job.interruptions = 30
    let position = Position(lastID: "001000000000001", pages: 1)
    #expect(
      JobLifecycle.apply(
        .pageCommitted(token: job.token, position: position, lease: .seconds(60)), to: &job, now: now))
    #expect(job.failures == 0 && job.vanished == 0 && job.interruptions == 30)
  }

  @Test("a bulk job that fails is made again: the job does not go on the queue without one")
  func extractFailsLate() {
    var job = Job(id: 1, method: .bulk, dueAt: now)
    #expect(JobLifecycle.apply(.extractCreated(bulkJob: "750"), to: &job, now: now))
    #expect(JobLifecycle.apply(.extractFailed(retry: .retry(after: .seconds(9))), to: &job, now: now))
    #expect(job.state == .extracting && job.position.bulkJob == nil)
    #expect(job.dueAt == now.advanced(by: .seconds(9)))
  }

  @Test("news of a bulk job that was replaced changes nothing")
  func staleNews() {
    var job = Job(id: 1, method: .bulk, dueAt: now)
    #expect(JobLifecycle.apply(.extractCreated(bulkJob: "750"), to: &job, now: now))
    expectRefused(.extractCompleted(bulkJob: "749"), job)
    expectRefused(.extractCreated(bulkJob: "751"), job)
  }

  @Test("a partition that starts over knows that its rows may exist, for good")
  func restart() {
    let begun = Position(bulkJob: "750", locator: "l", pages: 3)
    #expect(begun.restarted() == Position(pages: 3, mayExist: true))
    #expect(begun.restarted().restarted().mayExist)
    #expect(!Position(bulkJob: "750").restarted().mayExist)
    #expect(Position(mayExist: true).restarted().mayExist)
  }

  private func claimed() throws -> Job {
    var job = Job(id: 1, method: .rest, dueAt: now)
    try claim(&job)
    return job
  }

  private func claim(_ job: inout Job) throws {
    let later = Instant(seconds: 2_000_000)
    try #require(JobLifecycle.apply(.dispatched, to: &job, now: later))
    try #require(JobLifecycle.apply(.claimed(lease: .seconds(-1)), to: &job, now: later))
  }

  private func expectRefused(_ event: JobEvent, _ job: Job) {
    var after = job
    #expect(!JobLifecycle.apply(event, to: &after, now: now), "\(event) in \(job.state)")
    #expect(after == job)
  }
}

import SyncModel

/// What really happened, counted apart from what the model database believes.
struct Referee: Sendable {
  /// The claim that holds each job, 0 for none. Claims are numbered over the whole world.
  var holder: [Int]
  var claims = 0
  var leaseEnd: [Int64]
  var failures: [Int]
  var interruptions: [Int]
  var vanished: [Int]
  /// Where the next page of each job has to start, `nil` at the start of the partition.
  var nextRecord: [Int?]
  /// Which jobs have committed each record, a bit each.
  var committedBy: [UInt8]
  /// Pages that workers fetched, those that were checkpointed, and the reasons for fetching one again.
  var fetched = 0
  var checkpointed = 0
  var cuts = 0

  init(_ scenario: Scenario) {
    holder = [Int](repeating: 0, count: scenario.jobs)
    leaseEnd = [Int64](repeating: 0, count: scenario.jobs)
    failures = holder
    interruptions = holder
    vanished = holder
    nextRecord = [Int?](repeating: nil, count: scenario.jobs)
    committedBy = [UInt8](repeating: 0, count: scenario.records)
  }

  /// A worker got the lease.
  mutating func claimed(_ job: Int, now: Int64) throws(Violation) -> Int {
    if holder[job] != 0, leaseEnd[job] >= now {
      throw Violation(.leaseIsRespected, "job \(job) was claimed while another worker held it")
    }
    claims += 1
    holder[job] = claims
    leaseEnd[job] = now + Scenario.leaseTime
    return claims
  }

  /// Rows of a page were written into the destination.
  func wrote(_ job: Int, by claim: Int) throws(Violation) {
    if holder[job] != claim { throw Violation(.onlyTheHolderCommits, "rows of job \(job) by a worker without lease") }
  }

  /// A page's position was recorded.
  /// - Parameter start: first record of the job's range.
  mutating func checkpointed(
    _ job: Int, _ page: ModelPage, by claim: Int, start: Int, now: Int64
  ) throws(Violation) {
    if holder[job] != claim {
      throw Violation(.onlyTheHolderCommits, "a position of job \(job) by a worker without lease")
    }
    let expected = nextRecord[job] ?? start
    if expected != page.from {
      throw Violation(.pagesOnceAndInOrder, "job \(job): a page at record \(page.from), expected \(expected)")
    }
    nextRecord[job] = page.to
    leaseEnd[job] = now + Scenario.leaseTime
    failures[job] = 0
    vanished[job] = 0
    checkpointed += 1
  }

  /// A row was replaced.
  func replaced(_ record: Int, version: UInt8, by newer: UInt8) throws(Violation) {
    if newer < version { throw Violation(.neverOlder, "record \(record): version \(newer) over \(version)") }
  }

  /// A leader's transaction was committed.
  func led(_ lead: ModelLead, by name: Int, term: Int64) throws(Violation) {
    if lead.holder != name || lead.term != term {
      throw Violation(.onlyTheLeaderWrites, "a write of term \(term) in term \(lead.term)")
    }
  }

  /// The leader took a job back.
  mutating func rescued(_ job: Int, now: Int64) throws(Violation) {
    if leaseEnd[job] >= now {
      throw Violation(.leaseIsRespected, "job \(job) was taken back \(leaseEnd[job] - now) ms too early")
    }
    interruptions[job] += 1
    vanished[job] += 1
    holder[job] = 0
  }

  /// What the work needed was away.
  mutating func interrupted(_ job: Int) {
    interruptions[job] += 1
    holder[job] = 0
  }

  /// The work went wrong.
  mutating func failed(_ job: Int, restarts: Bool) {
    failures[job] += 1
    holder[job] = 0
    if restarts { nextRecord[job] = nil }
  }

  /// Compares a job's counters with what happened.
  func check(_ job: Job, _ index: Int) throws(Violation) {
    if job.failures != failures[index] || job.interruptions != interruptions[index] {
      throw Violation(
        .failuresAreFailures,
        "job \(index) counts \(job.failures) failures and \(job.interruptions) interruptions; "
          + "there were \(failures[index]) and \(interruptions[index])")
    }
  }
}

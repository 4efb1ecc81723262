/// What must hold in every world, whatever happens in it. The numbers are those of `docs/job-life-cycle.md`.
enum Invariant: Int, CaseIterable, Sendable {
  case everyRecordArrives = 1
  case oneJobPerRecord = 2
  case newestContentWins = 3
  case neverOlder = 4
  case onlyTheHolderCommits = 5
  case pagesOnceAndInOrder = 6
  case leaseIsRespected = 7
  case failuresAreFailures = 8
  case acknowledgedLast = 9
  case extractDeletedLast = 10
  case onlyTheLeaderWrites = 11
  case everyJobEnds = 12
  case nothingLeftBehind = 13
  case littleIsRedone = 14
  case alwaysProgress = 15
  case poisonIsParked = 16
  case oneLeaderAtATime = 17

  /// The invariant as a sentence.
  var sentence: String {
    switch self {
    case .everyRecordArrives: "every record of a finished job is in the destination"
    case .oneJobPerRecord: "each record is committed by exactly one job"
    case .newestContentWins: "in the end each row has its newest content"
    case .neverOlder: "older data never overwrites newer data"
    case .onlyTheHolderCommits: "only the worker that holds the lease commits pages and positions"
    case .pagesOnceAndInOrder: "the pages of an extract are checkpointed once each and in order"
    case .leaseIsRespected: "no job is taken from a worker whose lease holds by the database's clock"
    case .failuresAreFailures: "the counters of a job count what happened: an interruption is no failure"
    case .acknowledgedLast: "a message is acknowledged only after the outcome is recorded"
    case .extractDeletedLast: "a bulk job is deleted only after its last page is committed"
    case .onlyTheLeaderWrites: "a leader's write after its term changes nothing"
    case .everyJobEnds: "every job ends as done, and as a dead letter only where it is hopeless"
    case .nothingLeftBehind: "when all is quiet nothing is leased, queued or kept in the source"
    case .littleIsRedone: "at most a page is fetched again for each interruption"
    case .alwaysProgress: "there is progress while there is work"
    case .poisonIsParked: "a job that takes its workers down is parked after the tenth, not before"
    case .oneLeaderAtATime: "two coordinators never believe to lead at once"
    }
  }
}

/// An invariant that did not hold, and where.
struct Violation: Error, CustomStringConvertible {
  let invariant: Invariant
  let detail: String

  init(_ invariant: Invariant, _ detail: String) {
    self.invariant = invariant
    self.detail = detail
  }

  var description: String { "invariant \(invariant.rawValue) broken: \(invariant.sentence) (\(detail))" }
}

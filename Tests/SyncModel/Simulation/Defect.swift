/// A mistake that somebody could make, planted to see that the invariants notice it.
enum Defect: String, CaseIterable, Sendable {
  case none
  case pagesAreNotFenced
  case acknowledgedBeforeCommit
  case extractDeletedBeforeCommit
  case rescueByElapsedTime
  case rescueByIDAlone
  case leaseJudgedByLocalClock
  case claimIgnoresState
  case noStampGuard
  case rangeEndIncluded
  case rangeStartExcluded
  case interruptionCountsAsFailure
  case handedBackAsFailure
  case lostConnectionCountsAsFailure
  case publishedBeforeMarkedAndNoRefill
  case lostMessagesStayLost
  case leaderWritesWithoutTerm
  case trustWithoutEnd
  case positionBeforePage
  case pageOutsideTransaction
  case restartInsertsAgain
  case failuresCountedFromClaim
  case vanishedWorkersForgotten
  case restartKeepsLocator
  case expiredLeasesStay
  case stopDropsThePage
  case leaseOutlivesTheJob
  case deltaBeginsAfterTheCopy

  /// Which invariants may be the first to break.
  var breaks: [Invariant] {
    switch self {
    case .none: []
    case .pagesAreNotFenced, .pageOutsideTransaction: [.onlyTheHolderCommits]
    case .acknowledgedBeforeCommit: [.acknowledgedLast]
    case .extractDeletedBeforeCommit: [.extractDeletedLast]
    case .rescueByElapsedTime, .rescueByIDAlone, .leaseJudgedByLocalClock, .claimIgnoresState: [.leaseIsRespected]
    case .noStampGuard: [.neverOlder]
    case .rangeEndIncluded: [.oneJobPerRecord]
    case .rangeStartExcluded, .positionBeforePage: [.everyRecordArrives]
    case .interruptionCountsAsFailure, .handedBackAsFailure, .lostConnectionCountsAsFailure: [.failuresAreFailures]
    case .publishedBeforeMarkedAndNoRefill: [.acknowledgedLast, .alwaysProgress]
    case .lostMessagesStayLost, .expiredLeasesStay: [.alwaysProgress]
    case .leaderWritesWithoutTerm: [.onlyTheLeaderWrites]
    case .trustWithoutEnd: [.oneLeaderAtATime]
    case .restartInsertsAgain, .failuresCountedFromClaim: [.everyJobEnds]
    case .vanishedWorkersForgotten: [.poisonIsParked]
    case .restartKeepsLocator: [.pagesOnceAndInOrder]
    case .stopDropsThePage: [.littleIsRedone]
    case .leaseOutlivesTheJob: [.nothingLeftBehind]
    case .deltaBeginsAfterTheCopy: [.newestContentWins]
    }
  }
}

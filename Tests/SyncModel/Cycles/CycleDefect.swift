/// A mistake that somebody could make, planted to see that the invariants notice it.
enum CycleDefect: String, CaseIterable, Sendable {
  case none
  case watermarkMovedWhenRecorded
  case copyWatermarkAtItsEnd
  case windowByOwnClock
  case noOverlap
  case keysetByStampAlone
  case keysetNotAdvanced
  case queryWithoutDeleted
  case recordTypeFilterInDelta
  case noStampGuard
  case noTombstones
  case backfillWithoutReread
  case deltaPassesBackfill
  case deltaPassesNewMapping
  case stoppedBackfillForgotten
  case newFieldNotFilled
  case narrowScopeReadsSelected
  case stoppedCopyStaysStopped
  case hurryLost
  case supersededNotFenced
  case equalContentRaisesEvents
  case backfillIsSilent
  case deltaIsSilent

  /// Which invariants may be the first to break.
  var breaks: [CycleInvariant] {
    switch self {
    case .none: []
    case .watermarkMovedWhenRecorded, .copyWatermarkAtItsEnd, .noOverlap, .keysetByStampAlone,
      .deltaPassesNewMapping:
      [.everyChangeArrives, .goneIsGone]
    case .noTombstones: [.goneIsGone, .orderIsKept]
    case .queryWithoutDeleted, .recordTypeFilterInDelta, .backfillWithoutReread, .deltaPassesBackfill,
      .narrowScopeReadsSelected:
      [.goneIsGone]
    case .windowByOwnClock: [.everyChangeArrives, .goneIsGone, .noLoop]
    case .stoppedBackfillForgotten: [.everyChangeArrives, .goneIsGone]
    case .newFieldNotFilled: [.everyChangeArrives]
    case .keysetNotAdvanced: [.noLoop]
    case .noStampGuard: [.orderIsKept]
    case .stoppedCopyStaysStopped: [.alwaysProgress]
    case .hurryLost: [.hurryIsHeard]
    case .supersededNotFenced: [.onlyTheHolderCommits]
    case .equalContentRaisesEvents: [.noEmptyEvent]
    case .backfillIsSilent, .deltaIsSilent: [.eventsTellAll]
    }
  }
}

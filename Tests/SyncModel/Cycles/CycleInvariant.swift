/// What must hold of the cycles of an object, whatever happens to the source, the cluster and the destination.
enum CycleInvariant: Int, CaseIterable, Sendable {
  case everyChangeArrives = 1
  case goneIsGone = 2
  case eventsTellAll = 3
  case orderIsKept = 4
  case noEmptyEvent = 5
  case onlyTheHolderCommits = 6
  case hurryIsHeard = 7
  case alwaysProgress = 8
  case noLoop = 9

  /// The invariant as a sentence.
  var sentence: String {
    switch self {
    case .everyChangeArrives: "once the source is quiet, what is selected stands in the destination as it is"
    case .goneIsGone: "once the source is quiet, what was deleted or has left is flagged or removed"
    case .eventsTellAll: "who follows the events knows the destination's content"
    case .orderIsKept: "a record's changes are written in the order of their stamps"
    case .noEmptyEvent: "no event without a change of content"
    case .onlyTheHolderCommits: "a job that was superseded or taken over commits nothing"
    case .hurryIsHeard: "who asks for a cycle during another one does not wait for the pause"
    case .alwaysProgress: "every cycle ends, and an object that can be read comes to rest"
    case .noLoop: "once the source is quiet, a delta costs a bounded number of calls and changes nothing"
    }
  }
}

/// An invariant that did not hold, and where.
struct CycleViolation: Error, CustomStringConvertible {
  let invariant: CycleInvariant
  let detail: String

  init(_ invariant: CycleInvariant, _ detail: String) {
    self.invariant = invariant
    self.detail = detail
  }

  var description: String { "invariant \(invariant.rawValue) broken: \(invariant.sentence) (\(detail))" }
}

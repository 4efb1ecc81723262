import Checkpoints
import PostgresDestination
import SyncModel

extension ClaimedJob {
  /// How a page at a position is written.
  func writeMode(at position: Position) -> WriteMode {
    switch purpose {
    case .firstCopy:
      if raisesEvents { return .merge(.all) }
      return position.mayExist ? .merge(.none) : .insert
    case .delta(let rules): return .change(rules, raisesEvents ? .all : .none)
    case .backfill(let rules, let since): return .change(rules, raisesEvents ? .since(since) : .none)
    }
  }
}

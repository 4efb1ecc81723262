import Checkpoints
import PostgresDestination
import SyncModel

extension ClaimedJob {
  /// How a page at a position is written.
  func writeMode(at position: Position) -> WriteMode {
    position.mayExist ? .merge : .insert
  }
}

import Checkpoints
import Synchronization
import SyncModel

/// The signals that wake the planning of each of a tenant's objects.
final class ObjectSignals: Sendable {
  private let signals = Mutex<[SourceObject: WorkSignal]>([:])

  /// The signal of an object, made where there is none.
  func signal(of object: SourceObject) -> WorkSignal {
    signals.withLock { signals in
      if let known = signals[object] { return known }
      let new = WorkSignal()
      signals[object] = new
      return new
    }
  }

  /// Wakes the planning of an object.
  func raise(_ object: SourceObject) { signal(of: object).raise() }
}

import JobQueue
import Synchronization

/// Which jobs a worker may take: never more than it has slots, and long ones never into the slots that are kept for
/// the short lanes, so that a delta starts at once whatever is being loaded.
final class SlotLedger: Sendable {
  private struct State {
    var long = 0
    var short = 0
  }
  private let state = Mutex(State())
  private let slots: Int
  /// Slots for long jobs. A quarter is kept for the others, at least one; a worker with a single slot keeps none.
  private let longSlots: Int

  init(slots: Int) {
    self.slots = slots
    longSlots = slots - (slots > 1 ? max(1, slots / 4) : 0)
  }

  /// The lanes from which a job may be taken now.
  var lanes: [Lane] {
    state.withLock { state in
      guard state.long + state.short < slots else { return [] }
      return state.long < longSlots ? Lane.allCases : Lane.allCases.filter { !$0.isLong }
    }
  }

  /// A job of a lane has taken a slot.
  func taken(_ lane: Lane) { state.withLock { if lane.isLong { $0.long += 1 } else { $0.short += 1 } } }

  /// A job of a lane has left its slot.
  func freed(_ lane: Lane) { state.withLock { if lane.isLong { $0.long -= 1 } else { $0.short -= 1 } } }
}

extension Lane {
  /// Whether its jobs may keep a slot for minutes.
  var isLong: Bool { self == .initial }
}

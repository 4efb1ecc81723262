import Synchronization

/// Raised once when a process shall take no more work; work in hand ends at its next page boundary.
final class StopSignal: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}

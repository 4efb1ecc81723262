public import ServiceLifecycle
import Synchronization

/// How many slots of a worker are busy.
public final class SlotGauge: Sendable {
  private let count = Atomic<Int>(0)

  /// A gauge at zero.
  public init() {}

  /// Busy slots now.
  public var busy: Int { count.load(ordering: .relaxed) }

  /// A slot was taken.
  public func taken() { count.add(1, ordering: .relaxed) }

  /// A slot is free again.
  public func freed() { count.subtract(1, ordering: .relaxed) }
}

/// Says every few seconds that this process is alive, for `status`.
public struct ProcessHeartbeat: Service {
  private static let interval = Duration.seconds(2)
  private let id: String
  private let role: ProcessRole
  private let slots: Int
  private let gauge: SlotGauge
  private let checkpoints: CheckpointStore

  /// A heartbeat of a process.
  public init(id: String, role: ProcessRole, slots: Int, gauge: SlotGauge, checkpoints: CheckpointStore) {
    self.id = id
    self.role = role
    self.slots = slots
    self.gauge = gauge
    self.checkpoints = checkpoints
  }

  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        // Nothing is decided by heartbeats: one that fails is made up for by the next.
        try? await checkpoints.heartbeat(id, role: role, slots: slots, busy: gauge.busy)
        try? await Task.sleep(for: Self.interval)
      }
    }
    // In a task of its own: this one may be cancelled already.
    await Task { try? await checkpoints.depart(id) }.value
  }
}

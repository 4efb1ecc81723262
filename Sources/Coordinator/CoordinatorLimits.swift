public import SyncModel
import Tenants

/// Bounds of a coordinator's work.
public struct CoordinatorLimits: Sendable {
  /// Unique in the cluster.
  public var name: String
  /// Length of the leader's lease.
  public var term: Duration
  /// How often expired leases of workers are looked for.
  public var sweepInterval: Duration
  /// Most jobs of a tenant and lane on the queue.
  public var queueDepth: Int
  /// How long a job may be on an empty queue before its message counts as lost.
  public var lostAfter: Duration
  public var planning: PlanningLimits
  public var retry: RetryPolicy
  /// Whether a first copy rests as every cycle does, rather than being followed by its first delta at once: the
  /// process ends after one cycle.
  public var endsAfterCopy: Bool

  /// Bounds.
  public init(
    name: String, term: Duration, sweepInterval: Duration, queueDepth: Int, lostAfter: Duration = .seconds(15),
    planning: PlanningLimits, retry: RetryPolicy, endsAfterCopy: Bool = false
  ) {
    self.name = name
    self.term = term
    self.sweepInterval = sweepInterval
    self.queueDepth = queueDepth
    self.lostAfter = lostAfter
    self.planning = planning
    self.retry = retry
    self.endsAfterCopy = endsAfterCopy
  }

  /// This process's monotonic clock.
  func uptime() -> Duration { Self.origin.duration(to: .now) }

  private static let origin = ContinuousClock.now
}

extension CycleTimes {
  /// Rest after a cycle that is done. Without any, an org would be asked as fast as it answers.
  var restPause: Duration { max(pause, .milliseconds(200)) }

  /// Rest after a cycle that failed: long enough not to hammer an org that refuses, whatever the pause.
  var failurePause: Duration { max(pause, .seconds(30)) }
}

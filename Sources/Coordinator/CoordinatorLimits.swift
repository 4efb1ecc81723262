public import SyncModel

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
  /// How far before the start of a copy its first delta begins, for rows that become visible after their stamp.
  public var overlap: Duration

  /// Bounds.
  public init(
    name: String, term: Duration, sweepInterval: Duration, queueDepth: Int, lostAfter: Duration = .seconds(15),
    planning: PlanningLimits, retry: RetryPolicy, overlap: Duration = .seconds(900)
  ) {
    self.name = name
    self.term = term
    self.sweepInterval = sweepInterval
    self.queueDepth = queueDepth
    self.lostAfter = lostAfter
    self.planning = planning
    self.retry = retry
    self.overlap = overlap
  }

  /// This process's monotonic clock.
  func uptime() -> Duration { Self.origin.duration(to: .now) }

  private static let origin = ContinuousClock.now
}

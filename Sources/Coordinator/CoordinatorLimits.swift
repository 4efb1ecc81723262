public import SyncModel

/// When an object's cycles begin, and what they reach.
public struct CycleTimes: Sendable, Equatable {
  /// Rest between two cycles.
  public var pause: Duration
  /// How far a delta reaches back behind the watermark, for records that become visible after their stamp.
  public var overlap: Duration
  /// How far a delta stays behind the source's clock, whose present second is not over yet.
  public var lag: Duration

  /// Times.
  public init(pause: Duration = .seconds(300), overlap: Duration = .seconds(900), lag: Duration = .seconds(10)) {
    self.pause = pause
    self.overlap = overlap
    self.lag = lag
  }

  /// Rest after a cycle that failed: long enough not to hammer an org that refuses, whatever the pause.
  var failurePause: Duration { max(pause, .seconds(30)) }
}

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
  public var rhythm: CycleTimes

  /// Bounds.
  public init(
    name: String, term: Duration, sweepInterval: Duration, queueDepth: Int, lostAfter: Duration = .seconds(15),
    planning: PlanningLimits, retry: RetryPolicy, rhythm: CycleTimes = CycleTimes()
  ) {
    self.name = name
    self.term = term
    self.sweepInterval = sweepInterval
    self.queueDepth = queueDepth
    self.lostAfter = lostAfter
    self.planning = planning
    self.retry = retry
    self.rhythm = rhythm
  }

  /// This process's monotonic clock.
  func uptime() -> Duration { Self.origin.duration(to: .now) }

  private static let origin = ContinuousClock.now
}

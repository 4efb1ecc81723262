/// Whether this coordinator leads, and until when it may believe so.
///
/// The lease and its term live in the database. This machine only knows when to trust what it was told: the trust
/// ends before the lease does, so that a leader stops acting before another can start. Every write of a leader
/// carries its term as a fencing token besides.
public struct Leadership: Sendable, Equatable {
  /// A granted lease.
  public struct Grant: Sendable, Equatable {
    /// Rises with each change of leader.
    public let term: Int64
    /// When the trust ends, by this process's monotonic clock.
    public let trustedUntil: Duration
  }

  /// Length of the lease.
  public let lease: Duration
  public private(set) var grant: Grant?

  /// Starts as a standby.
  public init(lease: Duration) { self.lease = lease }

  /// How often to renew: three times a lease.
  public var interval: Duration { lease / 3 }

  /// How often a standby asks: a lease may end before its time.
  public var standbyInterval: Duration { min(interval, .seconds(1)) }

  /// The database granted or renewed the lease.
  /// - Parameters:
  ///   - term: the lease's term.
  ///   - askedAt: when the question was sent; the trust counts from there, since the answer may have taken long.
  /// - Returns: whether this is a new term, so that what an earlier one knew must be forgotten.
  public mutating func granted(term: Int64, askedAt: Duration) -> Bool {
    let isNew = grant?.term != term
    grant = Grant(term: term, trustedUntil: askedAt + lease * 2 / 3)
    return isNew
  }

  /// Another coordinator holds the lease, or a write found the term gone.
  public mutating func lost() { grant = nil }

  /// The term to act under, if this coordinator may act now.
  public func term(at now: Duration) -> Int64? {
    guard let grant, now < grant.trustedUntil else { return nil }
    return grant.term
  }
}

import PostgreSQL

/// Says that another coordinator leads: what was about to be written changed nothing.
public struct LeadershipLost: Error, Sendable, CustomStringConvertible {
  public var description: String { "another coordinator leads; nothing was changed" }
}

/// A coordinator's claim to act: its name and the term of its lease, which fences every write.
public struct LeaderStamp: Sendable, Equatable {
  public let holder: String
  public let term: Int64

  /// A claim.
  public init(holder: String, term: Int64) {
    self.holder = holder
    self.term = term
  }
}

extension CheckpointStore {
  /// Takes or renews the leader's lease.
  ///
  /// A leader that was killed leaves no session on the server: its lease is taken without waiting for its end. One
  /// that is out of reach, or frozen, keeps its session, and its lease runs out. A pooler in front of the server keeps
  /// sessions, too, and only makes for a longer wait.
  /// - Returns: the term, or `nil` while another coordinator's lease holds.
  public func lead(as holder: String, lease: Duration) async throws -> Int64? {
    let rows = try await query(
      """
      with granted as (
        select case when l.holder = $1 and l.expires_at > clock_timestamp() then l.term else l.term + 1 end as term
        from crmsync.leadership l
        where l.holder = $1 or l.expires_at <= clock_timestamp()
          or (l.session_term = l.term and not exists (
            select from pg_stat_get_activity(l.session_pid) a
            where coalesce(a.backend_start, l.session_started) = l.session_started))
        for update
      )
      update crmsync.leadership
      set term = granted.term, holder = $1, expires_at = clock_timestamp() + $2::float8 * interval '1 second',
        session_term = granted.term, session_pid = own.pid, session_started = own.backend_start
      from granted, pg_stat_get_activity(pg_backend_pid()) own
      returning leadership.term
      """, [.text(holder), .seconds(lease)])
    return try rows.first?.int("term")
  }

  /// Ends the lease at once, so that a standby need not wait for it to run out.
  public func stepDown(_ leader: LeaderStamp) async throws {
    _ = try await query(
      "update crmsync.leadership set expires_at = '-infinity' where holder = $1 and term = $2",
      [.text(leader.holder), .int(leader.term)])
  }

  /// Makes sure that a coordinator still leads, before it does what no transaction of the checkpoints can fence.
  /// - Throws: ``LeadershipLost`` when the term is no longer current.
  public func confirmLead(_ leader: LeaderStamp) async throws { try await asLeader(leader) { _ in } }

  /// Runs a transaction of the leader. The share lock holds a successor off until it is committed, which a
  /// leader that freezes cannot put off: see ``PostgresConnection/transaction(_:)``.
  /// - Throws: ``LeadershipLost`` when the term is no longer current; nothing is changed then.
  func asLeader<R: Sendable>(
    _ leader: LeaderStamp, _ body: @escaping @Sendable (isolated PostgresConnection) throws -> R
  ) async throws -> R {
    try await transaction { db in
      let current = try db.query(
        "select 1 from crmsync.leadership where holder = $1 and term = $2 for share",
        [.text(leader.holder), .int(leader.term)])
      guard !current.isEmpty else { throw LeadershipLost() }
      return try body(db)
    }
  }
}

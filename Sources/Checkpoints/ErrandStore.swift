import PostgreSQL
public import SyncModel

/// A part of an errand that the leader has taken for the queue.
public struct DispatchedErrand: Sendable, Equatable {
  public let part: Int64
  /// Which time it is put on the queue.
  public let dispatch: Int64
}

/// A part of an errand in a worker's hands.
public struct ClaimedErrand: Sendable, Equatable {
  public let tenant: String
  public let kind: ErrandKind
  public let part: Int64
  /// Fencing token of this claim.
  public let token: Int64
  /// Failures in a row before this one.
  public let failures: Int
}

/// An errand, for people.
public struct ErrandStatus: Sendable, Codable, Equatable {
  public let tenant: String
  public let kind: ErrandKind
  /// Parts that wait on the queue.
  public let queued: Int64
  /// Parts at work.
  public let working: Int64
  /// Failures in a row.
  public let failures: Int64
  /// Why it did not get on the last time.
  public let error: String?
  /// When a worker last came to the end of it without an error.
  public let endedAt: String?
}

/// Handing out errands. What a job is to a partition, a part is to an errand, except that it never ends: it rests.
extension CheckpointStore {
  // MARK: The leader's side

  /// Takes parts of an errand that rest and are due for the queue.
  /// - Parameter parts: how many may be out at once.
  public func dispatch(
    _ kind: ErrandKind, parts: Int, tenant: String, leader: LeaderStamp
  ) async throws -> [DispatchedErrand] {
    guard parts > 0 else { return [] }
    return try await asLeader(leader) { db in
      try db.query(
        """
        insert into crmsync.errand as e (tenant, kind, part, state, dispatch, queued_at)
        select $1, $2, part, 'queued', 1, clock_timestamp() from generate_series(1, $3::bigint) as part
        on conflict (tenant, kind, part) do update
        set state = 'queued', dispatch = e.dispatch + 1, queued_at = clock_timestamp()
        where e.state = 'resting' and e.due_at <= clock_timestamp()
        returning part, dispatch
        """, [.text(tenant), .text(kind.rawValue), .int(Int64(parts))]
      ).map { DispatchedErrand(part: try $0.requireInt("part"), dispatch: try $0.requireInt("dispatch")) }
    }
  }

  /// Takes back a part that the broker did not take.
  public func withdraw(
    _ errand: DispatchedErrand, of kind: ErrandKind, tenant: String, leader: LeaderStamp
  ) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        """
        update crmsync.errand set state = 'resting'
        where tenant = $1 and kind = $2 and part = $3 and state = 'queued' and dispatch = $4
        """, [.text(tenant), .text(kind.rawValue), .int(errand.part), .int(errand.dispatch)])
    }
  }

  /// Takes back parts whose message the broker has lost: on the queue for long, while the queue is empty.
  /// - Returns: how many.
  public func withdrawLost(
    _ kind: ErrandKind, olderThan age: Duration, tenant: String, leader: LeaderStamp
  ) async throws -> Int {
    try await asLeader(leader) { db in
      try db.query(
        """
        update crmsync.errand set state = 'resting'
        where tenant = $1 and kind = $2 and state = 'queued'
          and queued_at < clock_timestamp() - $3::float8 * interval '1 second'
        """, [.text(tenant), .text(kind.rawValue), .seconds(age)]
      ).affected
    }
  }

  /// Takes back the parts whose worker vanished.
  /// - Returns: how many.
  public func sweepErrands(leader: LeaderStamp) async throws -> Int {
    try await asLeader(leader) { db in
      try db.query(
        """
        update crmsync.errand set state = 'resting', lease_until = null, due_at = clock_timestamp()
        where state = 'leased' and lease_until < clock_timestamp()
        """
      ).affected
    }
  }

  /// When the next part of an errand that waits after an error becomes due; `nil` when none does.
  public func nextDue(_ kind: ErrandKind, tenant: String) async throws -> Duration? {
    try await query(
      """
      select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::bigint as wait from crmsync.errand
      where tenant = $1 and kind = $2 and state = 'resting' and due_at > clock_timestamp()
      """, [.text(tenant), .text(kind.rawValue)]
    ).first?.int("wait").map { .milliseconds($0) }
  }

  // MARK: The worker's side

  /// Takes the lease of a part that is on the queue.
  /// - Returns: `nil` when it is not waiting for a worker: a duplicate or late message.
  public func claim(
    _ kind: ErrandKind, part: Int64, tenant: String, worker: String, lease: Duration
  ) async throws -> ClaimedErrand? {
    try await query(
      """
      update crmsync.errand
      set state = 'leased', token = token + 1, worker = $4,
        lease_until = clock_timestamp() + $5::float8 * interval '1 second'
      where tenant = $1 and kind = $2 and part = $3 and state = 'queued'
      returning token, failures
      """, [.text(tenant), .text(kind.rawValue), .int(part), .text(worker), .seconds(lease)]
    ).first.map {
      ClaimedErrand(
        tenant: tenant, kind: kind, part: part, token: try $0.requireInt("token"),
        failures: Int(try $0.requireInt("failures")))
    }
  }

  /// Prolongs the lease.
  /// - Returns: `false` when it is no longer held.
  public func renew(_ errand: ClaimedErrand, lease: Duration) async throws -> Bool {
    try await update(errand, "lease_until = clock_timestamp() + $5::float8 * interval '1 second'", [.seconds(lease)])
  }

  /// Lays a part to rest whose work is done for now, or was asked to stop.
  /// - Parameter after: how long it rests at least.
  public func rest(_ errand: ClaimedErrand, after: Duration = .zero, ended: Bool) async throws {
    _ = try await update(
      errand,
      """
      state = 'resting', lease_until = null, worker = null, failures = 0, error = null,
      due_at = clock_timestamp() + $5::float8 * interval '1 second',
      ended_at = case when $6 then clock_timestamp() else ended_at end
      """, [.seconds(after), .bool(ended)])
    try await announceProgress()
  }

  /// Lays a part to rest that did not get on.
  public func rest(_ errand: ClaimedErrand, after: Duration, error: String, isFailure: Bool) async throws {
    _ = try await update(
      errand,
      """
      state = 'resting', lease_until = null, worker = null, error = $6,
      failures = failures + case when $7 then 1 else 0 end,
      due_at = clock_timestamp() + $5::float8 * interval '1 second'
      """, [.seconds(after), .text(error), .bool(isFailure)])
    try await announceProgress()
  }

  private func update(
    _ errand: ClaimedErrand, _ changes: String, _ parameters: [PostgresValue]
  ) async throws -> Bool {
    try await query(
      """
      update crmsync.errand set \(changes)
      where tenant = $1 and kind = $2 and part = $3 and token = $4 and state = 'leased'
      """,
      [.text(errand.tenant), .text(errand.kind.rawValue), .int(errand.part), .int(errand.token)] + parameters
    ).affected == 1
  }

  // MARK: For people

  /// How each errand stands.
  public func errandStatuses() async throws -> [ErrandStatus] {
    try await query(
      """
      select tenant, kind, count(*) filter (where state = 'queued') as queued,
        count(*) filter (where state = 'leased') as working, max(failures)::bigint as failures,
        (array_agg(error order by failures desc) filter (where error is not null))[1] as error,
        to_char(max(ended_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ended_at
      from crmsync.errand group by tenant, kind order by tenant, kind
      """
    ).compactMap { row in
      guard let kind = ErrandKind(rawValue: try row.require("kind")) else { return nil }
      return ErrandStatus(
        tenant: try row.require("tenant"), kind: kind, queued: try row.requireInt("queued"),
        working: try row.requireInt("working"), failures: try row.requireInt("failures"),
        error: try row.string("error"), endedAt: try row.string("ended_at"))
    }
  }
}

import PostgreSQL
public import SyncModel

/// The API budget of a tenant, shared by all processes.
extension CheckpointStore {
  /// What is known of the org's allowance, and the database's clock.
  public func budget(of tenant: String) async throws -> (APIBudget, now: Instant) {
    let rows = try await query(
      """
      select b.used, b.allowed, (extract(epoch from b.observed_at) * 1000)::bigint as observed,
        (extract(epoch from b.blocked_until) * 1000)::bigint as blocked, b.blocked_because,
        (extract(epoch from clock_timestamp()) * 1000)::bigint as now
      from (values (1)) one left join crmsync.api_budget b on b.tenant = $1
      """, [.text(tenant)])
    guard let row = rows.first else { return (APIBudget(), Instant(milliseconds: 0)) }
    return (try Self.budget(row), Instant(milliseconds: try row.requireInt("now")))
  }

  /// Applies a change to the budget, one process at a time.
  public func updateBudget(
    of tenant: String, _ change: @escaping @Sendable (inout APIBudget, _ now: Instant) -> Void
  ) async throws {
    try await transaction { db in
      _ = try db.query(
        "insert into crmsync.api_budget (tenant) values ($1) on conflict do nothing", [.text(tenant)])
      let rows = try db.query(
        """
        select used, allowed, (extract(epoch from observed_at) * 1000)::bigint as observed,
          (extract(epoch from blocked_until) * 1000)::bigint as blocked, blocked_because,
          (extract(epoch from clock_timestamp()) * 1000)::bigint as now
        from crmsync.api_budget where tenant = $1 for update
        """, [.text(tenant)])
      guard let row = rows.first else { return }
      var budget = try Self.budget(row)
      change(&budget, Instant(milliseconds: try row.requireInt("now")))
      _ = try db.query(
        """
        update crmsync.api_budget
        set used = $2, allowed = $3, observed_at = to_timestamp($4::float8 / 1000),
          blocked_until = to_timestamp($5::float8 / 1000), blocked_because = $6
        where tenant = $1
        """,
        [
          .text(tenant), .int(Int64(budget.used)), .int(Int64(budget.allowed)),
          budget.observedAt.map { .int($0.milliseconds) } ?? .null,
          budget.blockedUntil.map { .int($0.milliseconds) } ?? .null,
          budget.blockedBecause.map { .text($0.rawValue) } ?? .null,
        ])
    }
  }

  private static func budget(_ row: PostgresRow) throws -> APIBudget {
    var budget = APIBudget()
    budget.used = Int(try row.int("used") ?? 0)
    budget.allowed = Int(try row.int("allowed") ?? 0)
    budget.observedAt = try row.int("observed").map(Instant.init(milliseconds:))
    budget.blockedUntil = try row.int("blocked").map(Instant.init(milliseconds:))
    budget.blockedBecause = try row.string("blocked_because").flatMap(APIBudget.Reason.init)
    return budget
  }
}

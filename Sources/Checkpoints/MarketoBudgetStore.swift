import Foundation
import PostgreSQL
public import SyncModel

/// What may be asked of a Marketo instance, shared by all processes.
extension CheckpointStore {
  /// Asks for a call.
  /// - Parameter lease: how long the call may run; a process that dies gives its slot back by that.
  /// - Returns: the permit, and how long to wait where it is none; both by the database's clock.
  public func beginMarketoCall(
    to instance: String, lasting lease: Duration, within limits: MarketoBudget.Limits
  ) async throws -> (permit: MarketoBudget.Permit, wait: Duration) {
    try await updateMarketoBudget(of: instance) { budget, now in
      let permit = budget.begin(lasting: lease, within: limits, at: now)
      guard case .wait(let until, _) = permit else { return (permit, .zero) }
      return (permit, .milliseconds(max(0, until.milliseconds - now.milliseconds)))
    }
  }

  /// Tells that a call ended.
  public func endMarketoCall(_ ticket: Int64, to instance: String, isAnswered: Bool) async throws {
    try await updateMarketoBudget(of: instance) { budget, now in
      budget.end(ticket, isAnswered: isAnswered, at: now)
    }
  }

  /// An instance's budget, and the database's clock; `nil` before the first call.
  public func marketoBudget(of instance: String) async throws -> (budget: MarketoBudget, now: Instant)? {
    let row = try await query(
      """
      select budget::text as budget, (extract(epoch from clock_timestamp()) * 1000)::bigint as now
      from crmsync.marketo_budget where instance = $1 and budget is not null
      """, [.text(instance)]
    ).first
    return try row.map {
      (budget: try $0.json("budget", as: MarketoBudget.self), now: Instant(milliseconds: try $0.requireInt("now")))
    }
  }

  /// Applies a change to an instance's budget, one process at a time.
  public func updateMarketoBudget<R: Sendable>(
    of instance: String, _ change: @escaping @Sendable (inout MarketoBudget, _ now: Instant) -> R
  ) async throws -> R {
    try await transaction { db in
      _ = try db.query(
        "insert into crmsync.marketo_budget (instance) values ($1) on conflict do nothing", [.text(instance)])
      // The clock is read once the row is ours: the moments of calls then come in the order of their permits.
      let rows = try db.query(
        "select budget::text as budget from crmsync.marketo_budget where instance = $1 for update", [.text(instance)])
      let clock = try db.query("select (extract(epoch from clock_timestamp()) * 1000)::bigint as now")
      guard let row = rows.first, let now = try clock.first?.requireInt("now") else {
        throw CheckpointError(what: "the budget of a Marketo instance has gone")
      }
      var budget =
        try row.string("budget") == nil ? MarketoBudget() : row.json("budget", as: MarketoBudget.self)
      let before = budget
      let result = change(&budget, Instant(milliseconds: now))
      if budget != before {
        _ = try db.query(
          "update crmsync.marketo_budget set budget = $2::jsonb where instance = $1",
          [.text(instance), try .json(budget)])
      }
      return result
    }
  }
}

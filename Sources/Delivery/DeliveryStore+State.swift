import Checkpoints
import Foundation
import PostgreSQL
import SyncModel

/// A mirror that was delivered to another instance.
public struct MirrorOfAnotherInstance: Error, Sendable, CustomStringConvertible {
  public let schema: String
  public let instance: String
  public let other: String

  public var description: String {
    "what mirror \(schema) holds was delivered to Marketo instance \(other), and the configuration names \(instance), "
      + "which would be taken to have it all: give destination.marketo.mirror another schema, or name \(other) again"
  }
}

/// What stands between an entity, or a field of it, and its delivery.
public struct DeliveryProblem: Sendable, Codable, Equatable {
  public let entity: String
  public let field: String
  public let what: String
  /// Whether nothing of the entity is delivered; otherwise the field alone is left out.
  public let stopsEntity: Bool
}

/// What was found out about an instance, remembered for all processes.
extension DeliveryStore {
  /// Makes the tables, and ties the mirror to an instance.
  /// - Throws: ``MirrorOfAnotherInstance``.
  public func bind(to instance: String) async throws {
    let (schema, state) = (schema, qualified(DeliveryTables.state))
    let bound = try await pool.withConnection { connection in
      try await connection.transaction { db in
        try DeliveryTables.make(in: schema, on: db)
        return try db.query(
          "update \(state) set instance = coalesce(instance, $1) returning instance", [.text(instance)]
        ).first?.string("instance")
      }
    }
    if let bound, bound != instance {
      throw MirrorOfAnotherInstance(schema: schema, instance: instance, other: bound)
    }
  }

  /// Remembers that an instance has what a plan needs.
  /// - Parameter plan: what tells it from another; `nil` when it has not.
  public func remember(plan: String?, problems: [DeliveryProblem]) async throws {
    _ = try await query(
      """
      update \(qualified(DeliveryTables.state)) set plan = $1, problems = $2::jsonb, prepared_at = clock_timestamp()
      """, [plan.map(PostgresValue.text) ?? .null, try .json(problems)])
  }

  /// Whether the tables are there.
  public func isMade() async throws -> Bool {
    try await query(
      "select to_regclass($1) is not null as found", [.text(qualified(DeliveryTables.state))]
    ).first?.bool("found") ?? false
  }

  /// What stands in the way; empty before anything was looked at.
  public func problems() async throws -> [DeliveryProblem] {
    guard try await isMade() else { return [] }
    let row = try await query("select problems::text as problems from \(qualified(DeliveryTables.state))").first
    return try JSONDecoder().decode([DeliveryProblem].self, from: Data((row?.string("problems") ?? "[]").utf8))
  }

  /// Whether claims of these sources find something: no other process has found out that they are to be rendered in
  /// another way.
  func isPrepared(for sources: [DeliverySource]) async throws -> Bool {
    let rows = try await query("select entity, definition from \(qualified(DeliveryTables.marks))")
    let known = Dictionary(
      try rows.map { (try $0.string("entity") ?? "", try $0.string("definition") ?? "") },
      uniquingKeysWith: { first, _ in first })
    return sources.allSatisfy { known[$0.entity.table] == $0.definition }
  }

  /// How long a look at an instance holds, and how long one that found something in the way; in seconds.
  private static let looksHold = 24 * 3600
  private static let problemsHold = 600

  /// Whether an instance has to be looked at before a plan is delivered.
  public func needsPreparation(for plan: String) async throws -> Bool {
    guard try await isMade() else { return true }
    let row = try await query(
      """
      select plan is distinct from $1 or prepared_at < clock_timestamp() - interval '1 second' * case
        when problems @> '[{"stopsEntity": true}]' then \(Self.problemsHold) else \(Self.looksHold) end as needed
      from \(qualified(DeliveryTables.state))
      """, [.text(plan)]
    ).first
    return try row?.bool("needed") ?? true
  }
}

/// What could be delivered now, without looking through the mirror.
extension DeliveryStore {
  /// How many records of an entity a worker could claim now.
  /// - Parameter limit: more are not counted.
  public func claimable(_ source: DeliverySource, limit: Int) async throws -> Int {
    let row = try await query(
      """
      select count(*) as number from (
        select from \(delivery) d where \(Self.waiting)
          and (d.wanted = '' and d.delivered is not null or d.wanted <> ''\(ready(source))) limit $2
      ) few
      """, [.text(source.entity.table), .int(Int64(limit))]
    ).first
    return Int(try row?.int("number") ?? 0)
  }

  /// Whether rows of an entity may have changed since the last collection.
  ///
  /// A row that shows later than a collection that its transaction began before is looked for after a while: as long as
  /// such a transaction runs, each collection would look through the same rows.
  public func hasChanged(_ source: DeliverySource) async throws -> Bool {
    let row = try await query(
      """
      select exists (
        select from \(qualified(DeliveryTables.marks)) m, \(source.table) t
        where m.entity = $1 and t.synced_at >= coalesce(m.seen_from, '-infinity')
          and (m.seen_from is null or t.synced_at >= m.collected_at
            or m.collected_at < clock_timestamp() - interval '10 seconds')
      ) as changed
      """, [.text(source.entity.table)]
    ).first
    return try row?.bool("changed") ?? false
  }

  /// Records that wait and may be claimed by nobody: the call that brings them got no answer, or its process is gone.
  func held() async throws -> HeldBack? {
    guard try await isMade() else { return nil }
    return try HeldBack(
      try await query(
        """
        select count(*) as number, extract(epoch from max(in_flight_until) - clock_timestamp())::float8 as wait
        from \(delivery) where \(Self.waits) and in_flight_until > clock_timestamp()
        """
      ).first)
  }

  /// Whether rows may have gone, or an import is followed by nobody.
  public func hasLoose() async throws -> Bool {
    let state = qualified(DeliveryTables.state)
    let row = try await query(
      """
      select exists (select from \(state) where \(Self.sweepIsDue(state, qualified(DeliveryTables.gone))))
        or exists (select from \(qualified(DeliveryTables.imports)) where followed_until <= clock_timestamp()) as loose
      """
    ).first
    return try row?.bool("loose") ?? false
  }
}

extension HeldBack {
  /// - Parameter row: how many there are (`number`), and for how many seconds at most (`wait`).
  /// - Returns: `nil` where there are none.
  init?(_ row: PostgresRow?) throws {
    guard let row, let number = try row.int("number"), number > 0 else { return nil }
    self.init(records: Int(number), wait: .seconds(try row.double("wait") ?? 0))
  }
}

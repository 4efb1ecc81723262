import Checkpoints
import Foundation
import PostgreSQL
import SyncModel

/// What of the activity log Marketo was told, remembered beside the mirror. Each method is one statement or one
/// transaction.
public struct ActivityLogStore: Sendable {
  /// Of the same mirror.
  let deliveries: DeliveryStore
  /// How long nobody looks again at what stands in the way, in seconds.
  private static let problemsHold = 600

  private var entries: String { deliveries.qualified(ActivityLogTables.entries) }
  private var state: String { deliveries.qualified(ActivityLogTables.state) }
  private var log: String { deliveries.qualified(LeadChangeTables.activity) }
  private var delivery: String { deliveries.delivery }

  private func query(_ statement: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    try await deliveries.query(statement, parameters)
  }

  /// Makes the tables.
  /// - Returns: false where there is no log yet, or nothing was delivered yet.
  func prepare() async throws -> Bool {
    let schema = deliveries.schema
    return try await deliveries.pool.withConnection { connection in
      try await connection.transaction { db in try ActivityLogTables.prepare(in: schema, on: db) }
    }
  }

  private func isMade() async throws -> Bool {
    try await query("select to_regclass($1) is not null as found", [.text(state)]).first?.bool("found") ?? false
  }

  // MARK: The type

  /// The type's number in Marketo; `nil` when it has to be looked for.
  func typeID() async throws -> Int? {
    try await query("select type_id from \(state)").first?.int("type_id").map { Int($0) }
  }

  /// Remembers what was found out about the instance.
  /// - Parameter problem: why Marketo cannot be told.
  func remember(typeID: Int?, problem: String? = nil) async throws {
    _ = try await query(
      "update \(state) set type_id = $1, problem = $2, looked_at = clock_timestamp()",
      [typeID.map { .int(Int64($0)) } ?? .null, problem.map(PostgresValue.text) ?? .null])
  }

  // MARK: What is due

  /// A condition on an entry's row `a`, its log entry `e`.
  private var isDue: String {
    """
    a.outcome is null and a.due_at <= clock_timestamp()
      and (a.claimed_until is null or a.claimed_until <= clock_timestamp())
      and exists (select from \(delivery) d
        where d.entity = 'person' and d.veeva_id = e.veeva_id and d.delivered is not null)
    """
  }

  /// Whether there is something to do.
  func hasWork() async throws -> Bool {
    guard try await isMade() else {
      let tables = [log, delivery].map(PostgresValue.text)
      return try await query(
        "select to_regclass($1) is not null and to_regclass($2) is not null as found", tables
      ).first?.bool("found") ?? false
    }
    let row = try await query(
      """
      select (problem is null or looked_at < clock_timestamp() - \(Self.problemsHold) * interval '1 second')
        and (type_id is null
          or exists (select from \(entries) a join \(log) e on e.id = a.entry_id where \(isDue))) as is_due
      from \(state)
      """
    ).first
    return try row?.bool("is_due") ?? false
  }

  /// Entries whose call got no answer.
  func held() async throws -> HeldBack? {
    guard try await isMade() else { return nil }
    return try HeldBack(
      try await query(
        """
        select count(*) as number, extract(epoch from max(claimed_until) - clock_timestamp())::float8 as wait
        from \(entries) where outcome is null and claimed_until > clock_timestamp()
        """
      ).first)
  }

  // MARK: Telling

  /// Claims entries of persons that Marketo has, in the order of their ids.
  /// - Parameter lease: after it they are in doubt; longer than any call may run, waiting for its permit included.
  /// - Returns: `nil` when nothing is due.
  func claim(atMost limit: Int, for lease: Duration) async throws -> ActivityBatch? {
    let id = UUID().uuidString
    let rows = try await query(
      """
      with picked as materialized (
        select a.entry_id, a.claimed_at as doubtful_since from \(entries) a join \(log) e on e.id = a.entry_id
        where \(isDue) order by a.entry_id limit $3 for update of a skip locked
      ), mine as (
        update \(entries) a set batch = $1, claimed_at = coalesce(a.claimed_at, clock_timestamp()),
          claimed_until = clock_timestamp() + make_interval(secs => $2::float8), attempt = a.attempt + 1
        from picked where a.entry_id = picked.entry_id
        returning a.entry_id, a.attempt, picked.doubtful_since
      )
      select m.entry_id, m.attempt, e.veeva_id, e.kind, e.field, left(e.value, $4) as value,
        left(e.other_value, $4) as other_value, left(e.reason, $4) as reason,
        to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
        case when m.doubtful_since is not null
          then (extract(epoch from least(e.at, m.doubtful_since)) * 1000)::bigint end as doubtful, d.marketo_id as lead
      from mine m join \(log) e on e.id = m.entry_id
        left join \(delivery) d on d.entity = 'person' and d.veeva_id = e.veeva_id
      order by m.entry_id
      """, [.text(id), .seconds(lease), .int(Int64(limit)), .int(Int64(ActivityEntry.mostCharacters))])
    guard !rows.isEmpty else { return nil }
    return ActivityBatch(id: id, entries: try rows.map(Self.entry))
  }

  private static func entry(_ row: PostgresRow) throws -> ActivityEntry {
    ActivityEntry(
      id: Int(try row.int("entry_id") ?? 0), attempt: Int(try row.int("attempt") ?? 0),
      person: try row.string("veeva_id") ?? "", kind: try row.string("kind") ?? "",
      column: try row.string("field") ?? "", value: try row.string("value"),
      otherValue: try row.string("other_value"), reason: try row.string("reason"), at: try row.string("at") ?? "",
      doubtfulSince: try row.int("doubtful").map { Instant(milliseconds: $0) },
      lead: try row.string("lead").flatMap { Int($0) })
  }

  /// Records what became of entries. What belongs to another claim meanwhile is left alone.
  func settle(_ batch: ActivityBatch, _ results: [ActivityResult]) async throws {
    guard !results.isEmpty else { return }
    _ = try await query(
      """
      update \(entries) a set
        outcome = case when r.verdict <> 'later' then r.verdict end, marketo_guid = r.guid, error_code = r.code,
        error = r.message, settled_at = case when r.verdict <> 'later' then clock_timestamp() end,
        due_at = case when r.verdict = 'later' then \(deliveries.dueAgain(after: "a.attempt")) else a.due_at end,
        batch = null, claimed_at = null, claimed_until = null
      from jsonb_to_recordset($2::jsonb) r (id bigint, verdict text, guid text, code text, message text)
      where a.entry_id = r.id and a.batch = $1
      """, [.text(batch.id), try .json(results)])
  }

  /// Gives back what was certainly not told.
  /// - Parameter ids: only these entries of the batch; all of them when `nil`.
  func release(_ batch: ActivityBatch, only ids: [Int]? = nil) async throws {
    _ = try await query(
      """
      update \(entries) set batch = null, claimed_at = null, claimed_until = null
      where batch = $1 and outcome is null
        and ($2::jsonb is null or entry_id in (select value::bigint from jsonb_array_elements_text($2::jsonb)))
      """, [.text(batch.id), try ids.map(PostgresValue.json) ?? .null])
  }

  /// Leaves entries in doubt: a call may have told them.
  /// - Parameter hold: how long nobody looks for them, since Marketo may still be at work.
  func doubt(_ batch: ActivityBatch, hold: Duration) async throws {
    _ = try await query(
      """
      update \(entries) set batch = null, claimed_until = clock_timestamp() + make_interval(secs => $2::float8)
      where batch = $1 and outcome is null
      """, [.text(batch.id), .seconds(hold)])
  }

  /// Forgets that persons are these leads: Marketo has them no more.
  func forget(leads: [Int]) async throws {
    guard !leads.isEmpty else { return }
    _ = try await query(
      """
      update \(delivery) set marketo_id = null
      where entity = 'person' and marketo_id in (select jsonb_array_elements_text($1::jsonb))
      """, [try .json(leads.map(String.init))])
  }

  // MARK: For people

  /// How the log stands.
  public struct Standing: Sendable, Codable, Equatable {
    /// Entries that Marketo has not been told.
    public var waiting = 0
    /// Entries that Marketo did not take.
    public var refused = 0
    /// Why the last of them was refused.
    public var refusal: String?
    /// Why Marketo is not told.
    public var problem: String?

    /// Whether there is nothing to say.
    public var isQuiet: Bool { waiting + refused == 0 && problem == nil }
  }

  /// How the log stands.
  public func standing() async throws -> Standing {
    guard try await isMade() else { return Standing() }
    let row = try await query(
      """
      select (select count(*) from \(entries) a join \(log) e on e.id = a.entry_id
          where a.outcome is null) as waiting,
        (select count(*) from \(entries) where outcome = 'refused') as refused,
        (select concat_ws(' ', nullif(error_code, ''), error) from \(entries) where outcome = 'refused'
          order by settled_at desc limit 1) as refusal,
        problem from \(state)
      """
    ).first
    return Standing(
      waiting: Int(try row?.int("waiting") ?? 0), refused: Int(try row?.int("refused") ?? 0),
      refusal: try row?.string("refusal"), problem: try row?.string("problem"))
  }
}

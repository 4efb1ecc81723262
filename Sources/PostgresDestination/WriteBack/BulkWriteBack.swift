public import PostgreSQL
public import SyncModel

/// How writing by bulk jobs stands. There is one job at a time, and it is known here: whoever made it, anybody may ask
/// what became of it.
public enum BulkStanding: Sendable, Equatable {
  /// No job is open.
  case free
  /// Somebody prepares a job, or has looked at the open one.
  /// - Parameter seconds: when it is time for the next look.
  case busy(seconds: Double)
  /// It is time to look at the open job, or at what was left of a job that was never made.
  case lookDue
  /// The last job failed: none is tried for a while.
  case avoided
}

/// The right to prepare a bulk job, or to look at the open one. Lost to whoever takes it after its time.
public struct BulkTurn: Sendable, Equatable {
  /// The job in the org; `nil` while there is none.
  public let job: String?
  /// How long ago the job was opened.
  public let age: Duration
  let token: Int64
}

/// A change that the open bulk job carries.
public struct CarriedChange: Sendable, Equatable {
  /// As it was claimed.
  public let change: CapturedChange
  /// The source's clock when the record was read before.
  public let readAt: Instant

  /// A change.
  public init(change: CapturedChange, readAt: Instant) {
    self.change = change
    self.readAt = readAt
  }
}

/// Bulk jobs that write back. What a job carries stays claimed, without an end, until its outcome is settled or the job
/// is given up: `crmsync_bulk_change` has it, so that a worker that stops or dies takes nothing with it.
extension PostgresDestination {
  /// How it stands; `nil` where the tables are not prepared.
  func bulkStanding(on connection: PostgresConnection) async throws -> BulkStanding? {
    let bulk = qualified(schema, CaptureTables.bulk)
    let found = try await connection.query("select to_regclass($1) is not null as found", [.text(bulk)])
    guard try found.first?.bool("found") == true else { return nil }
    let rows = try await connection.query(
      """
      select job is not null or exists (select from \(qualified(schema, CaptureTables.carried))) as is_open,
        avoided_until > now() as is_avoided,
        extract(epoch from busy_until - now())::float8 as seconds from \(bulk)
      """)
    guard let row = rows.first, let seconds = try row.double("seconds") else { return nil }
    if seconds > 0 { return .busy(seconds: seconds) }
    if try row.bool("is_open") == true { return .lookDue }
    return try row.bool("is_avoided") == true ? .avoided : .free
  }

  /// Takes the turn to prepare a job.
  /// - Returns: `nil` when it is somebody else's.
  public func turnToWriteInBulk(lease: Duration, on connection: PostgresConnection) async throws -> BulkTurn? {
    try await writingBack {
      let rows = try await connection.query(
        BulkStatements(schema: schema).prepare, [.int(Int64(lease.inSeconds * 1000))])
      guard let token = try rows.first?.int("token") else { return nil }
      return BulkTurn(job: nil, age: .zero, token: token)
    }
  }

  /// Takes the turn to look at the open job, or to let go of what somebody who has died left between claim and job.
  /// - Returns: `nil` when it is not time, or somebody else looks.
  public func turnToLook(lease: Duration, on connection: PostgresConnection) async throws -> BulkTurn? {
    try await writingBack {
      let rows = try await connection.query(
        BulkStatements(schema: schema).look, [.int(Int64(lease.inSeconds * 1000))])
      guard let row = rows.first, let token = try row.int("token") else { return nil }
      return BulkTurn(job: try row.string("job"), age: .seconds(try row.double("age") ?? 0), token: token)
    }
  }

  /// Lets claimed changes set out with the next job. Those that were decided otherwise meanwhile stay behind.
  /// - Returns: those that set out, without what else there was to say of them.
  public func setOut(_ changes: [CarriedChange], turn: BulkTurn, on connection: PostgresConnection) async throws
    -> [(recordID: String, column: String)]
  {
    let statements = WriteBackStatements(schema: schema)
    let queries = BulkStatements(schema: schema)
    let lines = try SettledLine.json(changes.map { ($0.change, .written(at: $0.readAt)) })
    return try await writingBack {
      try await connection.transaction { db in
        _ = try db.query(statements.lockSettled, [.text(lines)])
        guard try db.query(queries.holdTurn, [.int(turn.token)]).count == 1 else { return [] }
        return try db.query(queries.setOut, [.text(lines)]).compactMap { row in
          guard let id = try row.string("veeva_id"), let column = try row.string("column_name") else { return nil }
          return (id, column)
        }
      }
    }
  }

  /// Remembers the job, before it is sent anything.
  /// - Returns: whether the turn was still ours.
  public func remember(job: String, turn: BulkTurn, on connection: PostgresConnection) async throws -> Bool {
    try await writingBack {
      try await connection.query(
        BulkStatements(schema: schema).remember, [.int(turn.token), .text(job)]
      ).affected == 1
    }
  }

  /// Leaves the open job until the next look: sooner while it is young, once a minute at last.
  public func lookLater(turn: BulkTurn, on connection: PostgresConnection) async throws {
    try await writingBack {
      _ = try await connection.query(BulkStatements(schema: schema).lookLater, [.int(turn.token)])
    }
  }

  /// What the job carries of some records.
  public func carried(of ids: [String], on connection: PostgresConnection) async throws -> [CarriedChange] {
    let list = PostgresValue.text("{" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "}")
    return try await writingBack {
      try await connection.query(BulkStatements(schema: schema).carried("b.veeva_id = any ($1::text[])"), [list])
        .compactMap(CarriedChange.init)
    }
  }

  /// Ends the turn, and the job where there is one. What was not settled becomes an ordinary claim.
  /// - Parameters:
  ///   - lease: how long that claim holds.
  ///   - avoid: how long no job is tried.
  /// - Returns: what was not settled.
  public func endBulk(
    turn: BulkTurn, lease: Duration, avoid: Duration = .zero, on connection: PostgresConnection
  ) async throws -> [CapturedChange] {
    let queries = BulkStatements(schema: schema)
    return try await writingBack {
      try await connection.transaction { db in
        _ = try db.query(queries.lockCarried)
        let ended = try db.query(queries.end, [.int(turn.token), .int(Int64(avoid.inSeconds * 1000))])
        guard ended.affected == 1 else { return [] }
        let left = try db.query(queries.carried("true")).compactMap { try CarriedChange($0)?.change }
        for statement in queries.giveUp { _ = try db.query(statement, [.int(Int64(lease.inSeconds * 1000))]) }
        return left
      }
    }
  }
}

extension CarriedChange {
  fileprivate init?(_ row: PostgresRow) throws {
    guard let change = try CapturedChange(row), let moment = try row.int("read_at") else { return nil }
    self.init(change: change, readAt: Instant(milliseconds: moment))
  }
}

private struct BulkStatements {
  let schema: String

  /// Longer than an upload may last.
  private static let uploadMinutes = 11

  private var capture: String { qualified(schema, CaptureTables.table) }
  private var bulk: String { qualified(schema, CaptureTables.bulk) }
  private var carriedTable: String { qualified(schema, CaptureTables.carried) }
  private var person: String { qualified(schema, CaptureTables.person) }
  private let isCarried = "c.veeva_id = b.veeva_id and c.column_name = b.column_name and c.token = b.token"

  var prepare: String {
    """
    update \(bulk) set token = token + 1, busy_until = now() + $1::bigint * interval '1 millisecond'
    where job is null and not exists (select from \(carriedTable)) and busy_until <= now() and avoided_until <= now()
    returning token
    """
  }

  var look: String {
    """
    update \(bulk) set token = token + 1, busy_until = now() + $1::bigint * interval '1 millisecond'
    where (job is not null or exists (select from \(carriedTable))) and busy_until <= now()
    returning token, job, extract(epoch from now() - opened_at)::float8 as age
    """
  }

  var holdTurn: String { "select token from \(bulk) where token = $1::bigint and job is null for update" }

  var setOut: String {
    """
    with mine as (
      update \(capture) c set claimed_until = 'infinity'
      from \(WriteBackStatements(schema: schema).lines) l
      where c.veeva_id = l.veeva_id and c.column_name = l.column_name and c.token = l.token
        and c.claimed_until is not null
      returning c.veeva_id, c.column_name, c.token, l.sent_value, l.at
    )
    insert into \(carriedTable) (veeva_id, column_name, token, value, read_at)
    select veeva_id, column_name, token, sent_value, timestamptz 'epoch' + at * interval '1 millisecond' from mine
    returning veeva_id, column_name
    """
  }

  var remember: String {
    """
    update \(bulk) set job = $2, opened_at = now(), busy_until = now() + interval '\(Self.uploadMinutes) minutes'
    where token = $1::bigint and job is null
    """
  }

  var lookLater: String {
    """
    update \(bulk) set busy_until = now()
      + least(interval '1 minute', greatest(interval '1 second', coalesce(now() - opened_at, interval '0') / 3))
    where token = $1::bigint
    """
  }

  func carried(_ condition: String) -> String {
    """
    select b.veeva_id, b.column_name, b.token, c.attempts, c.is_owned, b.value::text as json,
      \(CaptureTables.text("b.value")) as value, \(CaptureTables.text("c.agreed")) as agreed,
      (select coalesce(jsonb_agg(\(CaptureTables.text("s.value")) order by s.ordinality), '[]')
        from jsonb_array_elements(c.sent) with ordinality as s (value)) as sent,
      (extract(epoch from b.read_at) * 1000)::bigint as read_at
    from \(carriedTable) b join \(capture) c on \(isCarried) where \(condition) order by b.veeva_id, b.column_name
    """
  }

  var lockCarried: String {
    """
    select p.veeva_id from \(person) p where p.veeva_id in (select b.veeva_id from \(carriedTable) b)
    order by p.veeva_id for update
    """
  }

  var end: String {
    """
    update \(bulk) set job = null, opened_at = null, busy_until = 'epoch',
      avoided_until = now() + $2::bigint * interval '1 millisecond'
    where token = $1::bigint
    """
  }

  /// What is carried becomes an ordinary claim.
  var giveUp: [String] {
    [
      """
      update \(capture) c set claimed_until = now() + $1::bigint * interval '1 millisecond' from \(carriedTable) b
      where \(isCarried)
      """,
      "delete from \(carriedTable) where $1::bigint is not null",
    ]
  }
}

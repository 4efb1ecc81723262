import Foundation
public import PostgreSQL
import SyncModel

extension PostgresDestination {
  /// Claims marketers' changes that Veeva does not have: all due columns of some persons, longest waiting first.
  ///
  /// What is claimed is recorded as sent before the claim is committed, so that it is recognised when it comes back. A
  /// claim that is not settled in time may be made again, by anybody.
  /// - Parameters:
  ///   - limit: most persons.
  ///   - lease: how long the claim holds.
  public func captured(
    limit: Int, lease: Duration = .seconds(300), on connection: PostgresConnection
  ) async throws -> [CapturedChange] {
    let queries = WriteBackStatements(schema: schema)
    return try await writingBack {
      try await connection.transaction { db in
        try db.execute("set local timezone = 'UTC'")
        _ = try db.query(queries.forgetOrphans, [.int(Int64(limit))])
        let ids = try db.query(queries.lockDue, [.int(Int64(limit))]).compactMap { try $0.string("veeva_id") }
        guard !ids.isEmpty else { return [] }
        let list = PostgresValue.text("{" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "}")
        let rows = try db.query(queries.claim, [list, .int(Int64(lease.inSeconds * 1000))])
        _ = try db.query(queries.layAside, [list])
        return try rows.compactMap(CapturedChange.init)
      }
    }
  }

  /// Prolongs claims, so that nobody makes them again while work goes on.
  public func renew(_ changes: [CapturedChange], lease: Duration, on connection: PostgresConnection) async throws {
    guard !changes.isEmpty else { return }
    let queries = WriteBackStatements(schema: schema)
    let lines = try SettledLine.json(changes.map { ($0, .released(after: .zero)) })
    try await writingBack {
      try await connection.transaction { db in
        _ = try db.query(queries.lockSettled, [.text(lines)])
        _ = try db.query(queries.renew, [.text(lines), .int(Int64(lease.inSeconds * 1000))])
      }
    }
  }

  /// Takes in what became of claimed changes. Safe to repeat; what was decided otherwise meanwhile stays.
  public func settle(
    _ outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)], on connection: PostgresConnection
  ) async throws {
    guard !outcomes.isEmpty else { return }
    let queries = WriteBackStatements(schema: schema)
    let lines = try SettledLine.json(outcomes)
    try await writingBack {
      try await connection.transaction { db in
        try db.execute("set local timezone = 'UTC'")
        // Persons before captures, as who edits or writes them does, so that nobody waits in a circle.
        _ = try db.query(queries.lockSettled, [.text(lines)])
        for statement in queries.settle { _ = try db.query(statement, [.text(lines)]) }
      }
    }
  }

  func writingBack<R>(_ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let error as PostgresError {
      throw DestinationError.from(error, schema: schema, table: CaptureTables.table)
    }
  }
}

extension CapturedChange {
  init?(_ row: PostgresRow) throws {
    guard let id = try row.string("veeva_id"), let column = try row.string("column_name"),
      let token = try row.int("token"), let attempts = try row.int("attempts"), let json = try row.string("json"),
      let sent = try row.string("sent")
    else { return nil }
    let texts = try JSONDecoder().decode([String?].self, from: Data(sent.utf8))
    self.init(
      recordID: id, column: column,
      state: TwoWayValue(
        value: try row.string("value"), agreed: try row.string("agreed"), sent: texts,
        isOwned: try row.bool("is_owned") ?? false), token: token, attempts: Int(attempts), json: json)
  }
}

/// An outcome as the statements read it.
struct SettledLine: Encodable {
  var veeva_id: String
  var column_name: String
  var token: Int64
  var json: String
  var kind: String
  /// Milliseconds since 1970.
  var at: Int64?
  var seconds: Double?
  var reason: String?

  static func json(_ outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)]) throws -> String {
    String(decoding: try JSONEncoder().encode(outcomes.map(SettledLine.init)), as: UTF8.self)
  }

  init(_ entry: (change: CapturedChange, outcome: WriteBackOutcome)) {
    let change = entry.change
    (veeva_id, column_name, token, json) = (change.recordID, change.column, change.token, change.json)
    switch entry.outcome {
    case .written(let moment): (kind, at) = ("written", moment.milliseconds)
    case .overtaken(let pause):
      kind = "overtaken"
      seconds = pause.inSeconds
    case .refused(let text): (kind, reason) = ("refused", text)
    case .gone(let text): (kind, reason) = ("gone", text)
    case .retry(let pause):
      kind = "retry"
      seconds = pause.inSeconds
    case .released(let pause):
      kind = "released"
      seconds = pause.inSeconds
    }
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

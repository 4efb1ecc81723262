public import PostgreSQL

/// A change that was committed and waits to be published.
public struct ChangeEvent: Sendable, Equatable {
  /// What happened to a record, as marketing sees it.
  public enum Kind: String, Sendable {
    case added, updated, removed
  }

  /// Its place in the order of changes: of two events of one record the lower was committed first.
  public let id: Int64
  /// A UUID that is the event's own, however often it is published.
  public let eventID: String
  /// The table that the record is a row of.
  public let entity: String
  public let kind: Kind
  /// `veeva_id`.
  public let recordID: String
  /// The record's stamp after the change; for a call that was kept long enough, the one it had. ISO 8601, UTC.
  public let stamp: String
  /// When the change was written. ISO 8601, UTC.
  public let recordedAt: String
  /// The columns that raise events, as a JSON object; `nil` when the record was added.
  public let before: String?
  /// The columns that raise events, as a JSON object; `nil` when the record was removed.
  public let after: String?
}

extension PostgresDestination {
  private var outbox: String { qualified(schema, Bookkeeping.outbox) }

  /// Events that are not published yet, in the order of their ids.
  ///
  /// Ids are given out before a transaction commits: an event with a lower id may show later, of another record.
  /// Before the tables are made there are none.
  public func unpublishedEvents(limit: Int, on connection: PostgresConnection) async throws -> [ChangeEvent] {
    do {
      return try await events(limit: limit, on: connection)
    } catch let error as PostgresError where error.sqlState == "42P01" {
      return []
    }
  }

  private func events(limit: Int, on connection: PostgresConnection) async throws -> [ChangeEvent] {
    func moment(_ column: String) -> String {
      "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as \(column)"
    }
    let rows = try await connection.query(
      """
      select id, event_id, entity, kind, veeva_id, \(moment("veeva_system_modstamp")), \(moment("recorded_at")),
        before, after
      from \(outbox) order by id limit $1
      """, [.int(Int64(limit))])
    return try rows.map { row in
      guard let id = try row.int("id"), let eventID = try row.string("event_id"),
        let entity = try row.string("entity"), let kind = try row.string("kind").flatMap(ChangeEvent.Kind.init),
        let recordID = try row.string("veeva_id"), let stamp = try row.string("veeva_system_modstamp"),
        let recordedAt = try row.string("recorded_at")
      else { throw PostgresError(kind: .unexpectedResult, message: "\(outbox) holds what is no event") }
      return ChangeEvent(
        id: id, eventID: eventID, entity: entity, kind: kind, recordID: recordID, stamp: stamp,
        recordedAt: recordedAt, before: try row.string("before"), after: try row.string("after"))
    }
  }

  /// Forgets events, once the broker has confirmed them.
  public func forgetEvents(_ ids: [Int64], on connection: PostgresConnection) async throws {
    guard !ids.isEmpty else { return }
    let list = "{" + ids.map(String.init).joined(separator: ",") + "}"
    _ = try await connection.query("delete from \(outbox) where id = any ($1::bigint[])", [.text(list)])
  }

  /// How many events wait.
  public func unpublishedCount(on connection: PostgresConnection) async throws -> Int64 {
    try await connection.query("select count(*) as events from \(outbox)").first?.int("events") ?? 0
  }
}

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
  /// Stands in for the real one.
  public func unpublishedEvents(limit: Int, on connection: PostgresConnection) async throws -> [ChangeEvent] { [] }

  /// Stands in for the real one.
  public func forgetEvents(_ ids: [Int64], on connection: PostgresConnection) async throws {}
}

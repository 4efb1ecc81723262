public import SyncModel

/// How a page is written.
public enum WriteMode: Sendable, Equatable {
  /// Straight into the tables: none of the rows can be there yet. Raises no events.
  case insert
  /// By way of a staging table: rows may be there, and only newer ones replace them. Every record is alive.
  case merge(EventScope)
  /// The page of a delta: records are alive, gone, or to be followed only where they are stored. Its batches carry
  /// the rules' extra fields behind the mapping's.
  case change(ChangeRules, EventScope)

  /// Which of the page's changes become events.
  var scope: EventScope {
    switch self {
    case .insert: .none
    case .merge(let scope), .change(_, let scope): scope
    }
  }

  var rules: ChangeRules? {
    if case .change(let rules, _) = self { return rules }
    return nil
  }
}

/// What a page came to.
public struct PageResult: Sendable {
  /// Records that were taken in, whatever they changed.
  public let rows: Int
  /// Rows of all tables that were added, replaced, flagged or removed. What was equal, or newer already, is none; nor
  /// is a row of which nothing but the stamp moved on.
  public let changed: Int
  /// Events that wait in the outbox once the page is committed.
  public let events: Int
  public let rejects: [Reject]
}

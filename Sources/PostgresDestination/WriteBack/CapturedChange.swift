public import SyncModel

/// A marketer's change of one column of one person, claimed to be written to Veeva.
public struct CapturedChange: Sendable, Equatable {
  /// 18-character id of the account.
  public let recordID: String
  /// The column of `person`.
  public let column: String
  /// The values as texts in the source's spelling, parts of a list joined by `;`: marketing's, the agreed one, and
  /// those that may have been written before without an answer.
  public let state: TwoWayValue<String?>
  /// Tells this claim from earlier and later ones.
  public let token: Int64
  /// How often the org has put it off, without anything else having happened since.
  public let attempts: Int
  /// The value as the destination stores it.
  let json: String

  /// What is to be written.
  public var value: String? { state.value }
}

/// What became of a claimed change.
public enum WriteBackOutcome: Sendable, Equatable {
  /// Veeva has the value.
  /// - Parameter at: the source's clock when Veeva's value was read, before this one was sent; where nothing was sent,
  ///   because Veeva had it, the stamp of the version that showed it.
  case written(at: Instant)
  /// Veeva has changed the value, too: the next delta brings it.
  /// - Parameter lookAgain: when to look again if it does not, since it may have come just before this was told.
  case overtaken(lookAgain: Duration)
  /// The org does not take the value; it is written to the person's activity log.
  /// - Parameter reason: its code and words.
  case refused(reason: String)
  /// The record is deleted in Veeva: the change is void, which the activity log says.
  case gone(reason: String)
  /// The org has put it off: to be tried again.
  case retry(after: Duration)
  /// Nobody has decided about it: to be claimed again.
  case released(after: Duration)
}

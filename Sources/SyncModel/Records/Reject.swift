/// One record that the mapping or the destination refused. It never blocks its page.
public struct Reject: Sendable, Equatable {
  /// The record's id, as delivered when it is not even an id; cut to 64 bytes.
  public let recordID: String
  /// API name of the field whose value was refused; `nil` when the row as a whole was.
  public let field: String?
  /// What the field should hold, such as `date`.
  public let expected: String
  /// Why, in words that carry no value of the record.
  public let reason: String

  /// A refused record.
  public init(recordID: String, field: String?, expected: String, reason: String) {
    self.recordID = recordID
    self.field = field
    self.expected = expected
    self.reason = reason
  }
}

/// The oldest creation that an object's conditions still select, told from the conditions themselves.
///
/// They are moved on as time passes, so that a copy holds rows that were selected once and are no longer.
public struct CreationBound: Sendable, Equatable {
  /// The field that is bounded, such as `CreatedDate` or `Call2_vod__r.CreatedDate`.
  public let field: String
  /// A moment as SOQL writes it, which PostgreSQL reads, too.
  public let from: String

  /// The bound among conditions; `nil` when there is none.
  public init?(_ conditions: [String]) {
    for condition in conditions {
      let words = condition.split(separator: " ")
      guard words.count == 3, words[1] == ">=", words[0] == "CreatedDate" || words[0].hasSuffix(".CreatedDate"),
        words[2].utf8.allSatisfy({ VeevaID.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x3A })
      else { continue }
      field = String(words[0])
      from = String(words[2])
      return
    }
    return nil
  }

  /// Whether it is the parent's creation that counts.
  public var isOfParent: Bool { field.contains(".") }
}

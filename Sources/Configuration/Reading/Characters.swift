/// Which characters names may be made of.
enum Characters {
  /// A letter or an underscore, then letters, digits and underscores; as a POSIX shell has it.
  static func isVariableName(_ text: String) -> Bool {
    isName(text, longest: 200, first: { isLetter($0) || $0 == underscore })
  }

  /// Salesforce: API names and developer names begin with a letter.
  static func isAPIName(_ text: String) -> Bool { isName(text, longest: 80, first: isLetter) }

  /// What needs no quotation marks in SQL.
  static func isSchemaName(_ text: String) -> Bool {
    isName(text, longest: 63, first: { isLetter($0) || $0 == underscore }) && text == text.lowercased()
  }

  /// `[a-z0-9][a-z0-9_-]{0,39}`: goes into names of queues and schemas as it is.
  static func isTenantName(_ text: String) -> Bool {
    isName(
      text, longest: 40, first: { isLetter($0) || isDigit($0) },
      rest: { isLetter($0) || isDigit($0) || $0 == underscore || $0 == UInt8(ascii: "-") })
      && text == text.lowercased()
  }

  private static let underscore = UInt8(ascii: "_")

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isName(
    _ text: String, longest: Int, first: (UInt8) -> Bool,
    rest: (UInt8) -> Bool = { isLetter($0) || isDigit($0) || $0 == underscore }
  ) -> Bool {
    guard let head = text.utf8.first, first(head), text.utf8.count <= longest else { return false }
    return text.utf8.dropFirst().allSatisfy(rest)
  }
}

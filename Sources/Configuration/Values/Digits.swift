/// Whole numbers as people write them.
enum Digits {
  /// The number that a text of one to fifteen ASCII digits stands for, underscores between them allowed.
  static func number(_ text: some StringProtocol) -> Int? {
    var number = 0
    var count = 0
    var afterUnderscore = true
    for byte in text.utf8 {
      if byte == UInt8(ascii: "_") {
        if afterUnderscore { return nil }
        afterUnderscore = true
        continue
      }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), count < 15 else { return nil }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
      count += 1
      afterUnderscore = false
    }
    return afterUnderscore ? nil : number
  }

  /// Splits a number from the unit behind it.
  static func split(_ text: String) -> (number: Int, unit: Substring)? {
    let end = text.firstIndex { !$0.isASCII || !($0.isNumber || $0 == "_") } ?? text.endIndex
    guard let number = number(text[..<end]) else { return nil }
    return (number, text[end...])
  }
}

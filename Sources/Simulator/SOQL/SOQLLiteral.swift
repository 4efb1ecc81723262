/// Numbers, dates and datetimes as statements write them: `12.5`, `2026-03-01`, `2026-03-01T10:15:00Z`.
enum SOQLLiteral {
  static func value(_ text: String) -> SOQLStatement.Value? {
    let bytes = Array(text.utf8)
    if bytes.count > 4, bytes[4] == 0x2D, let days = day(bytes[...].prefix(10)) {
      if bytes.count == 10 { return .date(days) }
      guard let seconds = time(bytes[10...]) else { return nil }
      return .datetime(days * 86_400 + seconds)
    }
    guard bytes.allSatisfy({ (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }),
      bytes.count <= 64, let number = Double(text), number.isFinite
    else { return nil }
    return .number(number)
  }

  private static func day(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes)
    guard bytes.count == 10, bytes[4] == 0x2D, bytes[7] == 0x2D, let year = number(bytes[0..<4]),
      let month = number(bytes[5..<7]), let day = number(bytes[8..<10])
    else { return nil }
    return CivilDay.days(year: year, month: month, day: day)
  }

  /// `T10:15:00`, optional fraction, then `Z` or an offset; seconds of the day, UTC.
  private static func time(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes)
    guard bytes.count >= 10, bytes[0] == 0x54, bytes[3] == 0x3A, bytes[6] == 0x3A, let hour = number(bytes[1..<3]),
      let minute = number(bytes[4..<6]), let second = number(bytes[7..<9]), hour < 24, minute < 60, second < 60
    else { return nil }
    var at = 9
    if bytes[at] == 0x2E {
      at += 1
      let start = at
      while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
      guard at > start, at < bytes.count else { return nil }
    }
    guard let zone = zone(Array(bytes[at...])) else { return nil }
    return hour * 3600 + minute * 60 + second - zone
  }

  /// Seconds east of UTC.
  private static func zone(_ bytes: [UInt8]) -> Int? {
    if bytes == [0x5A] || bytes == [0x7A] { return 0 }
    let digits = bytes.filter { $0 != 0x3A }
    guard digits.count == 5, bytes.count <= 6, digits[0] == 0x2B || digits[0] == 0x2D,
      let hours = number(digits[1..<3]), let minutes = number(digits[3..<5]), hours < 24, minutes < 60
    else { return nil }
    return (digits[0] == 0x2D ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }
}

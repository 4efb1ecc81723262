/// Dates and moments as Marketo reads and writes them (reference 4.1).
enum MarketoMoment {
  /// How moments are written in answers: documents show both.
  enum Shape: String, Sendable, Codable {
    /// `2026-03-01T10:15:00Z`
    case zulu
    /// `2026-03-01T10:15:00+0000`
    case offset
  }

  static func text(_ seconds: Int, _ shape: Shape) -> String {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let (year, month, day) = CivilDay.parts(days)
    let time = seconds - days * 86_400
    return "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(time / 3600)):\(padded(time / 60 % 60)):"
      + "\(padded(time % 60))" + (shape == .zulu ? "Z" : "+0000")
  }

  /// Seconds since 1970 of `YYYY-MM-DDThh:mm:ssTZD`, TZD being `Z`, `±hh:mm` or `±hhmm`; a fraction is dropped.
  static func seconds(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[10] == 0x54, let day = day(bytes[..<10]), bytes[13] == 0x3A, bytes[16] == 0x3A,
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var rest = bytes[19...]
    if rest.first == 0x2E {
      rest = rest.dropFirst()
      rest = rest.drop { (0x30...0x39).contains($0) }
    }
    guard let offset = offset(Array(rest)) else { return nil }
    return day * 86_400 + hour * 3600 + minute * 60 + second - offset
  }

  /// Days since 1970 of `YYYY-MM-DD`.
  static func day(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes)
    guard bytes.count == 10, bytes[4] == 0x2D, bytes[7] == 0x2D, let year = number(bytes[..<4]),
      let month = number(bytes[5..<7]), let day = number(bytes[8...])
    else { return nil }
    return CivilDay.days(year: year, month: month, day: day)
  }

  private static func offset(_ bytes: [UInt8]) -> Int? {
    if bytes == [0x5A] { return 0 }
    guard let sign = bytes.first, sign == 0x2B || sign == 0x2D else { return nil }
    let digits = Array(bytes.dropFirst().filter { $0 != 0x3A })
    guard digits.count == 4, let hours = number(digits[..<2]), let minutes = number(digits[2...]) else { return nil }
    return (sign == 0x2B ? 1 : -1) * (hours * 3600 + minutes * 60)
  }

  private static func number(_ bytes: some Collection<UInt8>) -> Int? {
    guard bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(String(decoding: Array(bytes), as: UTF8.self))
  }

  private static func padded(_ value: Int, _ width: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}

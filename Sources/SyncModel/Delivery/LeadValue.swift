/// A value of Marketo's feed, which is text whatever the field's type, as a column of the mirror holds it.
public enum LeadValue {
  /// The one spelling by which values of a column are compared; `nil` stands for no value. What is no value of the
  /// type stays as it is.
  public static func canonical(_ text: String?, _ type: ValueType) -> String? {
    guard let text = trimmed(text) else { return type == .boolean ? "false" : nil }
    return read(text, type) ?? text
  }

  /// A value as text that PostgreSQL reads as the column's type, parts of a list joined by `;`.
  /// - Returns: `nil` when the column cannot hold it.
  public static func stored(_ text: String?, _ type: ValueType) -> String?? {
    guard let text = text.map({ $0.replacing("\0", with: "") }), let value = trimmed(text) else {
      return .some(type == .boolean ? "false" : nil)
    }
    switch type {
    // Blanks at either end are the marketer's.
    case .text, .textList: return .some(text)
    default: return read(value, type).map { .some($0) }
    }
  }

  /// Without blanks at either end; `nil` where nothing is left.
  private static func trimmed(_ text: String?) -> String? {
    guard let text else { return nil }
    let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || ("\t"..."\r").contains($0) || $0 == "\0" }
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isBlank($0) }), let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return nil }
    return String(scalars[first...last])
  }

  private static func read(_ text: String, _ type: ValueType) -> String? {
    switch type {
    case .identifier, .text, .textList: text
    case .boolean: boolean(text)
    case .integer: decimal(text).flatMap { Int64($0) }.map(String.init)
    case .decimal: decimal(text)
    case .date: Instant.day(text)
    case .instant: Instant(feed: text)?.formatted
    case .time: time(text)
    }
  }

  private static func boolean(_ text: String) -> String? {
    switch text.lowercased() {
    case "true", "1", "yes": "true"
    case "false", "0", "no": "false"
    default: nil
    }
  }

  /// Digits without needless zeros, of a number without exponent.
  private static func decimal(_ text: String) -> String? {
    guard text.utf8.count <= 100, let match = text.wholeMatch(of: #/([+-]?)([0-9]+)(?:\.([0-9]*))?/#) else {
      return nil
    }
    let whole = String(match.2.drop { $0 == "0" })
    let fraction = String((match.3 ?? "").reversed().drop { $0 == "0" }.reversed())
    let digits = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    return match.1 == "-" && digits != "0" ? "-" + digits : digits
  }

  private static func time(_ text: String) -> String? {
    guard let match = text.wholeMatch(of: #/([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?Z?/#),
      let hour = Int(match.1), let minute = Int(match.2), let second = Int(match.3 ?? "0"), hour < 24, minute < 60,
      second < 60
    else { return nil }
    let fraction = (match.4 ?? "").reversed().drop { $0 == "0" || $0 == "." }.reversed()
    return "\(match.1):\(match.2):\(match.3 ?? "00")\(fraction.isEmpty ? "" : String(fraction))"
  }
}

extension Instant {
  /// Reads a moment as Marketo's feeds write it: `2026-03-01T10:15:00Z`, with an offset with or without a colon, with
  /// a fraction, or with `Z` before an offset.
  public init?(feed text: String) {
    guard
      let match = text.wholeMatch(
        of:
          #/([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?Z?(?:([+-])([0-9]{2}):?([0-9]{2}))?/#
      ), let days = Self.days(match.1), let hour = Int(match.2), let minute = Int(match.3), let second = Int(match.4),
      hour < 24, minute < 60, second < 61, let east = Int(match.6 ?? "0"), let minutes = Int(match.7 ?? "0"), east < 24
    else { return nil }
    let offset = (east * 60 + minutes) * 60 * (match.5 == "-" ? -1 : 1)
    self.init(seconds: Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset))
  }

  /// A day as `2026-03-01`, from a text that begins with one.
  static func day(_ text: String) -> String? {
    guard let match = text.wholeMatch(of: #/([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?/#), days(match.1) != nil else {
      return nil
    }
    return String(match.1)
  }

  private static func days(_ text: Substring) -> Int? {
    let parts = text.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3, parts[0] > 0, (1...12).contains(parts[1]),
      (1...CivilDate.daysIn(month: parts[1], year: parts[0])).contains(parts[2])
    else { return nil }
    var date = CivilDate(daysSinceEpoch: 0)
    (date.year, date.month, date.day) = (parts[0], parts[1], parts[2])
    return date.daysSinceEpoch
  }
}

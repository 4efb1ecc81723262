/// A moment in time with a resolution of milliseconds; the source's stamps have whole seconds.
public struct Instant: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let milliseconds: Int64

  /// A moment.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// A moment.
  public init(seconds: Int64) { milliseconds = seconds * 1000 }

  /// Before anything that the source has a stamp for.
  public static let distantPast = Instant(milliseconds: 0)

  public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

  /// That much later.
  public func advanced(by duration: Duration) -> Instant {
    let (seconds, attoseconds) = duration.components
    return Instant(milliseconds: milliseconds &+ seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000)
  }

  /// The same time of day so many calendar months before, on the last day of a month that is too short.
  public func monthsBefore(_ months: Int) -> Instant {
    let day = Int64(86_400_000)
    let days = Int64((Double(milliseconds) / Double(day)).rounded(.down))
    var date = CivilDate(daysSinceEpoch: Int(days))
    let month = date.year * 12 + (date.month - 1) - months
    date.year = Int((Double(month) / 12).rounded(.down))
    date.month = month - date.year * 12 + 1
    date.day = min(date.day, CivilDate.daysIn(month: date.month, year: date.year))
    return Instant(milliseconds: Int64(date.daysSinceEpoch) * day + (milliseconds - days * day))
  }

  /// ISO 8601 in UTC with whole seconds, as SOQL wants it: `2026-03-01T10:15:00Z`.
  public var formatted: String {
    let seconds = Int((Double(milliseconds) / 1000).rounded(.down))
    let days = Int((Double(seconds) / 86_400).rounded(.down))
    let date = CivilDate(daysSinceEpoch: days)
    let time = seconds - days * 86_400
    func padded(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
      + "T\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))Z"
  }

  /// Its day in UTC: `2026-03-01`.
  public var day: String { String(formatted.prefix(10)) }

  public var description: String { formatted }
}

/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Sendable, Equatable {
  public var year: Int
  public var month: Int
  public var day: Int

  /// The day so many days after 1970-01-01.
  public init(daysSinceEpoch days: Int) {
    // Days are counted from 0000-03-01, so that the leap day ends a year (Howard Hinnant's civil calendar).
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days after 1970-01-01.
  public var daysSinceEpoch: Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// Length of a month.
  public static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

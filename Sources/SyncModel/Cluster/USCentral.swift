/// Midnights of US Central, when Marketo resets an instance's daily quota (Marketo REST API, "Rate limits").
///
/// The documents say CST without saying whether daylight saving moves it. A day is reckoned with daylight saving; after
/// a refusal, the midnight of standard time is a moment to look again, too.
enum USCentral {
  private static let hour = Duration.seconds(3600)

  /// Days since 1970 there.
  static func day(of now: Instant) -> Int64 {
    days(now.advanced(by: hour * (isDaylightSaving(now) ? -5 : -6)))
  }

  /// The next moment at which the quota may be reset.
  static func nextMidnight(after now: Instant) -> Instant {
    let today = days(now)
    for day in today...(today + 1) {
      for utcHour in [5, 6] {
        let moment = Instant(seconds: day * 86_400 + Int64(utcHour) * 3600)
        guard moment > now else { continue }
        if utcHour == 6 || isDaylightSaving(moment) { return moment }
      }
    }
    return now.advanced(by: .seconds(86_400))
  }

  /// From the second Sunday of March, 2:00 standard time, to the first of November, 2:00 daylight time (15 U.S.C. 260a).
  static func isDaylightSaving(_ now: Instant) -> Bool {
    let year = CivilDate(daysSinceEpoch: Int(days(now))).year
    let begin = sunday(2, month: 3, year: year) * 86_400 + 8 * 3600
    let end = sunday(1, month: 11, year: year) * 86_400 + 7 * 3600
    return now >= Instant(seconds: begin) && now < Instant(seconds: end)
  }

  private static func sunday(_ number: Int64, month: Int, year: Int) -> Int64 {
    var date = CivilDate(daysSinceEpoch: 0)
    (date.year, date.month, date.day) = (year, month, 1)
    let first = Int64(date.daysSinceEpoch)
    // 1970-01-01 was a Thursday.
    let weekday = ((first + 4) % 7 + 7) % 7
    return first + (7 - weekday) % 7 + (number - 1) * 7
  }

  private static func days(_ now: Instant) -> Int64 {
    Int64((Double(now.milliseconds) / 86_400_000).rounded(.down))
  }
}

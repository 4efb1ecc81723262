import SyncModel

/// Dates of HTTP header fields.
enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Reads `Sun, 01 Mar 2026 10:15:00 GMT`.
  static func parse(_ text: String) -> Instant? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])),
      let year = Int(parts[3]), (1970...9999).contains(year),
      (1...CivilDate.daysIn(month: month + 1, year: year)).contains(day), parts[5] == "GMT"
    else { return nil }
    let time = parts[4].split(separator: ":").compactMap { Int($0) }
    // Second 60 is a leap second.
    guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2]) else {
      return nil
    }
    var date = CivilDate(daysSinceEpoch: 0)
    (date.year, date.month, date.day) = (year, month + 1, day)
    return Instant(seconds: Int64((date.daysSinceEpoch * 24 + time[0]) * 3600 + time[1] * 60 + time[2]))
  }
}

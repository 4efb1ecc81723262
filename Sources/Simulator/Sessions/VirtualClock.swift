import Foundation
import NIOConcurrencyHelpers

/// The org's clock: the machine's, moved by as much as a test wants.
final class VirtualClock: Sendable {
  private let offset: NIOLockedValueBox<Double>

  init(offset: Double = 0) { self.offset = NIOLockedValueBox(offset) }

  /// Seconds since 1970.
  var now: Double {
    Date().timeIntervalSince1970 + offset.withLockedValue { $0 }
  }

  var seconds: Int { Int(now.rounded(.down)) }

  func advance(by seconds: Double) { offset.withLockedValue { $0 += seconds } }

  /// Sets the clock; it goes on from there.
  func set(to seconds: Double) {
    let change = seconds - now
    offset.withLockedValue { $0 += change }
  }
}

/// Moments as the wire writes them.
enum WireTime {
  /// `Sun, 01 Mar 2026 10:15:00 GMT`.
  static func http(_ seconds: Int) -> String {
    let days = seconds / 86_400
    let (year, month, day) = CivilDay.parts(days)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let time = seconds % 86_400
    return "\(weekdays[days % 7]), \(padded(day)) \(months[month - 1]) \(year) "
      + "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60)) GMT"
  }

  /// `2026-03-01T10:15:00.000+0000`.
  static func json(_ seconds: Int) -> String {
    let (year, month, day) = CivilDay.parts(seconds / 86_400)
    let time = seconds % 86_400
    return "\(year)-\(padded(month))-\(padded(day))T\(padded(time / 3600)):\(padded(time / 60 % 60)):"
      + "\(padded(time % 60)).000+0000"
  }

  /// Seconds since 1970 of an HTTP date.
  static func parseHTTP(_ text: String) -> Int? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]),
      let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
      let days = CivilDay.days(year: year, month: month + 1, day: day)
    else { return nil }
    let time = parts[4].split(separator: ":").compactMap { Int($0) }
    guard time.count == 3 else { return nil }
    return days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}

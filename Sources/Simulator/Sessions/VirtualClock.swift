import Foundation
import NIOConcurrencyHelpers

/// The org's clock: the machine's, moved by as much as a test wants.
final class VirtualClock: Sendable {
  private struct State {
    var offset: Double
    /// Where the clock stands, if it does.
    var stopped: Double?

    var now: Double { stopped ?? Date().timeIntervalSince1970 + offset }
  }

  private let state: NIOLockedValueBox<State>

  init(offset: Double = 0) { state = NIOLockedValueBox(State(offset: offset)) }

  /// Seconds since 1970.
  var now: Double { state.withLockedValue { $0.now } }

  var seconds: Int { Int(now.rounded(.down)) }

  func advance(by seconds: Double) {
    state.withLockedValue {
      $0.offset += seconds
      if let stopped = $0.stopped { $0.stopped = stopped + seconds }
    }
  }

  /// Sets the clock; it goes on from there, unless it is stopped.
  func set(to seconds: Double) {
    state.withLockedValue {
      $0.offset += seconds - $0.now
      if $0.stopped != nil { $0.stopped = seconds }
    }
  }

  /// Stops the clock, so that it moves only when it is told to, or lets it go on from where it stands.
  func stop(_ stops: Bool) {
    state.withLockedValue {
      let now = $0.now
      $0.offset = now - Date().timeIntervalSince1970
      $0.stopped = stops ? now : nil
    }
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

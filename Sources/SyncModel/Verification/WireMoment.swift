/// Days, moments and times of day as the source writes them, read from bytes.
enum WireMoment {
  typealias Input = UnsafeBufferPointer<UInt8>

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  /// Days since 1970-01-01 of `2026-03-01`; `nil` when it is no such day.
  static func days(_ value: Input) -> Int64? { value.count == 10 ? day(value) : nil }

  /// Microseconds since 1970-01-01T00:00:00Z of `2026-03-01T10:15:00.000Z`, or with `+0000` or `+00:00`.
  @inline(__always)
  static func microseconds(_ value: Input) -> Int64? {
    guard value.count >= 20, value[10] | 0x20 == UInt8(ascii: "t"), let day = day(value) else { return nil }
    var position = 11
    guard let time = timeOfDay(value, &position), let zone = zone(value, position) else { return nil }
    return day * microsecondsPerDay + time - zone
  }

  /// Microseconds since midnight of `13:30:00.000Z`.
  static func microsecondsOfDay(_ value: Input) -> Int64? {
    var position = 0
    guard let time = timeOfDay(value, &position) else { return nil }
    return position == value.count || (position + 1 == value.count && value[position] == UInt8(ascii: "Z")) ? time : nil
  }

  @inline(__always)
  private static func day(_ value: Input) -> Int64? {
    guard value.count >= 10, value[4] == UInt8(ascii: "-"), value[7] == UInt8(ascii: "-"),
      let century = pair(value, 0), let year = pair(value, 2), let month = pair(value, 5), let day = pair(value, 8)
    else { return nil }
    var date = CivilDate(daysSinceEpoch: 0)
    (date.year, date.month, date.day) = (century * 100 + year, month, day)
    guard date.year > 0, 1...12 ~= month, day >= 1, day <= CivilDate.daysIn(month: month, year: date.year) else {
      return nil
    }
    return Int64(date.daysSinceEpoch)
  }

  /// `10:15:00` with an optional fraction; leaves the position behind it.
  @inline(__always)
  private static func timeOfDay(_ value: Input, _ position: inout Int) -> Int64? {
    guard value.count >= position + 8, value[position + 2] == UInt8(ascii: ":"),
      value[position + 5] == UInt8(ascii: ":"),
      let hour = pair(value, position), let minute = pair(value, position + 3), let second = pair(value, position + 6),
      hour < 24, minute < 60, second < 60
    else { return nil }
    position += 8
    var time = Int64(hour * 3600 + minute * 60 + second) * 1_000_000
    guard position < value.count, value[position] == UInt8(ascii: ".") else { return time }
    position += 1
    let start = position
    var digits = 0.0
    var scale = 1.0
    while position < value.count, value[position] &- 0x30 <= 9 {
      digits = digits * 10 + Double(value[position] & 0xF)
      scale *= 10
      position += 1
    }
    guard 1...9 ~= position - start else { return nil }
    // As PostgreSQL rounds what it cannot hold.
    time += Int64((digits / scale * 1_000_000).rounded(.toNearestOrEven))
    return time
  }

  /// How far a zone is ahead of UTC, in microseconds.
  @inline(__always)
  private static func zone(_ value: Input, _ position: Int) -> Int64? {
    let rest = value.count - position
    if rest == 1 { return value[position] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
    guard rest == 5 || (rest == 6 && value[position + 3] == UInt8(ascii: ":")), let hours = pair(value, position + 1),
      let minutes = pair(value, value.count - 2), hours < 16, minutes < 60
    else { return nil }
    let offset = Int64(hours * 3600 + minutes * 60) * 1_000_000
    switch value[position] {
    case UInt8(ascii: "+"): return offset
    case UInt8(ascii: "-"): return -offset
    default: return nil
    }
  }

  @inline(__always)
  private static func pair(_ value: Input, _ position: Int) -> Int? {
    let (tens, ones) = (value[position] &- 0x30, value[position + 1] &- 0x30)
    return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : nil
  }
}

extension Instant {
  /// A moment as the source writes it, `2026-03-01T10:15:00.000+0000` or `…Z`; `nil` when it is none.
  public init?(wire text: String) {
    var text = text
    guard let moment = text.withUTF8(WireMoment.microseconds) else { return nil }
    self.init(milliseconds: Int64((Double(moment) / 1000).rounded(.down)))
  }
}

import SyncModel

/// What a record of a delta means for the destination; the letter stands in the staging table.
enum RecordFate: UInt8 {
  /// Belongs to the synced set.
  case alive = 0x41  // A
  /// Belongs to it no more: another record type, or a business account.
  case left = 0x4C  // L
  /// Too old to be taken in; followed where it is stored.
  case followed = 0x46  // F
  /// Deleted in the source.
  case deleted = 0x44  // D

  /// Whether its values are of no interest, only that it is gone.
  var isGone: Bool { self == .left || self == .deleted }
}

/// Tells records' fates by the rules of a delta, from bytes.
struct FateReader {
  /// Where a value stands among its record's.
  private let rules: ChangeRules
  /// 15 bytes each.
  private let recordTypes: [[UInt8]]
  /// Seconds since 1970, rounded up: stamps of the source have whole seconds.
  private let createdFrom: Int64
  /// The day of that moment, as values spell it.
  private let firstDay: [UInt8]

  init(_ rules: ChangeRules) {
    self.rules = rules
    recordTypes = rules.recordTypes.map { Array($0.utf8) }.filter { $0.count == 15 }
    let from = rules.createdFrom?.milliseconds ?? .min
    createdFrom = from / 1000 + (from % 1000 > 0 ? 1 : 0)
    firstDay = rules.createdFrom.map { Array($0.day.utf8) } ?? []
  }

  /// The columns that the rules look at.
  var columns: [Int] {
    [
      rules.deletedColumn, rules.masterColumn, rules.personColumn, rules.recordTypeColumn, rules.createdColumn,
      rules.dayColumn,
    ]
    .compactMap { $0 }
  }

  /// The fate of the record whose values begin at number `first`.
  @inline(__always)
  func fate(_ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, first: Int) -> RecordFate {
    func value(_ column: Int) -> UnsafeBufferPointer<UInt8> { Self.value(bytes, ends, first + column) }
    if let column = rules.deletedColumn, Self.isTrue(value(column)) { return .deleted }
    if let column = rules.personColumn, !Self.isTrue(value(column)) { return .left }
    if let column = rules.recordTypeColumn, !isSelected(value(column)) { return .left }
    if let column = rules.createdColumn, Self.seconds(value(column)).map({ $0 >= createdFrom }) != true {
      return .followed
    }
    if let column = rules.dayColumn {
      let day = value(column)
      // ISO days stand in the order of their bytes.
      if !day.isEmpty, day.lexicographicallyPrecedes(firstDay) { return .followed }
    }
    return .alive
  }

  /// The id of the record that a merged one went into; empty where there is none.
  @inline(__always)
  func master(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, first: Int
  ) -> UnsafeBufferPointer<UInt8> {
    guard let column = rules.masterColumn else { return UnsafeBufferPointer(start: nil, count: 0) }
    return Self.value(bytes, ends, first + column)
  }

  @inline(__always)
  private static func value(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, _ index: Int
  ) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
  }

  private func isSelected(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    guard value.count >= 15 else { return false }
    return recordTypes.contains { $0.elementsEqual(value.prefix(15)) }
  }

  /// As ``ValueEncoder`` reads a boolean.
  private static func isTrue(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = value.first else { return false }
    return first | 0x20 == UInt8(ascii: "t") || (value.count == 1 && first == UInt8(ascii: "1"))
  }

  /// Seconds since 1970 of `2026-03-01T10:15:00.000Z` or `…+0000`, `nil` where the value is no such stamp.
  static func seconds(_ value: UnsafeBufferPointer<UInt8>) -> Int64? {
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start >= 0, value.count >= start + count else { return nil }
      var number = 0
      for byte in value[start..<start + count] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        number = number * 10 + Int(byte - 0x30)
      }
      return number
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
      let minute = number(14, 2), let second = number(17, 2), let zone = value.last
    else { return nil }
    var date = CivilDate(daysSinceEpoch: 0)
    (date.year, date.month, date.day) = (year, month, day)
    let local = Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    if zone == UInt8(ascii: "Z") { return local }
    // `+0000` or `+00:00`: the sign stands five or six bytes before the end.
    let colon = value.count > 3 && value[value.count - 3] == UInt8(ascii: ":")
    let sign = value.count - (colon ? 6 : 5)
    guard sign >= 19, let hours = number(sign + 1, 2), let minutes = number(value.count - 2, 2) else { return nil }
    let offset = Int64(hours * 3600 + minutes * 60)
    return value[sign] == UInt8(ascii: "-") ? local + offset : local - offset
  }
}

import SyncModel

/// Writes values as PostgreSQL's COPY text, and tells which it could never read.
///
/// Works on bytes: no text, no date, no allocation per value. `output` must have room for four bytes per byte of the
/// value and eight more.
enum ValueEncoder {
  typealias Input = UnsafeBufferPointer<UInt8>
  typealias Output = UnsafeMutablePointer<UInt8>

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// Writes a value.
  /// - Returns: `nil` when it is written, else why the column cannot hold it.
  @inline(__always)
  static func encode(_ value: Input, as type: ValueType, _ output: inout Output) -> StaticString? {
    switch type {
    case .text: text(value, &output) ? nil : "not valid UTF-8"
    case .identifier: identifier(value, &output) ? nil : "not an id of 15 or 18 letters and digits"
    case .boolean: boolean(value, &output) ? nil : "neither true nor false"
    case .integer: integer(value, &output) ? nil : "not a whole number of 64 bits"
    case .decimal: decimal(value, &output) ? nil : "not a decimal number"
    case .date: date(value, &output) ? nil : "not a day of the calendar"
    case .instant: instant(value, &output) ? nil : "not a date and time with its zone"
    case .time: time(value, &output) ? nil : "not a time of day"
    case .textList: textList(value, &output) ? nil : "not valid UTF-8"
    }
  }

  // MARK: Text

  /// Text with COPY's escapes; NUL bytes, which PostgreSQL cannot hold, are left out.
  @inline(__always)
  static func text(_ value: Input, _ output: inout Output) -> Bool {
    guard let source = value.baseAddress else { return true }
    var position = 0
    // Eight bytes at a time, as long as none needs a look: ASCII, not a control character, not a backslash.
    while position + 8 <= value.count {
      let word = UnsafeRawPointer(source + position).loadUnaligned(as: UInt64.self)
      let backslashes = word ^ (ones &* 0x5C)
      let special =
        word | ((word &- ones &* 0x20) & ~word) | ((backslashes &- ones) & ~backslashes)
      if special & highs != 0 { break }
      UnsafeMutableRawPointer(output).storeBytes(of: word, as: UInt64.self)
      output += 8
      position += 8
    }
    while position < value.count {
      let byte = source[position]
      if byte >= 0x80 {
        let length = scalarLength(value, position)
        if length == 0 { return false }
        for _ in 0..<length {
          output.pointee = source[position]
          output += 1
          position += 1
        }
        continue
      }
      escaped(byte, &output)
      position += 1
    }
    return true
  }

  /// One ASCII byte with COPY's escapes.
  @inline(__always)
  private static func escaped(_ byte: UInt8, _ output: inout Output) {
    let letter: UInt8
    switch byte {
    case 0: return
    case 0x08: letter = UInt8(ascii: "b")
    case 0x09: letter = UInt8(ascii: "t")
    case 0x0A: letter = UInt8(ascii: "n")
    case 0x0B: letter = UInt8(ascii: "v")
    case 0x0C: letter = UInt8(ascii: "f")
    case 0x0D: letter = UInt8(ascii: "r")
    case 0x5C: letter = 0x5C
    default:
      output.pointee = byte
      output += 1
      return
    }
    output[0] = 0x5C
    output[1] = letter
    output += 2
  }

  /// Length of the UTF-8 scalar that begins at a position, or 0 when none does (RFC 3629: no overlong forms, no
  /// surrogates, nothing above U+10FFFF).
  private static func scalarLength(_ value: Input, _ position: Int) -> Int {
    func continuation(_ offset: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xBF) -> Bool {
      let index = position + offset
      return index < value.count && value[index] >= low && value[index] <= high
    }
    switch value[position] {
    case 0xC2...0xDF: return continuation(1) ? 2 : 0
    case 0xE0: return continuation(1, 0xA0) && continuation(2) ? 3 : 0
    case 0xED: return continuation(1, 0x80, 0x9F) && continuation(2) ? 3 : 0
    case 0xE1...0xEF: return continuation(1) && continuation(2) ? 3 : 0
    case 0xF0: return continuation(1, 0x90) && continuation(2) && continuation(3) ? 4 : 0
    case 0xF1...0xF3: return continuation(1) && continuation(2) && continuation(3) ? 4 : 0
    case 0xF4: return continuation(1, 0x80, 0x8F) && continuation(2) && continuation(3) ? 4 : 0
    default: return 0
    }
  }

  /// A multipicklist, `A;B;C`, as an array literal: quoted for the array, then escaped for COPY.
  private static func textList(_ value: Input, _ output: inout Output) -> Bool {
    func put(_ byte: UInt8) {
      output.pointee = byte
      output += 1
    }
    let quote = UInt8(ascii: "\"")
    put(UInt8(ascii: "{"))
    put(quote)
    var position = 0
    while position < value.count {
      let byte = value[position]
      if byte >= 0x80 {
        let length = scalarLength(value, position)
        if length == 0 { return false }
        for _ in 0..<length {
          put(value[position])
          position += 1
        }
        continue
      }
      switch byte {
      case UInt8(ascii: ";"):
        put(quote)
        put(UInt8(ascii: ","))
        put(quote)
      case quote, 0x5C:
        put(0x5C)
        put(0x5C)
        escaped(byte, &output)
      default: escaped(byte, &output)
      }
      position += 1
    }
    put(quote)
    put(UInt8(ascii: "}"))
    return true
  }

  // MARK: Ids and truth values

  @inline(__always)
  private static func identifier(_ value: Input, _ output: inout Output) -> Bool {
    guard VeevaID.isWellFormed(value), let source = value.baseAddress else { return false }
    output.update(from: source, count: value.count)
    output += value.count
    if value.count == 15 {
      let (a, b, c) = VeevaID.checksum(value)
      output[0] = a
      output[1] = b
      output[2] = c
      output += 3
    }
    return true
  }

  @inline(__always)
  private static func boolean(_ value: Input, _ output: inout Output) -> Bool {
    let isTrue: Bool
    switch value.count {
    case 4 where lower(value[0]) == 0x74 && lower(value[1]) == 0x72 && lower(value[2]) == 0x75 && lower(value[3]) == 0x65:
      isTrue = true
    case 5
    where lower(value[0]) == 0x66 && lower(value[1]) == 0x61 && lower(value[2]) == 0x6C && lower(value[3]) == 0x73
      && lower(value[4]) == 0x65:
      isTrue = false
    case 1 where value[0] == 0x31: isTrue = true
    case 1 where value[0] == 0x30: isTrue = false
    default: return false
    }
    output.pointee = isTrue ? UInt8(ascii: "t") : UInt8(ascii: "f")
    output += 1
    return true
  }

  @inline(__always)
  private static func lower(_ byte: UInt8) -> UInt8 { byte | 0x20 }

  // MARK: Numbers

  /// A whole number; `.0` at its end, as JSON may have it, is left out.
  private static func integer(_ value: Input, _ output: inout Output) -> Bool {
    var position = value.first == UInt8(ascii: "-") || value.first == UInt8(ascii: "+") ? 1 : 0
    let isNegative = value.first == UInt8(ascii: "-")
    let start = position
    var number: Int64 = 0
    while position < value.count, let digit = digit(value[position]) {
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) =
        isNegative
        ? product.subtractingReportingOverflow(Int64(digit)) : product.addingReportingOverflow(Int64(digit))
      if overflow || carry { return false }
      number = sum
      position += 1
    }
    guard position > start else { return false }
    let end = position
    if position < value.count {
      guard value[position] == UInt8(ascii: "."), position + 1 < value.count else { return false }
      for byte in value[(position + 1)...] where byte != UInt8(ascii: "0") { return false }
    }
    if isNegative { put(UInt8(ascii: "-"), &output) }
    copy(value, start, end, &output)
    return true
  }

  /// A decimal number with all its digits; an exponent is allowed, within what `numeric` holds.
  private static func decimal(_ value: Input, _ output: inout Output) -> Bool {
    var position = value.first == UInt8(ascii: "-") || value.first == UInt8(ascii: "+") ? 1 : 0
    let whole = run(value, &position)
    var fraction = 0
    if position < value.count, value[position] == UInt8(ascii: ".") {
      position += 1
      fraction = run(value, &position)
    }
    guard whole + fraction > 0 else { return false }
    var exponent = 0
    if position < value.count, lower(value[position]) == UInt8(ascii: "e") {
      position += 1
      if position < value.count, value[position] == UInt8(ascii: "-") || value[position] == UInt8(ascii: "+") {
        position += 1
      }
      let start = position
      while position < value.count, let digit = digit(value[position]), exponent < 100_000 {
        exponent = exponent * 10 + Int(digit)
        position += 1
      }
      guard position > start else { return false }
    }
    guard position == value.count, whole + exponent < 131_072, fraction + exponent < 16_383 else { return false }
    copy(value, 0, value.count, &output)
    return true
  }

  private static func run(_ value: Input, _ position: inout Int) -> Int {
    let start = position
    while position < value.count, digit(value[position]) != nil { position += 1 }
    return position - start
  }

  // MARK: Dates and times

  /// `2026-03-01`.
  @inline(__always)
  private static func date(_ value: Input, _ output: inout Output) -> Bool {
    guard value.count == 10, isDate(value) else { return false }
    copy(value, 0, 10, &output)
    return true
  }

  /// `2026-03-01T10:15:00.000Z`, or with `+0000` or `+00:00` for the zone; PostgreSQL reads all three.
  @inline(__always)
  private static func instant(_ value: Input, _ output: inout Output) -> Bool {
    guard value.count >= 20, isDate(value), value[10] == UInt8(ascii: "T") else { return false }
    var position = 11
    guard isTime(value, &position), isZone(value, position) else { return false }
    copy(value, 0, value.count, &output)
    return true
  }

  /// `13:30:00.000Z`; a time of day has no zone of its own.
  private static func time(_ value: Input, _ output: inout Output) -> Bool {
    var position = 0
    guard isTime(value, &position) else { return false }
    let end = position
    guard end == value.count || isZone(value, end) else { return false }
    copy(value, 0, end, &output)
    return true
  }

  @inline(__always)
  private static func isDate(_ value: Input) -> Bool {
    guard let century = pair(value, 0), let years = pair(value, 2), value[4] == UInt8(ascii: "-"),
      let month = pair(value, 5), value[7] == UInt8(ascii: "-"), let day = pair(value, 8)
    else { return false }
    let year = century * 100 + years
    return year >= 1 && month >= 1 && month <= 12 && day >= 1
      && (day <= 28 || day <= CivilDate.daysIn(month: month, year: year))
  }

  /// `10:15:00` with an optional fraction; leaves the position behind it.
  @inline(__always)
  private static func isTime(_ value: Input, _ position: inout Int) -> Bool {
    guard value.count >= position + 8, let hour = pair(value, position), value[position + 2] == UInt8(ascii: ":"),
      let minute = pair(value, position + 3), value[position + 5] == UInt8(ascii: ":"),
      let second = pair(value, position + 6), hour < 24, minute < 60, second < 60
    else { return false }
    position += 8
    if position < value.count, value[position] == UInt8(ascii: ".") {
      position += 1
      let digits = run(value, &position)
      return digits >= 1 && digits <= 9
    }
    return true
  }

  @inline(__always)
  private static func isZone(_ value: Input, _ position: Int) -> Bool {
    let rest = value.count - position
    if rest == 1 { return value[position] == UInt8(ascii: "Z") }
    guard rest == 5 || rest == 6, value[position] == UInt8(ascii: "+") || value[position] == UInt8(ascii: "-"),
      let hours = pair(value, position + 1), hours < 16
    else { return false }
    if rest == 6, value[position + 3] != UInt8(ascii: ":") { return false }
    return pair(value, value.count - 2).map { $0 < 60 } ?? false
  }

  @inline(__always)
  private static func pair(_ value: Input, _ position: Int) -> Int? {
    guard let tens = digit(value[position]), let ones = digit(value[position + 1]) else { return nil }
    return Int(tens) * 10 + Int(ones)
  }

  @inline(__always)
  private static func digit(_ byte: UInt8) -> UInt8? {
    let digit = byte &- 0x30
    return digit <= 9 ? digit : nil
  }

  @inline(__always)
  private static func put(_ byte: UInt8, _ output: inout Output) {
    output.pointee = byte
    output += 1
  }

  @inline(__always)
  private static func copy(_ value: Input, _ start: Int, _ end: Int, _ output: inout Output) {
    guard let source = value.baseAddress, end > start else { return }
    output.update(from: source + start, count: end - start)
    output += end - start
  }
}

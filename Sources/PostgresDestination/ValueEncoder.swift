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
    let count = value.count
    var position = 0
    while true {
      while position + 8 <= count {
        let word = load(source + position)
        if !isPlain(word) { break }
        store(word, output)
        output += 8
        position += 8
      }
      let rest = count - position
      if rest == 0 { return true }
      if rest < 8, count >= 8 {
        // The last eight bytes, of which the first were written already: as they are, if all eight are plain.
        let word = load(source + (count - 8))
        if isPlain(word) {
          store(word, output - (8 - rest))
          output += rest
          return true
        }
      }
      if !scalars(value, &position, until: min(position + 8, count), &output) { return false }
    }
  }

  /// Writes what begins before `end`, scalar by scalar.
  @inline(__always)
  private static func scalars(
    _ value: Input, _ position: inout Int, until end: Int, _ output: inout Output
  ) -> Bool {
    while position < end {
      let byte = value[position]
      if byte >= 0x80 {
        let length = scalarLength(value, position)
        if length == 0 { return false }
        for _ in 0..<length {
          put(value[position], &output)
          position += 1
        }
      } else {
        escaped(byte, &output)
        position += 1
      }
    }
    return true
  }

  /// Whether none of eight bytes needs a look: ASCII, not a control character, not a backslash.
  @inline(__always)
  private static func isPlain(_ word: UInt64) -> Bool {
    let backslashes = word ^ (ones &* 0x5C)
    let special = word | ((word &- ones &* 0x20) & ~word) | ((backslashes &- ones) & ~backslashes)
    return special & highs == 0
  }

  /// Eight bytes, the first of them lowest.
  @inline(__always)
  private static func load(_ source: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(source).loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  private static func store(_ word: UInt64, _ output: Output) {
    UnsafeMutableRawPointer(output).storeBytes(of: word.littleEndian, as: UInt64.self)
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
  ///
  /// A separator at the very end begins no further part.
  private static func textList(_ value: Input, _ output: inout Output) -> Bool {
    let quote = UInt8(ascii: "\"")
    let separator = UInt8(ascii: ";")
    let count = value.last == separator ? value.count - 1 : value.count
    put(UInt8(ascii: "{"), &output)
    put(quote, &output)
    var position = 0
    while position < count {
      switch value[position] {
      case separator:
        put(quote, &output)
        put(UInt8(ascii: ","), &output)
        put(quote, &output)
        position += 1
      case quote, 0x5C:
        put(0x5C, &output)
        put(0x5C, &output)
        escaped(value[position], &output)
        position += 1
      default:
        if !scalars(value, &position, until: position + 1, &output) { return false }
      }
    }
    put(quote, &output)
    put(UInt8(ascii: "}"), &output)
    return true
  }

  // MARK: Ids and truth values

  /// An id of the source, widened to 18 characters.
  @inline(__always)
  private static func identifier(_ value: Input, _ output: inout Output) -> Bool {
    guard value.count == 18 || value.count == 15, let source = value.baseAddress else { return false }
    // Two words that overlap cover 15 characters; a third, the rest of 18.
    guard isAlphanumeric(load(source)), isAlphanumeric(load(source + 7)),
      value.count == 15 || isAlphanumeric(load(source + 10))
    else { return false }
    copy(value, 0, value.count, &output)
    if value.count == 15 {
      let (a, b, c) = VeevaID.checksum(value)
      put(a, &output)
      put(b, &output)
      put(c, &output)
    }
    return true
  }

  /// Whether eight bytes are letters and digits of ASCII.
  @inline(__always)
  private static func isAlphanumeric(_ word: UInt64) -> Bool {
    guard word & highs == 0 else { return false }
    // Adding 0x80 - n to a byte below 0x80 sets its high bit exactly where the byte is n or more.
    let lower = word | (ones &* 0x20)
    let letters = (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x80 - 0x7B))
    let digits = (word &+ ones &* (0x80 - 0x30)) & ~(word &+ ones &* (0x80 - 0x3A))
    return (letters | digits) & highs == highs
  }

  /// `true` or `false` in any case, or `1` or `0`. Written in full, which a text column holds as well.
  @inline(__always)
  private static func boolean(_ value: Input, _ output: inout Output) -> Bool {
    let isTrue: Bool
    switch value.count {
    case 4 where matches(value, "true"): isTrue = true
    case 5 where matches(value, "false"): isTrue = false
    case 1 where value[0] == UInt8(ascii: "1"): isTrue = true
    case 1 where value[0] == UInt8(ascii: "0"): isTrue = false
    default: return false
    }
    let word: StaticString = isTrue ? "true" : "false"
    output.update(from: word.utf8Start, count: word.utf8CodeUnitCount)
    output += word.utf8CodeUnitCount
    return true
  }

  /// Whether the value reads as a word of lower-case letters, whatever its own case.
  @inline(__always)
  private static func matches(_ value: Input, _ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount where lower(value[index]) != word.utf8Start[index] { return false }
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
    guard end == value.count || (end + 1 == value.count && value[end] == UInt8(ascii: "Z")) else { return false }
    copy(value, 0, end, &output)
    return true
  }

  /// Ten bytes or more that begin with a day of the calendar, of the years 1 to 9999.
  @inline(__always)
  private static func isDate(_ value: Input) -> Bool {
    guard let source = value.baseAddress, let digits = digits(load(source), like: datePattern),
      let day = pair(value, 8)
    else { return false }
    let month = ten(digits, 5)
    guard month >= 1, month <= 12, day >= 1, digits & 0xFFFF_FFFF != 0 else { return false }
    return day <= 28 || day <= CivilDate.daysIn(month: month, year: ten(digits, 0) * 100 + ten(digits, 2))
  }

  /// `10:15:00` with an optional fraction; leaves the position behind it.
  @inline(__always)
  private static func isTime(_ value: Input, _ position: inout Int) -> Bool {
    guard value.count >= position + 8, let source = value.baseAddress,
      let digits = digits(load(source + position), like: timePattern),
      ten(digits, 0) < 24, ten(digits, 3) < 60, ten(digits, 6) < 60
    else { return false }
    position += 8
    if position < value.count, value[position] == UInt8(ascii: ".") {
      position += 1
      let digits = run(value, &position)
      return digits >= 1 && digits <= 9
    }
    return true
  }

  /// `0000-00-0`, the first byte lowest; the last character is looked at elsewhere.
  private static let datePattern: UInt64 = 0x2D30_302D_3030_3030
  /// `00:00:00`.
  private static let timePattern: UInt64 = 0x3030_3A30_303A_3030

  /// Values of the digits in eight bytes that are alike to a pattern of zeroes and separators, or `nil`.
  @inline(__always)
  private static func digits(_ word: UInt64, like pattern: UInt64) -> UInt64? {
    let digits = word ^ pattern
    // A zero of the pattern, 0x30, has bits 4 and 5 but not bits 0 to 3; every separator has some of those.
    let isSeparator = (pattern | pattern >> 1 | pattern >> 2 | pattern >> 3) & ones
    // Sets a byte's high bit where it is above 9, in place of a separator above 0.
    let above = digits &+ (ones &* (0x7F - 9)) &+ isSeparator &* 9
    return (digits | above) & highs == 0 ? digits : nil
  }

  /// The number that the digits at two positions make.
  @inline(__always)
  private static func ten(_ digits: UInt64, _ position: Int) -> Int {
    let tens = digits >> UInt64(position * 8)
    return Int(tens & 0xF) * 10 + Int((tens >> 8) & 0xF)
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

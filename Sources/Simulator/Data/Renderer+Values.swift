/// The forms of single values.
extension Renderer {
  private static let falseText: StaticString = "false"
  private static let trueText: StaticString = "true"

  /// An 18-character id; room was reserved.
  @inline(__always)
  func id(_ object: ObjectKind, _ index: Int, _ sink: inout ByteSink) {
    data.write15(object, index, &sink)
    IDChecksum.put(&sink)
  }

  /// An id of an object that nobody sees.
  func foreignID(_ prefix: (UInt8, UInt8, UInt8), _ index: Int, _ sink: inout ByteSink) {
    sink.put(prefix.0)
    sink.put(prefix.1)
    sink.put(prefix.2)
    sink.put(0x35)
    sink.put(0x67)
    sink.put(0x30)
    IDLayout.putBase62(UInt64(index) &* 7919 &+ 100_000, &sink)
    IDChecksum.put(&sink)
  }

  @inline(__always)
  func putBoolean(_ value: Bool, _ sink: inout ByteSink) {
    if value { sink.put(Self.trueText.utf8Start, 4) } else { sink.put(Self.falseText.utf8Start, 5) }
  }

  @inline(__always)
  func firstName(_ row: Row, _ form: Lexicon.Form, _ sink: inout ByteSink) {
    data.lexicon.write(data.words.firstNames, pick(data.words.firstNames, row.chance), form, &sink)
  }

  @inline(__always)
  func lastName(_ row: Row, _ form: Lexicon.Form, _ sink: inout ByteSink) {
    data.lexicon.write(data.words.lastNames, pick(data.words.lastNames, row.chance << 20), form, &sink)
  }

  /// `+1 (555) 012-3456`.
  @inline(__always)
  func phone(_ chance: UInt64, _ sink: inout ByteSink) {
    let digits = UInt(chance >> 20)
    sink.put(0x2B)
    sink.putPadded(1 &+ digits % 48, 2)
    sink.put(0x20)
    sink.put(0x28)
    sink.putPadded(digits / 64, 3)
    sink.put(0x29)
    sink.put(0x20)
    sink.putPadded(digits / 4096, 3)
    sink.put(0x2D)
    sink.putPadded(digits / 65_536, 4)
  }

  func degrees(_ limit: Int, _ chance: UInt64, _ sink: inout ByteSink) {
    let value = Mixing.below(2 * limit, chance) - limit
    if value < 0 { sink.put(0x2D) }
    sink.putDecimal(Int(value.magnitude))
    sink.put(0x2E)
    sink.putPadded(UInt(chance & 0xFFFFF), 6)
  }

  func multipicklist(_ table: Lexicon.Table, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink) {
    let count = Int(table.count)
    let chosen = 1 &+ Mixing.below((1 << count) &- 1, chance)
    var first = true
    for place in 0..<count where chosen & (1 << place) != 0 {
      if !first { sink.append(0x3B) }
      first = false
      data.lexicon.write(table, place, form, &sink)
    }
  }

  /// A few phrases, or thirty kilobytes of them.
  func prose(_ table: Lexicon.Table, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink) {
    var at = pick(table, chance)
    if (chance >> 10) % 5000 == 0 {
      // A number of phrases, not of bytes: CSV and JSON escape differently, and both must show the same value.
      for _ in 0..<1500 {
        data.lexicon.write(table, at, form, &sink)
        sink.append(0x20)
        at = (at + 5) % Int(table.count)
      }
      sink.append(0x2E)
      return
    }
    for round in 0...Int(chance >> 22 & 1) {
      if round > 0 { sink.append(0x20) }
      data.lexicon.write(table, at, form, &sink)
      at = (at + 7) % Int(table.count)
    }
  }

  func decimal(_ style: FieldContent.DecimalStyle, _ chance: UInt64, _ sink: inout ByteSink) {
    let bits = chance >> 12
    switch style {
    case .money:
      sink.putDecimal(Int(bits % 2_000_000))
      sink.put(0x2E)
      sink.putPadded(UInt(bits >> 24) % 100, 2)
    case .percent:
      sink.putDecimal(Int(bits % 100))
      sink.put(0x2E)
      sink.putDecimal(Int(bits >> 20) % 10)
    case .count:
      sink.putDecimal(Int(bits % 400))
      sink.put(0x2E)
      sink.put(0x30)
    case .score:
      sink.putDecimal(Int(bits % 5000) - 500)
      sink.put(0x2E)
      sink.put(0x30)
    case .wild: wild(bits, &sink)
    }
  }

  private func wild(_ bits: UInt64, _ sink: inout ByteSink) {
    switch bits & 63 {
    case 0: sink.append("1.0E7")
    case 1: sink.append("123456789012345678")
    case 2: sink.append("-0.5")
    case 3: sink.append("0.0")
    case 4: sink.append("9.99999999999999E14")
    case 5: sink.append("1.0E-4")
    case 6: sink.append("-99999999999999.9999")
    default:
      if bits & 64 != 0 { sink.put(0x2D) }
      sink.putDecimal(Int((bits >> 8) % 1_000_000))
      sink.put(0x2E)
      sink.putPadded(UInt(bits >> 30) % 10_000, 4)
    }
  }

  /// Days since 1970.
  @inline(__always)
  func dateOf(_ style: FieldContent.DateStyle, _ chance: UInt64) -> Int {
    switch style {
    case .birth:
      if chance & 0xFFC00 == 0 { return edgeDay(chance) }
      return -14_600 &+ Mixing.below(20_000, chance)
    case .recent:
      if chance & 0x3F0000 == 0 { return edgeDay(chance) }
      return data.options.asOf / 86_400 &- Mixing.below(3000, chance)
    }
  }

  /// Seconds since 1970.
  @inline(__always)
  func instantOf(_ style: FieldContent.DateStyle, _ chance: UInt64) -> Int {
    if chance & 0x3F0000 == 0 { return edgeDay(chance) &* 86_400 &+ (chance & 64 == 0 ? 0 : 86_399) }
    return data.options.asOf &- Mixing.below(3000 * 86_400, chance)
  }

  /// 1700-01-01, 4000-12-31 (the platform's limits) and leap days.
  func edgeDay(_ chance: UInt64) -> Int {
    switch Mixing.below(5, chance) {
    case 0: -98_615
    case 1: 741_807
    case 2: 19_782
    case 3: 11_016
    default: -25_509
    }
  }

  @inline(__always)
  func putDate(_ days: Int, _ sink: inout ByteSink) {
    let (year, month, day) = CivilDay.parts(days)
    sink.putPadded(UInt(truncatingIfNeeded: year), 4)
    sink.put(0x2D)
    sink.putPadded(UInt(truncatingIfNeeded: month), 2)
    sink.put(0x2D)
    sink.putPadded(UInt(truncatingIfNeeded: day), 2)
  }

  /// `2026-03-01T10:15:00.000Z`, in JSON with `+0000` (Salesforce writes both).
  @inline(__always)
  func putInstant(_ seconds: Int, _ form: Lexicon.Form, _ sink: inout ByteSink) {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds &- 86_399) / 86_400
    let time = UInt(truncatingIfNeeded: seconds &- days &* 86_400)
    putDate(days, &sink)
    sink.put(0x54)
    sink.putPadded(time / 3600, 2)
    sink.put(0x3A)
    sink.putPadded(time / 60 % 60, 2)
    sink.put(0x3A)
    sink.putPadded(time % 60, 2)
    sink.put(0x2E)
    sink.put(0x30)
    sink.put(0x30)
    sink.put(0x30)
    if form == .json {
      sink.put(0x2B)
      sink.put(0x30)
      sink.put(0x30)
      sink.put(0x30)
      sink.put(0x30)
    } else {
      sink.put(0x5A)
    }
  }
}

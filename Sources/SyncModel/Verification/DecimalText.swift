/// Decimal numbers in the spelling of PostgreSQL's `trim_scale(numeric)::text`: no exponent, no needless zeroes.
enum DecimalText {
  /// Digits that PostgreSQL's `numeric` holds before the point, and behind it.
  private static let mostWhole = 131_072
  private static let mostFraction = 16_383

  /// Writes a number.
  /// - Returns: `false` when it is none, or none that `numeric` holds.
  static func write(_ value: UnsafeBufferPointer<UInt8>, _ output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    guard let parts = Parts(value) else { return false }
    var digits = parts.digits
    // Digits before the point; with leading zeroes gone, below zero for 0.05.
    var point = parts.whole + parts.exponent
    while let first = digits.first, first == parts.point || value[first] == UInt8(ascii: "0") {
      if first != parts.point { point -= 1 }
      digits.removeFirst()
    }
    while let last = digits.last, last == parts.point || value[last] == UInt8(ascii: "0") { digits.removeLast() }
    guard !digits.isEmpty else {
      output.append(UInt8(ascii: "0"))
      return true
    }
    let count = digits.count - (parts.point.map(digits.contains) == true ? 1 : 0)
    guard point <= mostWhole, count - point <= mostFraction else { return false }
    if parts.isNegative { output.append(UInt8(ascii: "-")) }
    if point <= 0 {
      output.append(UInt8(ascii: "0"))
      output.append(UInt8(ascii: "."))
      output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -point))
    }
    var written = 0
    for index in digits where index != parts.point {
      if written == point, point > 0 { output.append(UInt8(ascii: ".")) }
      output.append(value[index])
      written += 1
    }
    if written < point { output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: point - written)) }
    return true
  }

  /// Where the parts of a number stand.
  private struct Parts {
    var isNegative = false
    /// Positions of the digits, and of the point among them.
    var digits: Range<Int>
    var point: Int?
    /// Digits before the point.
    var whole = 0
    var exponent = 0

    init?(_ value: UnsafeBufferPointer<UInt8>) {
      var position = 0
      if let sign = value.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        isNegative = sign == UInt8(ascii: "-")
        position = 1
      }
      let start = position
      while position < value.count, Self.isDigit(value[position]) { position += 1 }
      whole = position - start
      var fraction = 0
      if position < value.count, value[position] == UInt8(ascii: ".") {
        point = position
        position += 1
        while position < value.count, Self.isDigit(value[position]) { position += 1 }
        fraction = position - (point ?? position) - 1
      }
      digits = start..<position
      guard whole + fraction > 0 else { return nil }
      if position < value.count {
        guard value[position] | 0x20 == UInt8(ascii: "e"),
          let exponent = Self.exponent(UnsafeBufferPointer(rebasing: value[(position + 1)...]))
        else { return nil }
        self.exponent = exponent
      }
    }

    private static func exponent(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
      var digits = value[...]
      let isNegative = digits.first == UInt8(ascii: "-")
      if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
      guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
      var exponent = 0
      for digit in digits { exponent = min(exponent * 10 + Int(digit & 0xF), 1_000_000) }
      return isNegative ? -exponent : exponent
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }
  }
}

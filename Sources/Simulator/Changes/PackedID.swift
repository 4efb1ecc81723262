/// The 15 characters of an id in two words, which compare as the characters do.
struct PackedID: Hashable, Comparable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// - Returns: `nil` unless there are 15 bytes.
  init?(_ stem: some Collection<UInt8>) {
    guard stem.count == 15 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for (place, byte) in stem.enumerated() {
      if place < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
    }
    (high, low) = words
  }

  static func < (a: PackedID, b: PackedID) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

  var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) }
      + (0..<7).map { UInt8(truncatingIfNeeded: low >> UInt64(48 - 8 * $0)) }
  }

  /// Adds the 15 bytes, for which room was reserved.
  func put(_ sink: inout ByteSink) {
    for place in 0..<8 as Range<UInt64> { sink.put(UInt8(truncatingIfNeeded: high >> (56 - 8 * place))) }
    for place in 0..<7 as Range<UInt64> { sink.put(UInt8(truncatingIfNeeded: low >> (48 - 8 * place))) }
  }

  /// The id so many further on in its run: the last nine characters are a number of base 62.
  func advanced(by count: UInt64) -> PackedID? {
    let bytes = bytes
    var counter: UInt64 = 0
    for byte in bytes.suffix(9) {
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x5A: digit = byte - 0x37
      case 0x61...0x7A: digit = byte - 0x3D
      default: return nil
      }
      counter = counter * 62 + UInt64(digit)
    }
    var sink = ByteSink(capacity: 64)
    sink.append(Array(bytes.prefix(6)))
    sink.reserve(9)
    IDLayout.putBase62(counter &+ count, &sink)
    return PackedID(sink.bytes)
  }
}

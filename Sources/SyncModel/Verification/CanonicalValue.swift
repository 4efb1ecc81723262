/// Turns a value as delivered into the one spelling that the destination's side gives the stored value, too, and
/// hashes it. Values whose type needs no other spelling are hashed where they are.
///
/// | type | canonical form |
/// | --- | --- |
/// | identifier | 18 characters |
/// | text | the bytes without NUL; nothing left is null |
/// | textList | the parts joined by `;`, which is the value without a last separator |
/// | boolean | `t` or `f` |
/// | integer, decimal | decimal digits without needless zeroes, no exponent |
/// | date | days since 1970-01-01 |
/// | instant | microseconds since 1970-01-01T00:00:00Z |
/// | time | microseconds since midnight |
///
/// A value that its type cannot hold is hashed as it came, which equals nothing that is stored: it is a reject.
struct CanonicalValue {
  typealias Input = UnsafeBufferPointer<UInt8>

  /// Where another spelling is put together.
  private var scratch: [UInt8] = []

  /// The hash of a value; `nil` for null.
  @inline(__always)
  mutating func hash(_ value: Input, as type: ValueType, seed: UInt64) -> UInt64? {
    if value.isEmpty { return nil }
    switch type {
    case .text: return text(value, seed)
    case .textList: return textList(value, seed)
    case .identifier: return identifier(value, seed)
    case .boolean: return boolean(value, seed)
    case .integer, .decimal: return number(value, seed)
    case .date: return spelled(WireMoment.days(value), value, seed)
    case .instant: return spelled(WireMoment.microseconds(value), value, seed)
    case .time: return spelled(WireMoment.microsecondsOfDay(value), value, seed)
    }
  }

  private mutating func text(_ value: Input, _ seed: UInt64) -> UInt64? {
    guard value.contains(0) else { return TextHash.hash(value, seed: seed) }
    scratch.removeAll(keepingCapacity: true)
    for byte in value where byte != 0 { scratch.append(byte) }
    return scratch.isEmpty ? nil : hashScratch(seed)
  }

  private mutating func textList(_ value: Input, _ seed: UInt64) -> UInt64 {
    let parts = value.last == UInt8(ascii: ";") ? Input(rebasing: value.dropLast()) : value
    guard parts.contains(0) else { return TextHash.hash(parts, seed: seed) }
    scratch.removeAll(keepingCapacity: true)
    for byte in parts where byte != 0 { scratch.append(byte) }
    return hashScratch(seed)
  }

  private mutating func identifier(_ value: Input, _ seed: UInt64) -> UInt64 {
    guard value.count == 15 else { return TextHash.hash(value, seed: seed) }
    let (a, b, c) = VeevaID.checksum(value)
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: value)
    scratch.append(a)
    scratch.append(b)
    scratch.append(c)
    return hashScratch(seed)
  }

  private mutating func boolean(_ value: Input, _ seed: UInt64) -> UInt64 {
    let first = value[0] | 0x20
    scratch.removeAll(keepingCapacity: true)
    scratch.append(first == UInt8(ascii: "t") || value[0] == UInt8(ascii: "1") ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    return hashScratch(seed)
  }

  private mutating func number(_ value: Input, _ seed: UInt64) -> UInt64 {
    guard DecimalText.write(value, &scratch) else { return TextHash.hash(value, seed: seed) }
    return hashScratch(seed)
  }

  private mutating func spelled(_ number: Int64?, _ value: Input, _ seed: UInt64) -> UInt64 {
    guard let number else { return TextHash.hash(value, seed: seed) }
    scratch.removeAll(keepingCapacity: true)
    var rest = number.magnitude
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      scratch.append(0x30 + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    } while rest > 0
    if number < 0 { scratch.append(UInt8(ascii: "-")) }
    scratch.reverse()
    return hashScratch(seed)
  }

  @inline(__always)
  private func hashScratch(_ seed: UInt64) -> UInt64 {
    scratch.withUnsafeBufferPointer { TextHash.hash($0, seed: seed) }
  }
}

/// The 15 characters of an id as two numbers, which compare as the bytes do.
public struct PackedID: Sendable, Hashable, Comparable {
  /// The first eight characters, the first of them highest.
  let head: UInt64
  /// The other seven, and a zero byte.
  let tail: UInt64

  /// The id in 15 or 18 bytes; `nil` for anything else than letters and digits.
  @inline(__always)
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard VeevaID.isWellFormed(bytes), let start = bytes.baseAddress.map({ UnsafeRawPointer($0) }) else { return nil }
    head = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
    // From the seventh byte to the fourteenth; the seventh belongs to the head.
    tail = UInt64(bigEndian: (start + 7).loadUnaligned(as: UInt64.self)) << 8
  }

  /// The id of 15 or 18 characters; `nil` for anything else than letters and digits.
  public init?(_ text: String) {
    var text = text
    guard let id = text.withUTF8({ PackedID($0) }) else { return nil }
    self = id
  }

  @inline(__always)
  public static func < (a: PackedID, b: PackedID) -> Bool {
    a.head != b.head ? a.head < b.head : a.tail < b.tail
  }

  /// The 15 characters.
  public var text: String {
    let bytes = (0..<15).map { index in
      let (word, place) = index < 8 ? (head, index) : (tail, index - 8)
      return UInt8(truncatingIfNeeded: word >> UInt64(56 - place * 8))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// PostgreSQL's `hashtextextended`: a hash of bytes with a seed, 64 bits.
///
/// Bob Jenkins' lookup3 as in PostgreSQL's `hashfn.c`, `hash_bytes_extended`, on a little-endian machine. Partitions
/// by hash rely on it, so it stays what it is from one release to the next. Not for secrets.
public enum TextHash {
  /// The hash of bytes.
  @inline(__always)
  public static func hash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64 {
    var state = State(count: bytes.count, seed: seed)
    guard let start = bytes.baseAddress.map({ UnsafeRawPointer($0) }) else { return state.finish() }
    var position = 0
    while bytes.count - position >= 12 {
      state.a &+= word(start, position)
      state.b &+= word(start, position + 4)
      state.c &+= word(start, position + 8)
      state.mix()
      position += 12
    }
    // The lowest byte of the third word is reserved for the length.
    for index in position..<bytes.count {
      let place = index - position
      let byte = UInt32(bytes[index])
      switch place >> 2 {
      case 0: state.a &+= byte << UInt32(place * 8)
      case 1: state.b &+= byte << UInt32((place - 4) * 8)
      default: state.c &+= byte << UInt32((place - 7) * 8)
      }
    }
    return state.finish()
  }

  /// The hash of a text's UTF-8.
  public static func hash(_ text: String, seed: UInt64) -> UInt64 {
    var text = text
    return text.withUTF8 { hash($0, seed: seed) }
  }

  @inline(__always)
  private static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: (start + offset).loadUnaligned(as: UInt32.self))
  }

  private struct State {
    var a: UInt32
    var b: UInt32
    var c: UInt32

    @inline(__always)
    init(count: Int, seed: UInt64) {
      let start = 0x9E37_79B9 &+ UInt32(truncatingIfNeeded: count) &+ 3_923_095
      (a, b, c) = (start, start, start)
      guard seed != 0 else { return }
      a &+= UInt32(truncatingIfNeeded: seed >> 32)
      b &+= UInt32(truncatingIfNeeded: seed)
      mix()
    }

    @inline(__always)
    private func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }

    @inline(__always)
    mutating func mix() {
      a &-= c; a ^= turned(c, 4); c &+= b
      b &-= a; b ^= turned(a, 6); a &+= c
      c &-= b; c ^= turned(b, 8); b &+= a
      a &-= c; a ^= turned(c, 16); c &+= b
      b &-= a; b ^= turned(a, 19); a &+= c
      c &-= b; c ^= turned(b, 4); b &+= a
    }

    @inline(__always)
    mutating func finish() -> UInt64 {
      c ^= b; c &-= turned(b, 14)
      a ^= c; a &-= turned(c, 11)
      b ^= a; b &-= turned(a, 25)
      c ^= b; c &-= turned(b, 16)
      a ^= c; a &-= turned(c, 4)
      b ^= a; b &-= turned(a, 14)
      c ^= b; c &-= turned(b, 24)
      return UInt64(b) << 32 | UInt64(c)
    }
  }
}

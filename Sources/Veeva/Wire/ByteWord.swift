/// Eight bytes looked at as one number, the first in memory being the lowest.
enum ByteWord {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// Marks bytes that equal `byte` by their highest bit. Marks above the first may be false; the first never is.
  @inline(__always)
  static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word.littleEndian ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highs
  }

  /// Which byte the first mark stands for.
  @inline(__always)
  static func index(_ marks: UInt64) -> Int { marks.trailingZeroBitCount / 8 }
}

/// Deterministic chance: the same words give the same number, on every machine.
enum Mixing {
  /// Folds the 128-bit product of two words, each disturbed first so that zeros do not stick.
  @inline(__always)
  static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  /// A number of a name; equal names give equal numbers.
  static func hash(_ text: String) -> UInt64 {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 {
      state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return mix(state, UInt64(text.utf8.count))
  }

  /// A number below `bound`, from the upper half of a random word.
  @inline(__always)
  static func below(_ bound: Int, _ chance: UInt64) -> Int {
    Int(truncatingIfNeeded: ((chance >> 32) &* UInt64(truncatingIfNeeded: bound)) >> 32)
  }
}

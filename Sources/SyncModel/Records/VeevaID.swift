/// Record ids of the source: 15 case-sensitive characters, of which the 18-character form adds a checksum.
///
/// The order of ids is the byte order of their first 15 characters (Salesforce: base-62 digits `0-9 < A-Z < a-z`).
public enum VeevaID {
  private static let checksumAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)

  /// Whether `bytes` has the form of an id: 15 or 18 ASCII letters and digits.
  public static func isWellFormed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count == 15 || bytes.count == 18 else { return false }
    for byte in bytes where !isAlphanumeric(byte) { return false }
    return true
  }

  /// The three checksum characters that widen a 15-character id to 18.
  ///
  /// Each covers five characters: bit *i* is set where character *i* is upper case.
  /// - Precondition: none; bytes past the end count as lower case.
  public static func checksum(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt8, UInt8, UInt8) {
    func character(_ group: Int) -> UInt8 {
      var bits = 0
      for offset in 0..<5 {
        let index = group * 5 + offset
        guard index < bytes.count else { break }
        if bytes[index] >= UInt8(ascii: "A"), bytes[index] <= UInt8(ascii: "Z") { bits |= 1 << offset }
      }
      return checksumAlphabet[bits]
    }
    return (character(0), character(1), character(2))
  }

  /// The 18-character form of an id, or `nil` when `id` is not one.
  public static func widened(_ id: String) -> String? {
    var id = id
    return id.withUTF8 { bytes -> String? in
      guard isWellFormed(bytes) else { return nil }
      if bytes.count == 18 { return String(decoding: bytes, as: UTF8.self) }
      let (a, b, c) = checksum(bytes)
      return String(decoding: Array(bytes) + [a, b, c], as: UTF8.self)
    }
  }

  /// Appends the 18 characters of a well-formed id.
  @inline(__always)
  static func append(_ id: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
    text.append(contentsOf: id)
    guard id.count == 15 else { return }
    let (a, b, c) = checksum(id)
    text.append(a)
    text.append(b)
    text.append(c)
  }

  /// Letters and digits of ASCII.
  @inline(__always)
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
  }
}

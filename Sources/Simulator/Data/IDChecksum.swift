/// The three characters that widen a 15-character id to 18 (Salesforce: one bit per character, set when upper case).
enum IDChecksum {
  private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

  /// Adds the checksum of the 15 bytes just written; room for 3 bytes was reserved.
  @inline(__always)
  static func put(_ sink: inout ByteSink) {
    let start = sink.count &- 15
    guard start >= 0 else { return }
    let id = sink.base + start
    for group in 0..<3 {
      var bits = 0
      for offset in 0..<5 {
        let byte = id[group &* 5 &+ offset]
        bits |= (byte &- 0x41 < 26 ? 1 : 0) << offset
      }
      sink.put(alphabet.utf8Start[bits])
    }
  }

  /// The first 15 characters of a well-formed id of 15 or 18 characters; `nil` for anything else.
  static func stem(_ text: String) -> [UInt8]? {
    let bytes = Array(text.utf8)
    guard bytes.count == 15 || bytes.count == 18 else { return nil }
    for byte in bytes {
      guard (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      else { return nil }
    }
    return Array(bytes.prefix(15))
  }
}

/// Percent-encoding of paths, queries and forms.
enum PercentCoding {
  /// - Parameter plusIsBlank: as in queries and forms.
  static func decode(_ text: some StringProtocol, plusIsBlank: Bool) -> String {
    var bytes: [UInt8] = []
    let source = Array(text.utf8)
    var at = 0
    while at < source.count {
      if source[at] == 0x25, at + 2 < source.count,
        let byte = UInt8(String(decoding: source[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
        at += 3
      } else {
        bytes.append(plusIsBlank && source[at] == 0x2B ? 0x20 : source[at])
        at += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `a=b&c=d`; of a name given twice, the first counts.
  static func pairs(_ text: some StringProtocol) -> [String: String] {
    var pairs: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = decode(parts[0], plusIsBlank: true)
      if pairs[name] == nil { pairs[name] = parts.count > 1 ? decode(parts[1], plusIsBlank: true) : "" }
    }
    return pairs
  }
}

/// Bounds what a file can cost before anything takes it apart: aliases can make it grow exponentially, and keys that
/// are mappings or lists, one within the other, are compared whole at every level.
///
/// `&`, `*` and `?` are looked for without understanding the YAML, so the counts are never too low; they may be too
/// high where texts hold such characters, which a real configuration has no trouble with.
enum DocumentGuard {
  /// Bytes that a file may come to with its aliases expanded: far more than a sensible file, far less than what hurts.
  static let mostBytes = 4 << 20

  /// Whether taking the text apart stays within the bound.
  static func accepts(_ text: String) -> Bool {
    let signs = Signs(text)
    let worst = growth(signs) * Double(signs.explicitKeys + 1)
    return worst == 1 || worst * Double(text.utf8.count) <= Double(mostBytes)
  }

  /// The worst that can be built: some anchors, one within the other, the aliases spread evenly over them.
  private static func growth(_ signs: Signs) -> Double {
    guard signs.anchors > 0, signs.aliases > 0 else { return 1 }
    var worst = 1.0
    for depth in 1...min(signs.anchors, 64) {
      let each = Double(signs.aliases) / Double(depth) + 1
      worst = max(worst, (0..<depth).reduce(1.0) { growth, _ in growth * each })
    }
    return worst
  }

  private struct Signs {
    private(set) var anchors = 0
    private(set) var aliases = 0
    /// Keys that begin with `?`; only those can be longer than a line.
    private(set) var explicitKeys = 0

    init(_ text: String) {
      for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
        // A line that begins with # is a comment or a part of a text; neither holds signs. Beyond ASCII there are
        // other line ends.
        let isComment = line.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "#")
        if isComment, line.allSatisfy({ $0 < 0x80 }) { continue }
        var before: UInt8 = 0x20
        for byte in line {
          // A sign within a word or a URL begins nothing.
          if !Self.isWord(before) { count(byte) }
          before = byte
        }
      }
    }

    private mutating func count(_ byte: UInt8) {
      switch byte {
      case UInt8(ascii: "&"): anchors += 1
      case UInt8(ascii: "*"): aliases += 1
      case UInt8(ascii: "?"): explicitKeys += 1
      default: break
      }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }
}

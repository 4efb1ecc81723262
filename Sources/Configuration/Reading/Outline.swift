/// A configuration as a tree of texts, and that tree as YAML.
indirect enum Outline {
  /// A single value, and whether it may stand without quotation marks.
  case value(String, isPlain: Bool)
  case list([Outline])
  case mapping([(name: String, value: Outline)])

  /// The tree as YAML, a key a line.
  var yaml: String { lines(indentation: "").joined(separator: "\n") + "\n" }

  private func lines(indentation: String) -> [String] {
    switch self {
    case .value, .list: [indentation + inline]
    case .mapping(let pairs):
      pairs.flatMap { name, value -> [String] in
        guard case .mapping(let inner) = value, !inner.isEmpty else {
          return ["\(indentation)\(name): \(value.inline)"]
        }
        return ["\(indentation)\(name):"] + value.lines(indentation: indentation + "  ")
      }
    }
  }

  private var inline: String {
    switch self {
    case .value(let text, let isPlain): isPlain ? text : Self.quoted(text)
    case .list(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
    case .mapping(let pairs): "{" + pairs.map { "\($0.name): \($0.value.inline)" }.joined(separator: ", ") + "}"
    }
  }

  /// In double quotation marks, dollar signs doubled, so that reading it again gives the same value.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "$": quoted += "$$"
      case "\n": quoted += "\\n"
      case _
      where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0xFEFF
        || scalar.value == 0x2028 || scalar.value == 0x2029:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

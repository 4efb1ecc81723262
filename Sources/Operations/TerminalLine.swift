/// Lines as a terminal shows them: colours take no room, some characters take two columns, and a line that is too long
/// takes a second row, which whoever draws over it has to know.
public enum TerminalLine {
  /// A line that fits: what is beyond the last column is left out and shown as `…`. Colours go on to their end.
  ///
  /// Line breaks and other control characters become blanks.
  public static func cut(_ line: String, to columns: Int) -> String {
    let isTooLong = width(of: line) > columns
    let room = isTooLong ? columns - 1 : columns
    var (text, used, isFull) = ("", 0, false)
    for part in parts(of: line) {
      switch part {
      case .escape(let sequence): text.unicodeScalars.append(contentsOf: sequence)
      case .character(let scalar):
        guard !isFull else { continue }
        if used + width(of: scalar) > room {
          isFull = true
          if columns > 0 { text += "…" }
        } else {
          used += width(of: scalar)
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text
  }

  /// Columns that a line takes.
  public static func width(of line: String) -> Int {
    parts(of: line).reduce(0) { sum, part in
      if case .character(let scalar) = part { sum + width(of: scalar) } else { sum }
    }
  }

  private enum Part {
    case escape([Unicode.Scalar])
    case character(Unicode.Scalar)
  }

  /// ECMA-48: a control sequence is ESC `[`, parameters, and a last byte from `@` to `~`.
  private static func parts(of line: String) -> [Part] {
    var parts: [Part] = []
    var escape: [Unicode.Scalar] = []
    for scalar in line.unicodeScalars {
      if scalar == "\u{1B}" {
        escape = [scalar]
      } else if escape.count == 1, scalar != "[" {
        // No control sequence after all.
        escape = []
        parts.append(.character(printable(scalar)))
      } else if escape.count == 1 || (!escape.isEmpty && ("\u{20}"..."\u{3F}").contains(scalar)) {
        escape.append(scalar)
      } else if !escape.isEmpty, ("@"..."~").contains(scalar) {
        parts.append(.escape(escape + [scalar]))
        escape = []
      } else {
        escape = []
        parts.append(.character(printable(scalar)))
      }
    }
    return parts
  }

  private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.properties.generalCategory == .control ? " " : scalar
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // Unicode, East Asian Width: wide and full-width forms, and emoji.
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}

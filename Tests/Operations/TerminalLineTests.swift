import Operations
import TestSupport
import Testing

@Suite("Lines on a terminal")
struct TerminalLineTests {
  private static let red = "\u{1B}[31m"
  private static let plain = "\u{1B}[0m"

  @Test("a line that fits stays as it is; a longer one ends in … at the last column")
  func cut() {
    #expect(TerminalLine.cut("twelve chars", to: 12) == "twelve chars")
    #expect(TerminalLine.cut("twelve chars", to: 11) == "twelve cha…")
    #expect(TerminalLine.cut("ab", to: 1) == "…" && TerminalLine.cut("ab", to: 0).isEmpty)
    #expect(TerminalLine.cut("", to: 0).isEmpty)
  }

  @Test("colours take no room, and are ended although the text is cut")
  func colours() {
    let line = "  \(Self.red)Failed: no\(Self.plain) more"
    #expect(TerminalLine.width(of: line) == 17)
    #expect(TerminalLine.cut(line, to: 17) == line)
    #expect(TerminalLine.cut(line, to: 6) == "  \(Self.red)Fai…\(Self.plain)")
  }

  @Test("wide characters take two columns, accents none, and line breaks become blanks")
  func widths() {
    #expect(TerminalLine.width(of: "漢字🙂") == 6 && TerminalLine.width(of: "e\u{301}█░") == 3)
    #expect(TerminalLine.cut("漢字漢字", to: 6) == "漢字…" && TerminalLine.cut("漢字漢字", to: 8) == "漢字漢字")
    #expect(TerminalLine.cut("a\r\nb\tc", to: 9) == "a  b c")
  }

  @Test("no line is ever wider than the terminal, and none has a break")
  func random() {
    var chance = Chance.fresh("terminal lines")
    let pieces = ["abc", Self.red, Self.plain, "漢", "🙂", "\n", "é", "█", "\u{1B}", "[", "e\u{301}", "\t", "\u{1B}[2"]
    for _ in 0..<5000 {
      let line = (0..<chance.below(30)).map { _ in pieces[chance.below(pieces.count)] }.joined()
      let columns = chance.below(40)
      let text = TerminalLine.cut(line, to: columns)
      #expect(TerminalLine.width(of: text) <= columns, "\(line.debugDescription) to \(columns)")
      #expect(!text.unicodeScalars.contains { $0 == "\n" || $0 == "\t" })
    }
  }
}

import SyncModel
import TestSupport

@testable import Veeva

/// A table with the kinds of values that break readers, and its text as CSV.
struct RandomTable {
  let fields: [String]
  let rows: [[String]]

  private static let pieces = [
    "a", "Basel", "\"", "\"\"", ",", "\n", "\r\n", "\r", "é", "漢字", "🙂", "\u{0}", "null", " ", "\t", "\\", "'",
    "00000000", "long text that is more than eight bytes", String(repeating: "x", count: 300),
  ]

  init(_ chance: inout Chance, rows count: Int? = nil) {
    let columns = 1 + chance.below(6)
    fields = (0..<columns).map { $0 % 3 == 2 ? "Parent__r.Field\($0)__c" : "Field\($0)__c" }
    rows = (0..<(count ?? chance.below(30))).map { _ in
      (0..<columns).map { _ in
        (0..<chance.below(6)).map { _ in Self.pieces[chance.below(Self.pieces.count)] }.joined()
      }
    }
  }

  /// CSV; cells are quoted where they must be, and elsewhere if wanted or by chance.
  func csv(
    _ chance: inout Chance, allQuoted: Bool = false, lineEnding: String = "\n", endsInLineBreak: Bool = true
  ) -> [UInt8] {
    let lines = ([fields] + rows).map { row in
      row.map { cell in
        // Scalars, not characters: CR LF is one character.
        let mustQuote = row.count == 1 || cell.unicodeScalars.contains { "\",\n\r".unicodeScalars.contains($0) }
        guard allQuoted || mustQuote || chance.below(2) == 0 else { return cell }
        return "\"" + cell.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
      }.joined(separator: ",")
    }
    return Array((lines.joined(separator: lineEnding) + (endsInLineBreak ? lineEnding : "")).utf8)
  }
}

extension RecordBatch {
  /// All rows as text.
  var texts: [[String]] {
    (0..<rowCount).map { row in (0..<columnCount).map { text(row: row, column: $0) ?? "" } }
  }

  /// Whether the layout is what its documentation promises.
  var isConsistent: Bool {
    ends.count == rowCount * columnCount && (ends.last ?? 0) == bytes.count
      && zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 } && (ends.first ?? 0) >= 0
  }
}

extension CSVReader {
  /// Reads a whole page in chunks of the given sizes, the last size repeated.
  static func page(_ bytes: [UInt8], fields: [String], chunks: [Int] = [1 << 20]) throws(CSVError) -> RecordBatch {
    var reader = CSVReader(fields: fields)
    var batch = RecordBatch(columnCount: fields.count)
    var position = 0
    var sizes = chunks[...]
    while position < bytes.count {
      let size = sizes.count > 1 ? sizes.removeFirst() : sizes.first ?? 1
      let end = min(bytes.count, position + max(1, size))
      try reader.read(Array(bytes[position..<end]), into: &batch)
      position = end
    }
    try reader.finish(into: &batch)
    return batch
  }
}

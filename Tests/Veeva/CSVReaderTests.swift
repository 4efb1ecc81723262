import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("CSV of bulk results")
struct CSVReaderTests {
  private func read(_ text: String, _ fields: [String] = ["Id", "Name"], chunks: [Int] = [1 << 20]) throws
    -> [[String]]
  {
    try CSVReader.page(Array(text.utf8), fields: fields, chunks: chunks).texts
  }

  @Test("random tables come back the same, whatever the chunks, the quoting and the line ending")
  func roundTrip() throws {
    var chance = Chance.fresh()
    for _ in 0..<600 {
      let table = RandomTable(&chance)
      let bytes = table.csv(
        &chance, allQuoted: chance.below(2) == 0, lineEnding: chance.below(2) == 0 ? "\n" : "\r\n",
        endsInLineBreak: chance.below(3) > 0)
      let chunks = (0..<200).map { _ in 1 + chance.below([2, 9, 40, 5000][chance.below(4)]) }
      let batch = try CSVReader.page(bytes, fields: table.fields, chunks: chunks)
      #expect(batch.isConsistent)
      try #require(batch.texts == table.rows)
    }
  }

  @Test("a page cut in two at any byte reads the same, and so does one that comes byte by byte")
  func everySplit() throws {
    let text = "\"Id\",\"Name\"\r\n\"1\",\"a\"\"b\"\r\n2,\r\n\"\",\"line\nbreak, \"\"quoted\"\"\"\r\n"
    let rows = [["1", "a\"b"], ["2", ""], ["", "line\nbreak, \"quoted\""]]
    for split in 1..<text.utf8.count { try #require(try read(text, chunks: [split, 1 << 20]) == rows) }
    #expect(try read(text, chunks: [1]) == rows)
  }

  @Test("empty values are null, quoted or not; NUL bytes and spaces are kept")
  func values() throws {
    #expect(try read("Id,Name\n,\n\"\",\"\"\n") == [["", ""], ["", ""]])
    #expect(try read("Id,Name\n a\u{0}b , \n") == [[" a\u{0}b ", " "]])
    #expect(try read("Id\n\n\"\"\nx\n", ["Id"]) == [[""], [""], ["x"]])
  }

  @Test("the last line needs no line break; a page of nothing has no records")
  func ends() throws {
    #expect(try read("Id,Name\n1,2") == [["1", "2"]])
    #expect(try read("Id,Name\n1,\"2\"") == [["1", "2"]])
    #expect(try read("Id,Name\n1,") == [["1", ""]])
    #expect(try read("Id,Name\r\n1,2\r") == [["1", "2"]])
    #expect(try read("Id,Name") == [])
    #expect(try read("Id,Name\n") == [])
    #expect(try read("") == [])
  }

  @Test("the header row is compared without case, and must name every field in its place")
  func header() throws {
    #expect(try read("\"ID\",\"recordtype.DEVELOPERNAME\"\n", ["Id", "RecordType.DeveloperName"]) == [])
    #expect(throws: CSVError.header("column 2 is not Name")) { try read("Id,Email\n1,2\n") }
    #expect(throws: CSVError.header("it has other than 2 columns")) { try read("Id\n1,2\n") }
    #expect(throws: CSVError.header("it has other than 2 columns")) { try read("Id,Name,Email\n1,2\n") }
    #expect(throws: CSVError.header("it is not CSV")) { try read("<html lang=\"en\">\n") }
  }

  @Test("what is no header is not quoted, since it may be a record")
  func headerSecrecy() {
    let error = #expect(throws: CSVError.self) { try read("001000000000001,Private Person\n") }
    #expect(error?.description.contains("Private") == false && error?.description.contains("001") == false)
  }

  static let broken: [(String, CSVError)] = [
    ("1,2\n3\n", .cells(row: 2, found: 1, expected: 2)),
    ("1,2\n3,4,5\n", .cells(row: 2, found: 3, expected: 2)),
    ("1,2\n\n", .cells(row: 2, found: 1, expected: 2)),
    ("1,\"2\"x\n", .quote(row: 1)),
    ("1,2\"x\"\n", .quote(row: 1)),
    ("1,2\rx\n", .quote(row: 1)),
    ("1,2\r\r\n", .quote(row: 1)),
    ("1,\"2", .endsInRecord),
    ("1,\"2\n3,4\n", .endsInRecord),
    ("1,2\n3", .endsInRecord),
    ("1,2\n\"3\"", .endsInRecord),
    ("\"", .endsInRecord),
  ]

  @Test("a malformed page is an error that names the record", arguments: broken)
  func errors(body: String, error: CSVError) throws {
    for chunks in [[1], [1 << 20]] { #expect(throws: error) { try read("Id,Name\n" + body, chunks: chunks) } }
  }

  @Test("a page that is cut is an error, or shows fewer records than were declared")
  func cuts() throws {
    var chance = Chance.fresh()
    for _ in 0..<60 {
      let table = RandomTable(&chance, rows: 1 + chance.below(6))
      let bytes = table.csv(&chance, allQuoted: true)
      for length in 0..<bytes.count {
        guard let rows = try? CSVReader.page(Array(bytes[..<length]), fields: table.fields).texts else { continue }
        if rows.count == table.rows.count {
          // Only the last line break may be missing, or the second of two quotes with all that follows it: as text
          // that is a whole page, and only the transport can tell.
          let endsInQuotes = bytes[length] == UInt8(ascii: "\"")
          #expect(rows == table.rows || endsInQuotes)
        } else {
          // The last of them may lack what follows the first of two quotes.
          #expect(rows.dropLast() == table.rows.prefix(rows.count).dropLast())
        }
      }
    }
  }

  @Test("any bytes give records or an error")
  func mutations() throws {
    var chance = Chance.fresh()
    let replacements = Array("\",\n\r\u{0}a".utf8)
    for _ in 0..<4000 {
      let table = RandomTable(&chance, rows: 4)
      var bytes = table.csv(&chance)
      for _ in 0...chance.below(4) {
        let place = chance.below(bytes.count)
        switch chance.below(3) {
        case 0: bytes[place] = replacements[chance.below(replacements.count)]
        case 1: bytes.insert(UInt8(chance.below(256)), at: place)
        default: bytes.remove(at: place)
        }
      }
      if let batch = try? CSVReader.page(bytes, fields: table.fields, chunks: [1 + chance.below(64)]) {
        #expect(batch.isConsistent)
      }
    }
  }

  @Test("a record without an end is given up at its longest length")
  func endless() {
    var reader = CSVReader(fields: ["Id"])
    var batch = RecordBatch(columnCount: 1)
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    #expect(throws: CSVError.tooLong(row: 1)) {
      try reader.read(Array("Id\n\"".utf8), into: &batch)
      for _ in 0...(CSVReader.longestRecord >> 20) { try reader.read(chunk, into: &batch) }
    }
    #expect(batch.bytes.isEmpty)
  }

  @Test("records that are complete are handed over, the one that is not is held back")
  func heldBack() throws {
    var reader = CSVReader(fields: ["Id", "Name"])
    var batch = RecordBatch(columnCount: 2)
    try reader.read(Array("Id,Name\n1,2\n3,\"fo".utf8), into: &batch)
    #expect(batch.texts == [["1", "2"]] && batch.isConsistent)
    batch = RecordBatch(columnCount: 2)
    try reader.read(Array("ur\"\n".utf8), into: &batch)
    #expect(batch.texts == [["3", "four"]] && batch.isConsistent)
    try reader.finish(into: &batch)
    #expect(reader.rowCount == 2)
  }
}

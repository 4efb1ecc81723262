/// The CSV of an ingest job: its header, and where each record stands.
struct UploadedTable: Sendable {
  /// What makes the whole file unusable, in the platform's words.
  struct Problem: Error, Equatable {
    let message: String
  }

  /// Salesforce Bulk API 2.0: characters of a header, of a field and of a record.
  private static let longestHeader = 32_000
  private static let longestField = 131_072
  private static let longestRecord = 400_000
  private static let mostFields = 5000

  let header: [String]
  /// Where each record's bytes are, without the line ending.
  let records: [Range<Int>]
  private let bytes: [UInt8]
  private let delimiter: UInt8

  init(_ bytes: [UInt8], delimiter: UInt8, crlf: Bool) throws(Problem) {
    self.bytes = bytes
    self.delimiter = delimiter
    var lines = try Self.lines(bytes, crlf: crlf)
    guard let first = lines.first else { throw Problem(message: "InvalidBatch : The batch has no content") }
    lines.removeFirst()
    header = Self.cells(bytes[first], delimiter)
    records = lines
    guard first.count <= Self.longestHeader, header.count <= Self.mostFields else {
      throw Problem(message: "InvalidBatch : The header row is too long")
    }
  }

  private static func lines(_ bytes: [UInt8], crlf: Bool) throws(Problem) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var (start, isQuoted) = (0, false)
    for place in 0...bytes.count {
      if place < bytes.count {
        if bytes[place] == 0x22 { isQuoted.toggle() }
        guard bytes[place] == 0x0A, !isQuoted else { continue }
      }
      var end = place
      let endsInReturn = end > start && bytes[end - 1] == 0x0D
      if place < bytes.count, endsInReturn != crlf {
        throw Problem(
          message: "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            + (crlf ? "CRLF" : "LF"))
      }
      if endsInReturn { end -= 1 }
      if end > start { lines.append(start..<end) }
      start = place + 1
    }
    guard !isQuoted else { throw Problem(message: "InvalidBatch : Failed to parse CSV: a quote is not closed") }
    return lines
  }

  private static func cells(_ record: ArraySlice<UInt8>, _ delimiter: UInt8) -> [String] {
    var text = DelimitedText(Array(record), delimiter: delimiter)
    return text.next() ?? []
  }

  /// The cells of a record.
  /// - Throws: what is wrong with it, which ends the job.
  func cells(_ record: Int) throws(Problem) -> [String] {
    let range = records[record]
    let cells = Self.cells(bytes[range], delimiter)
    guard cells.count == header.count else {
      throw Problem(message: "InvalidBatch : Failed to parse CSV: a record has other fields than the header row")
    }
    guard range.count <= Self.longestRecord || cells.reduce(0, { $0 + $1.utf16.count }) <= Self.longestRecord,
      cells.allSatisfy({ $0.utf8.count <= Self.longestField || $0.utf16.count <= Self.longestField })
    else { throw Problem(message: "InvalidBatch : A field or a record is too long") }
    return cells
  }

  /// Records as results show them: what the platform has to say, and all that was uploaded; every cell in quotes.
  /// - Parameter said: cells that stand before those of each record.
  func results(_ columns: [String], _ said: [(record: Int, cells: [String])], crlf: Bool) -> [UInt8] {
    var csv: [UInt8] = []
    put(columns + header, crlf, &csv)
    for (record, cells) in said { put(cells + Self.cells(bytes[records[record]], delimiter), crlf, &csv) }
    return csv
  }

  private func put(_ cells: [String], _ crlf: Bool, _ csv: inout [UInt8]) {
    for (place, cell) in cells.enumerated() {
      if place > 0 { csv.append(delimiter) }
      csv.append(0x22)
      csv += Lexicon.csvEscaped(Array(cell.utf8))
      csv.append(0x22)
    }
    csv += crlf ? [0x0D, 0x0A] : [0x0A]
  }
}

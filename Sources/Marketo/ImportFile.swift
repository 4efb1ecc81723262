/// A file for an import, filled row by row up to a bounded size.
public struct ImportFile: Sendable {
  /// The file as it is.
  public private(set) var bytes: [UInt8]
  /// Rows in it, the header not counted.
  public private(set) var rows = 0
  private let mostBytes: Int

  /// Left for what stands around the file.
  private static let frame = 4096

  /// A file with a header row.
  /// - Parameters:
  ///   - columns: API names.
  ///   - mostBytes: where it is full; never more than an import takes.
  public init(columns: [String], mostBytes: Int = MarketoClient.importBytes) {
    bytes = Array(columns.joined(separator: ",").utf8) + [0x0A]
    self.mostBytes = min(mostBytes, MarketoClient.importBytes - Self.frame)
  }

  /// Adds a row.
  /// - Parameter row: a line of CSV without its end.
  /// - Returns: false, and nothing is added, when the file is full.
  public mutating func append(_ row: some Collection<UInt8>) -> Bool {
    guard bytes.count + row.count + 1 <= mostBytes else { return false }
    bytes += row
    bytes.append(0x0A)
    rows += 1
    return true
  }
}

/// Rows of a file that an import gives back: the header's names and, in the last column, a reason.
public enum ReturnedRows {
  /// Reads rows: for each the value in a column, and the reason.
  /// - Returns: nothing where the column is missing.
  public static func read(_ csv: [UInt8], key: String) -> [(key: String, reason: String)] {
    var rows = rows(csv)
    guard !rows.isEmpty else { return [] }
    let header = rows.removeFirst()
    guard let place = header.firstIndex(of: key) else { return [] }
    return rows.compactMap { row in
      guard row.indices.contains(place), let reason = row.last, row.count == header.count else { return nil }
      return (row[place], reason)
    }
  }

  /// Cells of RFC 4180.
  private static func rows(_ csv: [UInt8]) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    var place = 0
    func ends(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
    while place < csv.count {
      let byte = csv[place]
      place += 1
      if isQuoted {
        guard byte == 0x22 else {
          cell.append(byte)
          continue
        }
        if place < csv.count, csv[place] == 0x22 {
          cell.append(0x22)
          place += 1
        } else {
          isQuoted = false
        }
      } else if byte == 0x22, cell.isEmpty {
        isQuoted = true
      } else if byte == 0x2C || ends(byte) {
        row.append(String(decoding: cell, as: UTF8.self))
        cell.removeAll(keepingCapacity: true)
        if byte == 0x2C { continue }
        if byte == 0x0D, place < csv.count, csv[place] == 0x0A { place += 1 }
        if row != [""] { rows.append(row) }
        row = []
      } else {
        cell.append(byte)
      }
    }
    if !cell.isEmpty || !row.isEmpty { rows.append(row + [String(decoding: cell, as: UTF8.self)]) }
    return rows
  }
}

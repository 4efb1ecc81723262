/// A strict reader of fully quoted CSV.
enum CSV {
  /// Rows of cells; a row that is not ended, or a cell that is not quoted, makes the result end there.
  static func rows(_ bytes: [UInt8], delimiter: UInt8 = 0x2C, crlf: Bool = false) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var at = 0
    while at < bytes.count {
      guard bytes[at] == 0x22 else { return rows }
      var cell: [UInt8] = []
      at += 1
      while at < bytes.count {
        if bytes[at] == 0x22 {
          guard at + 1 < bytes.count, bytes[at + 1] == 0x22 else { break }
          at += 1
        }
        cell.append(bytes[at])
        at += 1
      }
      at += 1
      row.append(String(decoding: cell, as: UTF8.self))
      guard at < bytes.count else { return rows }
      if bytes[at] == delimiter {
        at += 1
        continue
      }
      if crlf {
        guard bytes[at] == 0x0D else { return rows }
        at += 1
      }
      guard at < bytes.count, bytes[at] == 0x0A else { return rows }
      at += 1
      rows.append(row)
      row = []
    }
    return rows
  }
}

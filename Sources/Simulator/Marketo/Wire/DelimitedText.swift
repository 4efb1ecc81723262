/// Rows of csv, tsv and ssv files (reference 4.3, RFC 4180).
struct DelimitedText: Sendable {
  /// The delimiter of a format of an import; `nil` for an unknown format.
  static func delimiter(_ format: String) -> UInt8? {
    switch format.lowercased() {
    case "csv": 0x2C
    case "tsv": 0x09
    case "ssv": 0x3B
    default: nil
    }
  }

  let delimiter: UInt8
  private let bytes: [UInt8]
  private var at: Int

  init(_ bytes: [UInt8], delimiter: UInt8) {
    self.bytes = bytes
    self.delimiter = delimiter
    at = 0
  }

  /// The next row, or `nil` at the end; empty lines are passed over.
  mutating func next() -> [String]? {
    while at < bytes.count, bytes[at] == 0x0A || bytes[at] == 0x0D { at += 1 }
    guard at < bytes.count else { return nil }
    var cells: [String] = []
    while true {
      cells.append(cell())
      guard at < bytes.count else { return cells }
      let byte = bytes[at]
      at += 1
      if byte == delimiter { continue }
      if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
      return cells
    }
  }

  private mutating func cell() -> String {
    guard at < bytes.count, bytes[at] == 0x22 else {
      let start = at
      while at < bytes.count, bytes[at] != delimiter, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
      return String(decoding: bytes[start..<at], as: UTF8.self)
    }
    at += 1
    var text: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte != 0x22 {
        text.append(byte)
      } else if at < bytes.count, bytes[at] == 0x22 {
        text.append(0x22)
        at += 1
      } else {
        break
      }
    }
    // What stands between the closing quote and the delimiter belongs to the cell.
    let start = at
    while at < bytes.count, bytes[at] != delimiter, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
    return String(decoding: text + bytes[start..<at], as: UTF8.self)
  }

  /// Appends a row.
  static func write(_ cells: [String], delimiter: UInt8, to bytes: inout [UInt8]) {
    for (place, cell) in cells.enumerated() {
      if place > 0 { bytes.append(delimiter) }
      let text = Array(cell.utf8)
      guard text.contains(where: { $0 == delimiter || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else {
        bytes += text
        continue
      }
      bytes.append(0x22)
      for byte in text {
        if byte == 0x22 { bytes.append(0x22) }
        bytes.append(byte)
      }
      bytes.append(0x22)
    }
    bytes.append(0x0A)
  }
}

/// One page of a job's results: rows `from ..< to`, with a header of its own.
struct ResultPage {
  private enum Part {
    /// Whole pieces of the file.
    case pieces(Range<Int>)
    /// Rows cut out of a piece.
    case cut([UInt8])
  }

  let rows: Int
  let from: Int
  private let file: SpoolFile
  private let header: [UInt8]
  private let parts: [Part]

  /// Compressed bytes that are read and sent at a time.
  private static let partBytes = 512 << 10

  init(_ file: SpoolFile, header: [UInt8], from: Int, count: Int) throws {
    self.file = file
    self.header = header
    self.from = min(max(0, from), file.rows)
    let end = min(file.rows, self.from + max(0, count))
    rows = end - self.from
    var parts: [Part] = []
    var whole: Range<Int>?
    var bytes = 0
    func flush() {
      if let whole { parts.append(.pieces(whole)) }
      whole = nil
      bytes = 0
    }
    for place in file.pieces.indices {
      let (first, last) = (file.rowsBefore[place], file.rowsBefore[place + 1])
      guard last > self.from, first < end else { continue }
      if first >= self.from, last <= end {
        if bytes + file.pieces[place].length > Self.partBytes { flush() }
        whole = (whole?.lowerBound ?? place)..<(place + 1)
        bytes += file.pieces[place].length
      } else {
        flush()
        parts.append(.cut(try Self.cut(file, place, max(self.from, first) - first, min(end, last) - first)))
      }
    }
    flush()
    self.parts = parts
  }

  /// Rows `from ..< to` of a piece, found by its quotes.
  private static func cut(_ file: SpoolFile, _ place: Int, _ from: Int, _ to: Int) throws -> [UInt8] {
    let raw = try Inflater.raw(file.read(place), length: file.pieces[place].rawLength)
    var row = 0
    var start = 0
    var quoted = false
    for (at, byte) in raw.enumerated() {
      if byte == 0x22 { quoted.toggle() }
      guard byte == 0x0A, !quoted else { continue }
      row += 1
      if row == from { start = at + 1 }
      if row == to { return Array(raw[start...at]) }
    }
    return Array(raw[start...])
  }

  /// The page as it is.
  func plain() -> WireResponse.Body {
    let parts = parts
    let file = file
    let header = header
    let length = parts.reduce(header.count) { total, part in
      switch part {
      case .pieces(let range): total + range.reduce(0) { $0 + file.pieces[$1].rawLength }
      case .cut(let bytes): total + bytes.count
      }
    }
    return .parts(length: length, count: parts.count + 1) { place in
      guard place > 0 else { return header }
      switch parts[place - 1] {
      case .cut(let bytes): return bytes
      case .pieces(let range):
        return try range.reduce(into: []) {
          $0 += try Inflater.raw(file.read($1), length: file.pieces[$1].rawLength)
        }
      }
    }
  }

  /// The page as one gzip member, mostly as it lies in the file.
  func gzip() throws -> WireResponse.Body {
    let deflater = try Deflater()
    let head = try header.withUnsafeBufferPointer { try deflater.piece($0) }
    var crc = head.crc
    var rawLength = head.rawLength
    var bodies: [(bytes: [UInt8]?, range: Range<Int>)] = [(Deflater.head + head.bytes, 0..<0)]
    var length = Deflater.head.count + head.bytes.count
    for part in parts {
      switch part {
      case .pieces(let range):
        for place in range {
          crc = Deflater.combined(crc, file.pieces[place].crc, secondLength: file.pieces[place].rawLength)
          rawLength += file.pieces[place].rawLength
          length += file.pieces[place].length
        }
        bodies.append((nil, range))
      case .cut(let bytes):
        let piece = try bytes.withUnsafeBufferPointer { try deflater.piece($0) }
        crc = Deflater.combined(crc, piece.crc, secondLength: piece.rawLength)
        rawLength += piece.rawLength
        length += piece.bytes.count
        bodies.append((piece.bytes, 0..<0))
      }
    }
    let tail = Deflater.tail(crc: crc, rawLength: rawLength)
    bodies.append((tail, 0..<0))
    let file = file
    return .parts(length: length + tail.count, count: bodies.count) { [bodies] place in
      try bodies[place].bytes ?? file.read(bodies[place].range)
    }
  }
}

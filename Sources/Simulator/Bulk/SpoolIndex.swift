import Glibc

/// The end of a spool file: what it holds, so that a later run can use it again.
///
/// Layout, little-endian words of 8 bytes: the pieces (offset, length, raw length, checksum, rows), the key's bytes,
/// then number of pieces, length of the key, and a magic word.
enum SpoolIndex {
  private static let magic: UInt64 = 0x6372_6D73_706F_6F31

  static func append(to descriptor: Int32, at offset: Int, pieces: [SpoolFile.Piece], key: [UInt8]) throws {
    var bytes: [UInt8] = []
    func put(_ word: UInt64) {
      for shift in stride(from: 0 as UInt64, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    for piece in pieces {
      for word in [piece.offset, piece.length, piece.rawLength, Int(piece.crc), piece.rows] { put(UInt64(word)) }
    }
    bytes += key
    put(UInt64(pieces.count))
    put(UInt64(key.count))
    put(magic)
    try bytes.withUnsafeBytes { try SpoolFile.write(descriptor, $0, at: offset) }
  }

  /// Opens a file of a former run; `nil` when there is none, or it was made for something else.
  static func open(_ path: String, key: [UInt8]) -> SpoolFile? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    guard let pieces = try? pieces(descriptor, key: key) else {
      close(descriptor)
      return nil
    }
    return SpoolFile(descriptor: descriptor, pieces: pieces)
  }

  private static func pieces(_ descriptor: Int32, key: [UInt8]) throws -> [SpoolFile.Piece] {
    let bad = SpoolFile.Failure(what: "index", code: EINVAL)
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size >= 24 else { throw bad }
    let end = words(try SpoolFile.read(descriptor, size - 24, 24))
    guard end[2] == magic, end[1] == UInt64(key.count), end[0] < 1 << 32 else { throw bad }
    let count = Int(end[0])
    let start = size - 24 - key.count - count * 40
    guard start >= 0, try SpoolFile.read(descriptor, size - 24 - key.count, key.count) == key else { throw bad }
    let list = words(try SpoolFile.read(descriptor, start, count * 40)).map { Int(truncatingIfNeeded: $0) }
    var pieces: [SpoolFile.Piece] = []
    for place in stride(from: 0, to: count * 5, by: 5) {
      pieces.append(
        SpoolFile.Piece(
          offset: list[place], length: list[place + 1], rawLength: list[place + 2],
          crc: UInt(bitPattern: list[place + 3]), rows: list[place + 4]))
    }
    return pieces
  }

  private static func words(_ bytes: [UInt8]) -> [UInt64] {
    var words: [UInt64] = []
    for start in stride(from: 0, to: bytes.count - 7, by: 8) {
      var word: UInt64 = 0
      for place in 0..<8 { word |= UInt64(bytes[start + place]) << UInt64(place * 8) }
      words.append(word)
    }
    return words
  }
}

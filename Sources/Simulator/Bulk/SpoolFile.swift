import Glibc

/// The results of one statement on disk: compressed pieces of up to so many rows, and where each stands.
final class SpoolFile: Sendable {
  struct Piece: Sendable {
    var offset: Int
    var length: Int
    var rawLength: Int
    var crc: UInt
    var rows: Int
  }

  struct Failure: Error {
    let what: String
    let code: Int32
  }

  let pieces: [Piece]
  /// Rows before each piece, and at the end all of them.
  let rowsBefore: [Int]
  private let descriptor: Int32

  var rows: Int { rowsBefore.last ?? 0 }

  /// Takes over an open file.
  init(descriptor: Int32, pieces: [Piece]) {
    self.descriptor = descriptor
    self.pieces = pieces
    rowsBefore = pieces.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.rows) }
  }

  deinit { close(descriptor) }

  /// The compressed bytes of some pieces that stand side by side or apart.
  func read(_ places: Range<Int>) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(places.reduce(0) { $0 + pieces[$1].length })
    for place in places { bytes += try read(place) }
    return bytes
  }

  func read(_ place: Int) throws -> [UInt8] {
    let piece = pieces[place]
    return try Self.read(descriptor, piece.offset, piece.length)
  }

  static func read(_ descriptor: Int32, _ offset: Int, _ length: Int) throws -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      while count < length {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + count }, length - count, off_t(offset + count))
        if got < 0, errno == EINTR { continue }
        if got <= 0 {
          code = got < 0 ? errno : EIO
          return
        }
        count += got
      }
    }
    guard bytes.count == length else { throw Failure(what: "read", code: code) }
    return bytes
  }

  static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let put = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw Failure(what: "write", code: errno) }
      done += put
    }
  }
}

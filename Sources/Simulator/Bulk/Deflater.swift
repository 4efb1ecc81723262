import CZlib

/// Compresses pieces so that any run of them, framed, is one gzip member: each ends on a byte and starts afresh.
///
/// RFC 1951: a full flush ends the piece with an empty stored block and forgets the window.
final class Deflater {
  private var stream = z_stream()
  private var isOpen = false
  private var output = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)

  struct Piece {
    var bytes: [UInt8]
    var crc: UInt
    var rawLength: Int
  }

  struct Failure: Error {
    let code: Int32
  }

  init() throws {
    let size = Int32(MemoryLayout<z_stream>.size)
    let code = deflateInit2_(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    guard code == Z_OK else { throw Failure(code: code) }
    isOpen = true
  }

  deinit {
    if isOpen { deflateEnd(&stream) }
    output.deallocate()
  }

  /// Compresses a piece; its bytes are lent to `body`.
  func withPiece<Result>(
    _ input: UnsafeBufferPointer<UInt8>, _ body: (_ bytes: UnsafeRawBufferPointer, _ crc: UInt) throws -> Result
  ) throws -> Result {
    guard deflateReset(&stream) == Z_OK else { throw Failure(code: Z_STREAM_ERROR) }
    let capacity = Int(deflateBound(&stream, UInt(input.count))) + 64
    if output.count < capacity {
      output.deallocate()
      output = .allocate(byteCount: capacity, alignment: 16)
    }
    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    stream.avail_in = UInt32(truncatingIfNeeded: input.count)
    stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(truncatingIfNeeded: output.count)
    let code = deflate(&stream, Z_FULL_FLUSH)
    guard code == Z_OK, stream.avail_in == 0, stream.avail_out > 0 else { throw Failure(code: code) }
    let length = output.count - Int(stream.avail_out)
    return try body(
      UnsafeRawBufferPointer(rebasing: output[..<length]), crc32_z(0, input.baseAddress, input.count))
  }

  /// Compresses a piece.
  func piece(_ input: UnsafeBufferPointer<UInt8>) throws -> Piece {
    try withPiece(input) { bytes, crc in Piece(bytes: Array(bytes), crc: crc, rawLength: input.count) }
  }

  /// Frame of a gzip member (RFC 1952) before the pieces.
  static let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 3]

  /// The frame after the pieces: an empty last block, checksum and length.
  static func tail(crc: UInt, rawLength: Int) -> [UInt8] {
    var bytes: [UInt8] = [3, 0]
    for word in [UInt32(truncatingIfNeeded: crc), UInt32(truncatingIfNeeded: rawLength)] {
      for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return bytes
  }

  /// The checksum of two pieces in a row.
  static func combined(_ first: UInt, _ second: UInt, secondLength: Int) -> UInt {
    crc32_combine(first, second, secondLength)
  }

  /// A whole gzip member.
  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let piece = try bytes.withUnsafeBufferPointer { try Deflater().piece($0) }
    return head + piece.bytes + tail(crc: piece.crc, rawLength: piece.rawLength)
  }
}

/// Undoes one piece.
enum Inflater {
  static func raw(_ piece: [UInt8], length: Int) throws -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, size) == Z_OK else { throw Deflater.Failure(code: Z_MEM_ERROR) }
    defer { inflateEnd(&stream) }
    var code: Int32 = Z_OK
    let bytes = piece.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(truncatingIfNeeded: input.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(truncatingIfNeeded: length)
        code = inflate(&stream, Z_SYNC_FLUSH)
        count = length - Int(stream.avail_out)
      }
    }
    guard code == Z_OK || code == Z_BUF_ERROR, bytes.count == length else { throw Deflater.Failure(code: code) }
    return bytes
  }
}

import CZlib

/// Undoes gzip (RFC 1952) as it comes, checks what it finds, and knows whether its end has come.
///
/// libcurl's own decoding takes a body that ends in mid-stream for a whole one when the answer around it is complete.
final class GzipDecoder {
  /// What came is not gzip, or is damaged.
  struct Malformed: Error {}

  /// Most bytes that one call decodes.
  static let outputBytes = 64 << 10

  /// zlib keeps the address, which therefore must not change.
  private let stream: UnsafeMutablePointer<z_stream>
  private let output: UnsafeMutableRawBufferPointer
  /// Whether everything so far makes whole members.
  private(set) var isWhole = false

  /// A decoder, or `nil` where there is no memory for one.
  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    output = .allocate(byteCount: Self.outputBytes, alignment: 16)
    guard crmsync_inflate_init_gzip(stream) == Z_OK else {
      stream.deallocate()
      output.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Decodes as much as one call may; its bytes are lent to `body`. Without input, what is left of earlier input.
  /// - Returns: bytes read, and whether a call without input might give more.
  func decode(
    _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(Malformed) -> (read: Int, hasMore: Bool) {
    if isWhole {
      guard !input.isEmpty else { return (0, false) }
      // RFC 1952, 2.2: members may follow each other.
      guard inflateReset(stream) == Z_OK else { throw Malformed() }
      isWhole = false
    }
    let offered = min(input.count, 1 << 30)
    stream.pointee.next_in = input.baseAddress.map {
      UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self))
    }
    stream.pointee.avail_in = UInt32(offered)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    let code = inflate(stream, Z_NO_FLUSH)
    switch code {
    // A buffer error says that neither input nor room was left to go on with.
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END: isWhole = true
    default: throw Malformed()
    }
    let written = output.count - Int(stream.pointee.avail_out)
    if written > 0 { body(UnsafeRawBufferPointer(rebasing: output[..<written])) }
    return (offered - Int(stream.pointee.avail_in), written == output.count)
  }
}

import CZlib
import Glibc

/// One HTTP request over a connection of its own, so that a test sees exactly what came over the wire.
enum RawHTTP {
  struct Answer: Sendable {
    var status: Int
    /// By lower-case name.
    var headers: [String: String]
    /// As received.
    var wireBody: [UInt8]
    /// Bytes that `Content-Length` promised.
    var promised: Int?

    var isComplete: Bool { promised == nil || promised == wireBody.count }

    /// The body, decompressed where it is gzip.
    var body: [UInt8] {
      headers["content-encoding"] == "gzip" ? ((try? Gunzip.member(wireBody)) ?? []) : wireBody
    }

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  struct Failure: Error {
    let what: String
  }

  static func send(
    port: Int, _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
  ) throws -> Answer {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(what: "socket") }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw Failure(what: "connect") }
    var request = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    for (name, value) in headers { request += "\(name): \(value)\r\n" }
    if !body.isEmpty { request += "Content-Length: \(body.count)\r\n" }
    var bytes = Array((request + "\r\n").utf8) + body
    while !bytes.isEmpty {
      let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      guard sent > 0 else { throw Failure(what: "send") }
      bytes.removeFirst(sent)
    }
    return try parse(readAll(descriptor))
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      if got <= 0 { return all }
      all += buffer[..<got]
    }
  }

  private static func parse(_ bytes: [UInt8]) throws -> Answer {
    let separator = Array("\r\n\r\n".utf8)
    guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else {
      throw Failure(what: "no head in \(bytes.count) bytes")
    }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description }
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(
      status: status, headers: headers, wireBody: Array(bytes[(end + 4)...]),
      promised: headers["content-length"].flatMap { Int($0) })
  }
}

enum Gunzip {
  struct Failure: Error {}

  /// The content of exactly one gzip member; anything else, also a second member, is an error.
  static func member(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    guard crmsync_inflate_init_gzip(&stream) == Z_OK else { throw Failure() }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var input = bytes
    return try input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while true {
        let code = buffer.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        output += buffer[..<(buffer.count - Int(stream.avail_out))]
        if code == Z_STREAM_END {
          guard stream.avail_in == 0 else { throw Failure() }
          return output
        }
        guard code == Z_OK, stream.avail_in > 0 || stream.avail_out == 0 else { throw Failure() }
      }
    }
  }
}

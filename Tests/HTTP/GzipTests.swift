import TestSupport
import Testing

@testable import HTTP
@testable import Simulator

@Suite("Compressed bodies", .timeLimit(.minutes(2)))
struct GzipTests {
  private static let gzip = ["Content-Encoding: gzip"]

  /// Bytes that compress somewhat.
  private static func text(_ count: Int) -> [UInt8] {
    var chance = Chance.fresh()
    return (0..<count).map { _ in UInt8(0x61 + chance.below(12)) }
  }

  private func error(of server: ByteServer) async -> HTTPError? {
    await #expect(throws: HTTPError.self) { try await HTTPClient().send(HTTPRequest(url: server.url)) }
  }

  private func read(_ server: ByteServer, _ client: HTTPClient) async throws -> [UInt8] {
    let stream = try await client.stream(HTTPRequest(url: server.url))
    var bytes: [UInt8] = []
    for try await chunk in stream.body { bytes += chunk }
    return bytes
  }

  @Test("are asked for, and come out as they went in", arguments: [0, 1, 65_535, 65_536, 65_537, 3_000_000])
  func whole(count: Int) async throws {
    let text = Self.text(count)
    let server = try ByteServer(try Deflater.gzip(text), headers: Self.gzip)
    #expect(try await HTTPClient().send(HTTPRequest(url: server.url)).body == text)
    #expect(server.seen.heads.first?.lowercased().contains("accept-encoding: gzip") == true)
  }

  @Test("come out the same while a slow consumer holds the server off, however far they expand")
  func backpressure() async throws {
    let client = HTTPClient(configuration: HTTPClientConfiguration(bodyBufferBytes: 100_000))
    for text in [Self.text(4_000_000), [UInt8](repeating: 0x30, count: 30_000_000)] {
      let server = try ByteServer(try Deflater.gzip(text), headers: Self.gzip)
      #expect(try await read(server, client) == text)
    }
  }

  @Test("that end early are cut, wherever they end and however whole the answer around them looks")
  func truncated() async throws {
    let whole = try Deflater.gzip(Self.text(200_000))
    for length in [0, 1, 9, 10, 11, 5000, whole.count / 2, whole.count - 8, whole.count - 1] {
      let answers = [
        "Content-Length: \(length)\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n",
        "X-Ends: with the connection\r\n\r\n",
      ]
      for (place, rest) in answers.enumerated() where length > 0 || place > 0 {
        let server = try ByteServer { _, connection in
          connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n" + rest)
          if place == 1, length > 0 { connection.send(String(length, radix: 16) + "\r\n") }
          connection.send(Array(whole[..<length]))
          if place == 1 { connection.send((length > 0 ? "\r\n" : "") + "0\r\n\r\n") }
        }
        #expect(await error(of: server)?.kind == .cut, "\(length) bytes, \(rest)")
        await #expect(throws: HTTPError.self, "\(length) bytes, streamed") { try await read(server, HTTPClient()) }
      }
    }
  }

  @Test("that are damaged are an error of their own")
  func damaged() async throws {
    let whole = try Deflater.gzip(Self.text(200_000))
    // The first byte, the checksum, the length.
    for place in [0, whole.count - 8, whole.count - 1] {
      var bytes = whole
      bytes[place] ^= 0x55
      #expect(await error(of: try ByteServer(bytes, headers: Self.gzip))?.kind == .malformed, "byte \(place)")
    }
    #expect(await error(of: try ByteServer(whole + [1, 2, 3], headers: Self.gzip))?.kind == .malformed)
    #expect(await error(of: try ByteServer(Array("{}".utf8), headers: Self.gzip))?.kind == .malformed)
  }

  @Test("may consist of several members")
  func members() async throws {
    let server = try ByteServer(
      try Deflater.gzip(Array("one, ".utf8)) + Deflater.gzip([]) + Deflater.gzip(Array("two".utf8)),
      headers: ["Content-Encoding: X-GZIP"])
    #expect(try await HTTPClient().send(HTTPRequest(url: server.url)).body == Array("one, two".utf8))
  }

  @Test("that nobody asked for are refused")
  func otherCoding() async throws {
    #expect(await error(of: try ByteServer([1, 2, 3], headers: ["Content-Encoding: br"]))?.kind == .malformed)
    let plain = try ByteServer(Array("{}".utf8), headers: ["Content-Encoding: identity"])
    #expect(try await HTTPClient().send(HTTPRequest(url: plain.url)).body == Array("{}".utf8))
  }

  @Test("may be missing where the server says that there is none")
  func none() async throws {
    for status in ["204 No Content", "200 OK"] {
      let server = try ByteServer([], status: status, headers: Self.gzip)
      #expect(try await HTTPClient().send(HTTPRequest(url: server.url)).body.isEmpty, "\(status)")
    }
  }
}

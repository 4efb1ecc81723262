import Foundation
import TestSupport
import Testing

@testable import HTTP

@Suite("The HTTP client", .timeLimit(.minutes(2)))
struct HTTPClientTests {
  private func error(
    _ request: HTTPRequest, _ client: HTTPClient = HTTPClient(), maxBodyBytes: Int = 1 << 20
  ) async -> HTTPError? {
    await #expect(throws: HTTPError.self) { try await client.send(request, maxBodyBytes: maxBodyBytes) }
  }

  private static let answers = "HTTP/1.1 200 OK\r\nConnection: close\r\n"

  @Test(
    "a body that was cut is an error, never a shorter body",
    arguments: [
      "Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "Transfer-Encoding: chunked\r\n\r\nff\r\nabc",
    ])
  func cut(rest: String) async throws {
    let server = try ByteServer { _, connection in connection.send(Self.answers + rest) }
    #expect(await error(HTTPRequest(url: server.url))?.kind == .cut)
    let stream = try await HTTPClient().stream(HTTPRequest(url: server.url))
    await #expect(throws: HTTPError.self) { for try await _ in stream.body {} }
  }

  @Test("a connection that ends without an answer is a cut one")
  func noAnswer() async throws {
    let server = try ByteServer { _, _ in }
    #expect(await error(HTTPRequest(url: server.url))?.kind == .cut)
  }

  @Test("what must not be repeated goes over a connection of its own, on which libcurl repeats nothing by itself")
  func unrepeated() async throws {
    let (requests, seen) = AsyncStream<String>.makeStream()
    let server = try ByteServer { head, connection in
      let method = String(head.prefix { $0 != " " })
      seen.yield(method)
      guard method == "GET" else { return }
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      // A request that comes here gets no answer, and libcurl would send it once more.
      if connection.waitForMore() { seen.yield("on the old connection") }
    }
    let client = HTTPClient()
    _ = try await client.send(HTTPRequest(url: server.url))
    #expect(await error(HTTPRequest(method: "POST", url: server.url, body: [1]), client)?.kind == .cut)
    seen.finish()
    #expect(await requests.reduce(into: []) { $0.append($1) } == ["GET", "POST"])
  }

  @Test("nobody there, a name that does not exist, and another protocol are told apart")
  func unreachable() async throws {
    #expect(await error(HTTPRequest(url: "http://127.0.0.1:1/secret"))?.kind == .connect)
    let resolve = await error(HTTPRequest(url: "http://user:secret@nobody.invalid/secret?q=secret"))
    #expect(resolve?.kind == .resolve && resolve?.description.contains("secret") == false)
    #expect(await error(HTTPRequest(url: "ftp://127.0.0.1/secret"))?.kind == .other)
  }

  @Test("an answer that takes too long is given up")
  func timeout() async throws {
    let server = try ByteServer { _, connection in connection.waitForEnd() }
    #expect(await error(HTTPRequest(url: server.url, timeout: .milliseconds(200)))?.kind == .timeout)
    try await until("the connection to be closed") { server.seen.ended == 1 }
  }

  @Test("a stream that stands still is given up, though streams may take any time")
  func stall() async throws {
    let server = try ByteServer { _, connection in
      connection.send(Self.answers + "Content-Length: 10\r\n\r\nabc")
      connection.waitForEnd()
    }
    let request = HTTPRequest(url: server.url, timeout: .milliseconds(1), stallTimeout: .seconds(1))
    let stream = try await HTTPClient().stream(request)
    let error = await #expect(throws: HTTPError.self) { for try await _ in stream.body {} }
    #expect(error?.kind == .timeout)
  }

  @Test("redirects are not followed: no token travels to another host", arguments: [301, 302, 303, 307, 308])
  func redirect(status: Int) async throws {
    let elsewhere = try ByteServer([])
    let server = try ByteServer([], status: "\(status) Moved", headers: ["Location: \(elsewhere.url)/there"])
    let answer = try await HTTPClient().send(
      HTTPRequest(url: server.url, headers: [(name: "Authorization", value: "Bearer token")]))
    #expect(answer.status == status && answer.headers.first("location") == elsewhere.url + "/there")
    #expect(server.seen.heads.count == 1 && elsewhere.seen.heads.isEmpty)
  }

  @Test("cancelling ends the transfer, before the head and in the body")
  func cancellation() async throws {
    for head in ["", Self.answers + "Content-Length: 10\r\n\r\nabc"] {
      let server = try ByteServer { _, connection in
        connection.send(head)
        connection.waitForEnd()
      }
      let task = Task { try await HTTPClient().send(HTTPRequest(url: server.url)) }
      try await until("the request") { server.seen.heads.count == 1 }
      task.cancel()
      await #expect(throws: (any Error).self) { try await task.value }
      try await until("the connection to be closed") { server.seen.ended == 1 }
    }
  }

  @Test("a stream that nobody reads any more is ended, and the client works on")
  func abandoned() async throws {
    let endless = try ByteServer { _, connection in
      connection.send(Self.answers + "\r\n")
      while connection.send([UInt8](repeating: 0x61, count: 65_536)) {}
    }
    let client = HTTPClient()
    var stream: HTTPStream? = try await client.stream(HTTPRequest(url: endless.url))
    let first = try await stream?.body.makeAsyncIterator().next()
    #expect(first?.isEmpty == false)
    stream = nil
    try await until("the connection to be closed") { endless.seen.ended == 1 }
    let other = try ByteServer([])
    #expect(try await client.send(HTTPRequest(url: other.url)).status == 200)
  }

  @Test("many requests at once each get their own answer")
  func many() async throws {
    let server = try ByteServer { head, connection in
      let target = head.split(separator: " ").dropFirst().first ?? ""
      connection.send(Self.answers + "Content-Length: \(target.utf8.count)\r\n\r\n\(target)")
    }
    let client = HTTPClient()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<150 {
        group.addTask {
          let answer = try await client.send(HTTPRequest(url: "\(server.url)/number/\(number)"))
          return String(decoding: answer.body, as: UTF8.self) == "/number/\(number)"
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(Set(server.seen.heads).count == 150)
  }

  @Test("a head without end is refused, and one of many fields is not")
  func headers() async throws {
    let endless = try ByteServer { _, connection in
      connection.send(Self.answers)
      while connection.send("X-Field: \(String(repeating: "x", count: 1000))\r\n") {}
    }
    #expect(await error(HTTPRequest(url: endless.url))?.kind == .tooLarge)
    let fields = (0..<100).map { "X-Field-\($0): \(String(repeating: "x", count: 1000))" }
    let server = try ByteServer([], headers: fields)
    let answer = try await HTTPClient().send(HTTPRequest(url: server.url))
    #expect(answer.headers.first("x-field-99")?.count == 1000)
  }

  @Test("a body larger than allowed is refused")
  func tooLarge() async throws {
    let server = try ByteServer([UInt8](repeating: 0x61, count: 1001))
    #expect(await error(HTTPRequest(url: server.url), maxBodyBytes: 1000)?.kind == .tooLarge)
    #expect(try await HTTPClient().send(HTTPRequest(url: server.url), maxBodyBytes: 1001).body.count == 1001)
  }

  @Test("answers that announce another are passed over, and a header value begins no second header")
  func heads() async throws {
    let server = try ByteServer { _, connection in
      connection.send("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n")
      connection.send(Self.answers + "Content-Length: 2\r\n\r\nok")
    }
    let answer = try await HTTPClient().send(
      HTTPRequest(
        method: "POST", url: server.url, headers: [(name: "X-Name", value: "a\r\nX-Injected: 1")],
        body: Array("{}".utf8)))
    #expect(answer.status == 200 && answer.headers.first("x-early") == nil && answer.body == Array("ok".utf8))
    let lines = server.seen.heads.first?.components(separatedBy: "\r\n") ?? []
    #expect(!lines.contains { $0.hasPrefix("X-Injected") } && lines.contains { $0.hasPrefix("X-Name: a") })
  }
}

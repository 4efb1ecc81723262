import Foundation
import Glibc
import Synchronization

/// A server on a free loopback port whose answers a test writes byte by byte; one request a connection.
///
/// For answers that no well-behaved server gives.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    let method: String
    let target: String
    /// By lower-case name.
    let headers: [String: String]
    let body: String
  }

  let port: Int
  private let socket: Int32
  private let seen = Mutex<[Request]>([])

  /// Requests so far.
  var requests: [Request] { seen.withLock { $0 } }

  var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameter answer: the whole answer, head included; `nil` closes the connection without one.
  init(_ answer: @escaping @Sendable (_ request: Request, _ count: Int) -> String?) throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 64) == 0 && getsockname(socket, pointer, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    self.socket = socket
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { return }
        if let request = Self.read(connection) {
          let count = self?.note(request) ?? 0
          if let text = answer(request, count) { Self.write(text, to: connection) }
        }
        close(connection)
      }
    }
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  /// - Returns: how many requests for that path there have been, this one included.
  private func note(_ request: Request) -> Int {
    seen.withLock { seen in
      seen.append(request)
      return seen.count { $0.target == request.target }
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
      guard parts.count > 1 else { continue }
      let lines = parts[0].components(separatedBy: "\r\n")
      let words = lines[0].split(separator: " ").map(String.init)
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        let pair = line.split(separator: ":", maxSplits: 1)
        if pair.count == 2 { headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces) }
      }
      let body = parts.dropFirst().joined(separator: "\r\n\r\n")
      guard body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0, words.count > 1 else { continue }
      return Request(method: words[0], target: words[1], headers: headers, body: body)
    }
  }

  private static func write(_ text: String, to connection: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// Writes answers.
enum Answer {
  static func json(_ body: String, status: Int = 200, headers: [String] = []) -> String {
    of(body, status: status, headers: headers + ["Content-Type: application/json"])
  }

  static func of(_ body: String, status: Int = 200, headers: [String] = []) -> String {
    let head =
      ["HTTP/1.1 \(status) Whatever", "Connection: close", "Content-Length: \(body.utf8.count)"] + headers
    return (head + ["", body]).joined(separator: "\r\n")
  }

  static func token(_ number: Int, instance: String) -> String {
    json(
      #"{"access_token":"00Dxx0000000001!token\#(number)","instance_url":"\#(instance)","#
        + #""id":"https://login.example/id/00Dxx0000000001EAA/005xx000001SvABAA0","token_type":"Bearer"}"#)
  }
}

import Foundation
import Glibc
import Synchronization

/// A server on a free loopback port whose answers a test writes byte by byte: a thread for each connection, a request
/// on each.
final class ByteServer: Sendable {
  /// A client's connection, for the thread that serves it.
  struct Connection {
    fileprivate let socket: Int32

    /// Sends bytes; `false` once the client is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Waits for another request on the connection, or for its end.
    /// - Returns: whether there was a request.
    func waitForMore() -> Bool {
      var buffer = [UInt8](repeating: 0, count: 4096)
      return recv(socket, &buffer, buffer.count, 0) > 0
    }

    /// Waits until the client closes the connection.
    func waitForEnd() {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while recv(socket, &buffer, buffer.count, 0) > 0 {}
    }
  }

  struct State {
    /// Heads of the requests so far.
    var heads: [String] = []
    /// Connections whose answer is over.
    var ended = 0
  }

  let port: Int
  private let socket: Int32
  private let state = Mutex(State())

  var seen: State { state.withLock { $0 } }

  var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameter answer: writes the whole answer; the connection is closed when it returns.
  init(_ answer: @escaping @Sendable (_ head: String, _ connection: Connection) -> Void) throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 512) == 0 && getsockname(socket, pointer, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    self.socket = socket
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        Thread.detachNewThread { [weak self] in
          if let head = Self.head(client) {
            self?.state.withLock { $0.heads.append(head) }
            answer(head, Connection(socket: client))
          }
          close(client)
          self?.state.withLock { $0.ended += 1 }
        }
      }
    }
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  private static func head(_ client: Int32) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
      if parts.count > 1 { return parts[0] }
    }
  }
}

extension ByteServer {
  /// A server that always gives this answer.
  convenience init(_ body: [UInt8], status: String = "200 OK", headers: [String] = []) throws {
    let head = ["HTTP/1.1 \(status)", "Connection: close", "Content-Length: \(body.count)"] + headers
    try self.init { _, connection in
      connection.send(head.joined(separator: "\r\n") + "\r\n\r\n")
      connection.send(body)
    }
  }
}

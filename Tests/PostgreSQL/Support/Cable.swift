import Foundation
import Synchronization

/// A cable to a server on this machine that can be cut and mended.
// Sendable: everything that changes is behind the lock.
final class Cable: Sendable {
  private struct State {
    var listener: Int32 = -1
    var sockets: [Int32] = []
  }
  let port: UInt16
  private let server: UInt16
  private let state = Mutex(State())

  init(to server: UInt16) throws {
    self.server = server
    let (listener, port) = try Self.listen(on: 0)
    self.port = port
    begin(listener)
  }

  deinit { cut() }

  /// Resets all connections, and refuses new ones.
  func cut() {
    state.withLock { state in
      if state.listener >= 0 {
        shutdown(state.listener, Int32(SHUT_RDWR))
        close(state.listener)
      }
      state.listener = -1
      for socket in state.sockets {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
      }
      state.sockets = []
    }
  }

  /// Takes connections again, on the same port.
  func mend() throws { begin(try Self.listen(on: port).socket) }

  private func begin(_ listener: Int32) {
    state.withLock { $0.listener = listener }
    Thread.detachNewThread { [weak self, server] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let upstream = try? Self.connect(to: server) else {
          close(client)
          continue
        }
        guard let self, self.adopt(client, upstream, of: listener) else {
          close(client)
          close(upstream)
          return
        }
        Self.forward(client, upstream)
        Self.forward(upstream, client)
      }
    }
  }

  private func adopt(_ client: Int32, _ upstream: Int32, of listener: Int32) -> Bool {
    state.withLock { state in
      guard state.listener == listener else { return false }
      state.sockets += [client, upstream]
      return true
    }
  }

  private static func forward(_ from: Int32, _ to: Int32) {
    Thread.detachNewThread {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(from, &bytes, bytes.count)
        guard count > 0, write(to, bytes, count) == count else { break }
      }
      shutdown(to, Int32(SHUT_WR))
    }
  }

  static func listen(on port: UInt16) throws -> (socket: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
    var address = loopback(port)
    let size = socklen_t(MemoryLayout.size(ofValue: address))
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        var length = size
        return bind(listener, pointer, size) == 0 && Glibc.listen(listener, 64) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard isBound else { throw CocoaError(.fileNoSuchFile) }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  private static func connect(to port: UInt16) throws -> Int32 {
    let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      close(upstream)
      throw CocoaError(.fileNoSuchFile)
    }
    return upstream
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

import Foundation
import Synchronization

/// A cable to the broker that can be cut, or freeze: nothing comes through, and neither end is told.
// Sendable: what changes is guarded by `condition`.
final class Cable: @unchecked Sendable {
  let port: Int
  private let target: Int
  private let listener: Int32
  private let condition = NSCondition()
  private var sockets: [Int32] = []
  private var isFrozen = false

  init(to target: Int) throws {
    self.target = target
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = Self.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
        bind(listener, plain, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, plain, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let self else {
          close(client)
          return
        }
        self.join(client)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  func freeze() { set(frozen: true) }

  func thaw() { set(frozen: false) }

  private func set(frozen: Bool) {
    condition.lock()
    isFrozen = frozen
    condition.broadcast()
    condition.unlock()
  }

  /// Resets all connections; new ones are taken.
  func cut() {
    condition.lock()
    for socket in sockets { Self.reset(socket) }
    sockets = []
    isFrozen = false
    condition.broadcast()
    condition.unlock()
  }

  private func join(_ client: Int32) {
    let broker = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(port: target)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(broker, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard connected else {
      close(client)
      close(broker)
      return
    }
    condition.lock()
    sockets += [client, broker]
    condition.unlock()
    forward(client, broker)
    forward(broker, client)
  }

  private func forward(_ from: Int32, _ to: Int32) {
    Thread.detachNewThread { [self] in
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = recv(from, &bytes, bytes.count, 0)
        guard count > 0 else { break }
        condition.lock()
        while isFrozen { condition.wait() }
        condition.unlock()
        guard send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
      }
      // The sockets stay open until the test's process ends: their numbers must not be given to others.
      shutdown(to, Int32(SHUT_RDWR))
    }
  }

  private static func reset(_ socket: Int32) { shutdown(socket, Int32(SHUT_RDWR)) }

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

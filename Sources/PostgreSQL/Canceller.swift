import CPostgreSQL
import Synchronization

/// Cancels what a connection is doing, from any thread.
///
/// libpq allows `PQcancel` from any thread as long as the handle is not freed meanwhile, which the lock sees to.
final class Canceller: Sendable {
  /// Owned: freed when it is replaced or this object ends.
  private struct Handle: @unchecked Sendable {
    // Sendable: only ever touched under the lock below.
    var pointer: OpaquePointer?
  }
  private let handle = Mutex(Handle())

  deinit { set(nil) }

  /// Takes over the handle of a newly opened connection.
  func set(_ pointer: OpaquePointer?) {
    let taken = Handle(pointer: pointer)
    handle.withLock { handle in
      if let old = handle.pointer { PQfreeCancel(old) }
      handle = taken
    }
  }

  /// Asks the server to end the statement that runs, if one does.
  func cancel() {
    handle.withLock { handle in
      guard let pointer = handle.pointer else { return }
      var message = [CChar](repeating: 0, count: 256)
      _ = PQcancel(pointer, &message, Int32(message.count))
    }
  }
}

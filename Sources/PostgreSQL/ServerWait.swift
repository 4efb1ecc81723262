import CPostgreSQL
import Foundation
import Synchronization

/// What a connection's thread waits for: its next job, a cancelled task, and the server's next word where somebody
/// asked to be told.
///
/// `turn` and `ready` are called by the connection's thread, the rest by anybody.
// Sendable: the descriptor never changes; the rest is behind the lock.
final class ServerWait: Sendable {
  private struct Listener {
    var socket: Int32
    var deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<Void, Never>
  }
  private let event = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
  private let listener = Mutex<Listener?>(nil)

  deinit { _ = Glibc.close(event) }

  /// Waits between jobs, until ``wake()`` or what the listener waits for.
  func turn() {
    let (socket, deadline) = listener.withLock { ($0?.socket ?? -1, $0?.deadline) }
    let left = deadline.map { max(.zero, $0 - .now) }
    let heard = poll(socket, Int32(POLLIN), atMost: left)
    if heard != 0 || deadline.map({ $0 <= .now }) ?? false { release() }
  }

  /// Waits within a job until the socket is ready, ``wake()`` or the time is over.
  /// - Returns: what the socket is ready for, as poll(2) says it.
  func ready(_ socket: Int32, _ events: Int32, atMost limit: Duration) -> Int32 {
    poll(socket, events, atMost: limit)
  }

  private func poll(_ socket: Int32, _ events: Int32, atMost limit: Duration?) -> Int32 {
    var sources = [
      pollfd(fd: event, events: Int16(POLLIN), revents: 0), pollfd(fd: socket, events: Int16(events), revents: 0),
    ]
    let milliseconds = limit.map { limit in
      let (seconds, attoseconds) = limit.components
      return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
    _ = Glibc.poll(&sources, nfds_t(sources.count), milliseconds ?? -1)
    if sources[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(event, &count, 8)
    }
    return Int32(sources[1].revents)
  }

  /// Ends a wait, or the next one.
  func wake() {
    var one: UInt64 = 1
    _ = write(event, &one, 8)
  }

  /// Suspends until the server has said something, the deadline, the end of the task, or ``release()``. Meanwhile the
  /// connection's thread is free for other calls. Called by the actor, so that nobody closes the socket in between.
  nonisolated(nonsending) func untilHeard(on socket: Int32, deadline: ContinuousClock.Instant) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let replaced = listener.withLock { listener -> CheckedContinuation<Void, Never>? in
          if Task.isCancelled { return continuation }
          defer { listener = Listener(socket: socket, deadline: deadline, continuation: continuation) }
          return listener?.continuation
        }
        // The thread may be in its wait already, without the socket and the deadline.
        wake()
        replaced?.resume()
      }
    } onCancel: {
      release()
    }
  }

  /// Lets the listener look again.
  func release() {
    let released = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    released?.continuation.resume()
  }
}

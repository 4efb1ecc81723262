import Foundation
import Synchronization

/// One OS thread that runs one actor's jobs and, between them, waits on that actor's C library.
///
/// Blocking C calls are made on this thread, never on the cooperative pool.
///
/// Between jobs, the thread blocks in the closure that waits for I/O. A job that is enqueued in the meantime wakes it.
// Sendable: `state` is guarded by `condition`; `owner` is atomic; `isWaiting` is touched by the thread alone; the
// closures are immutable and @Sendable.
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private struct State {
    var jobs: [UnownedJob] = []
    var isStopped = false
    var hasThread = true
  }
  private let name: String
  private let condition = NSCondition()
  private var state = State()
  private let owner = Atomic<UInt>(0)
  /// Whether the thread is in `waitForIO`, whose callbacks may enqueue jobs, too.
  private var isWaiting = false
  private let waitForIO: (@Sendable () -> Void)?
  private let wakeFromIO: (@Sendable () -> Void)?

  /// A thread that waits on a C library between jobs.
  /// - Parameters:
  ///   - name: the thread's name, for debuggers.
  ///   - wait: blocks until there is I/O, `wake` was called, or a timer is due.
  ///   - wake: ends a `wait`, or the next one; callable from any thread.
  public init(name: String, wait: @escaping @Sendable () -> Void, wake: @escaping @Sendable () -> Void) {
    self.name = name
    waitForIO = wait
    wakeFromIO = wake
    startThread()
  }

  /// A thread that only runs jobs.
  public init(name: String) {
    self.name = name
    waitForIO = nil
    wakeFromIO = nil
    startThread()
  }

  private func startThread() {
    let thread = Thread { [self] in loop() }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Queues a job. One that comes when the thread has ended gets a thread anew, so that none is ever lost.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // The job may be the last of its actor, which then lets go of this executor before this call is over.
    let alive = Unmanaged.passRetained(self)
    defer { alive.release() }
    condition.lock()
    state.jobs.append(job)
    let isFirst = state.jobs.count == 1
    let needsThread = !state.hasThread
    state.hasThread = true
    condition.signal()
    condition.unlock()
    if needsThread {
      startThread()
    } else if isFirst, !isOwner || isWaiting {
      wakeFromIO?()
    }
  }

  /// Ends the thread once the jobs that are queued have run. Safe to call twice.
  public func stop() {
    let alive = Unmanaged.passRetained(self)
    defer { alive.release() }
    condition.lock()
    state.isStopped = true
    condition.signal()
    condition.unlock()
    wakeFromIO?()
  }

  public func isIsolatingCurrentContext() -> Bool? { isOwner }

  public func checkIsolated() { precondition(isOwner, "not on the thread of this executor") }

  private var isOwner: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

  private func loop() {
    owner.store(UInt(pthread_self()), ordering: .relaxed)
    while let jobs = take() {
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      guard jobs.isEmpty else { continue }
      isWaiting = true
      waitForIO?()
      isWaiting = false
    }
  }

  /// The jobs that are queued, or `nil` when the thread shall end.
  private func take() -> [UnownedJob]? {
    condition.lock()
    defer { condition.unlock() }
    while waitForIO == nil, state.jobs.isEmpty, !state.isStopped { condition.wait() }
    if state.jobs.isEmpty, state.isStopped {
      state.hasThread = false
      // The system may give this thread's identity to another.
      owner.store(0, ordering: .relaxed)
      return nil
    }
    let jobs = state.jobs
    state.jobs.removeAll(keepingCapacity: true)
    return jobs
  }
}

/// A closure that may be kept behind a lock.
///
/// Kept bare in a `Mutex`, a closure is wrapped anew at each access until freeing the chain overflows the stack.
public struct Callback: Sendable {
  /// Calls the closure.
  public let run: @Sendable () -> Void

  /// Wraps a closure.
  public init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

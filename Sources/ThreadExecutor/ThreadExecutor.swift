import Foundation
import Synchronization

/// One OS thread that runs one actor's jobs and, between them, waits on that actor's C library.
///
/// Blocking C calls are made on this thread, never on the cooperative pool.
// Sendable: `state` is guarded by `condition`; `owner` is atomic; the closures are immutable and @Sendable.
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private struct State {
    var jobs: [UnownedJob] = []
    var isStopped = false
  }
  private let condition = NSCondition()
  private var state = State()
  private let owner = Atomic<UInt>(0)
  private let waitForIO: (@Sendable () -> Void)?
  private let wakeFromIO: (@Sendable () -> Void)?

  /// A thread that waits on a C library between jobs.
  /// - Parameters:
  ///   - name: the thread's name, for debuggers.
  ///   - wait: blocks until there is I/O, `wake` was called, or a timer is due.
  ///   - wake: ends a `wait`, or the next one; callable from any thread.
  public init(name: String, wait: @escaping @Sendable () -> Void, wake: @escaping @Sendable () -> Void) {
    waitForIO = wait
    wakeFromIO = wake
    start(name)
  }

  /// A thread that only runs jobs.
  public init(name: String) {
    waitForIO = nil
    wakeFromIO = nil
    start(name)
  }

  private func start(_ name: String) {
    let thread = Thread { [self] in loop() }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    state.jobs.append(job)
    let isFirst = state.jobs.count == 1
    condition.signal()
    condition.unlock()
    if isFirst, !isOwner { wakeFromIO?() }
  }

  /// Ends the thread once the jobs that are queued have run.
  public func stop() {
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
    while true {
      let (jobs, isStopped) = take()
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      guard jobs.isEmpty else { continue }
      if isStopped { return }
      waitForIO?()
    }
  }

  private func take() -> ([UnownedJob], Bool) {
    condition.lock()
    defer { condition.unlock() }
    while waitForIO == nil, state.jobs.isEmpty, !state.isStopped { condition.wait() }
    let jobs = state.jobs
    state.jobs.removeAll(keepingCapacity: true)
    return (jobs, state.isStopped)
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

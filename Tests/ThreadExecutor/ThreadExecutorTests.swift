import Foundation
import Synchronization
import Testing
import ThreadExecutor

@Suite("a thread of an actor's own", .timeLimit(.minutes(3)))
struct ThreadExecutorTests {
  actor Counter {
    private nonisolated let executor: ThreadExecutor
    private(set) var count = 0
    private(set) var threads: Set<UInt> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: ThreadExecutor) { self.executor = executor }

    func add() {
      count += 1
      threads.insert(UInt(pthread_self()))
    }
  }

  private func fill(_ counter: Counter, _ tasks: Int) async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks { group.addTask { await counter.add() } }
    }
  }

  @Test("runs all jobs, one at a time, on one thread")
  func oneThread() async {
    let executor = ThreadExecutor(name: "test")
    let counter = Counter(executor)
    await fill(counter, 5000)
    #expect(await counter.count == 5000)
    #expect(await counter.threads.count == 1)
    executor.stop()
  }

  @Test("wakes from its wait for every job, also those that come from the wait itself")
  func waiting() async throws {
    let signal = DispatchSemaphore(value: 0)
    let fromWait = Mutex<Callback?>(nil)
    let executor = ThreadExecutor(
      name: "test",
      wait: {
        fromWait.withLock { callback in
          defer { callback = nil }
          return callback
        }?.run()
        signal.wait()
      }, wake: { signal.signal() })
    let counter = Counter(executor)
    for _ in 0..<500 { await counter.add() }
    #expect(await counter.count == 500)
    await withCheckedContinuation { continuation in
      fromWait.withLock {
        $0 = Callback {
          counter.assumeIsolatedTask { continuation.resume() }
        }
      }
      signal.signal()
    }
    executor.stop()
  }

  @Test("runs jobs that come after it was stopped")
  func stopped() async {
    let executor = ThreadExecutor(name: "test")
    let counter = Counter(executor)
    for round in 1...200 {
      executor.stop()
      executor.stop()
      await counter.add()
      #expect(await counter.count == round)
    }
  }

  @Test("knows its own thread")
  func isolation() async {
    let executor = ThreadExecutor(name: "test")
    #expect(executor.isIsolatingCurrentContext() == false)
    let counter = Counter(executor)
    let count = await counter.countByAssuming()
    #expect(count == 1)
    executor.stop()
  }
}

extension ThreadExecutorTests.Counter {
  /// A job that is enqueued by the thread itself.
  nonisolated func assumeIsolatedTask(_ body: @escaping @Sendable () -> Void) {
    _ = assumeIsolated { counter in
      Task {
        counter.add()
        body()
      }
    }
  }

  func countByAssuming() -> Int {
    add()
    return assumeIsolated { $0.count }
  }
}

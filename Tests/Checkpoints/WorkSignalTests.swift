import Checkpoints
import Testing

@Suite("A work signal", .timeLimit(.minutes(3)))
struct WorkSignalTests {
  @Test("a wait of no time at all ends, however often it is tried")
  func noTime() async {
    let signal = WorkSignal()
    for _ in 0..<5000 { await signal.wait(atMost: .zero) }
  }

  @Test("raised while nobody waits, it ends the next wait at once")
  func raisedBefore() async {
    let signal = WorkSignal()
    signal.raise()
    await signal.wait(atMost: .seconds(3600))
  }

  @Test("raised while somebody waits, it ends the wait; cancelling does, too")
  func raisedDuring() async {
    let signal = WorkSignal()
    let waits = (0..<100).map { _ in Task { await signal.wait(atMost: .seconds(3600)) } }
    let raising = Task { while !Task.isCancelled { signal.raise(); await Task.yield() } }
    for wait in waits { await wait.value }
    raising.cancel()
    await raising.value
    let cancelled = Task { await WorkSignal().wait(atMost: .seconds(3600)) }
    cancelled.cancel()
    await cancelled.value
  }
}

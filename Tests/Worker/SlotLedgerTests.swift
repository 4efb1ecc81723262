import JobQueue
import Testing

@testable import Worker

@Suite("The slots of a worker")
struct SlotLedgerTests {
  @Test("long jobs never fill the slots that are kept for short ones", arguments: [2, 4, 8, 64])
  func reserved(slots: Int) {
    let ledger = SlotLedger(slots: slots)
    var long = 0
    while ledger.lanes.contains(.initial) {
      ledger.taken(.initial)
      long += 1
    }
    #expect(long == slots - max(1, slots / 4))
    #expect(ledger.lanes == [.delta, .writeback])
    for _ in long..<slots { ledger.taken(.delta) }
    #expect(ledger.lanes.isEmpty)
    ledger.freed(.initial)
    #expect(ledger.lanes.contains(.initial))
  }

  @Test("a single slot takes whatever comes")
  func single() {
    let ledger = SlotLedger(slots: 1)
    #expect(ledger.lanes == Lane.allCases)
    ledger.taken(.initial)
    #expect(ledger.lanes.isEmpty)
  }
}

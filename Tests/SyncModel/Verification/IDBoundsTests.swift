import SyncModel
import TestSupport
import Testing

@testable import SyncModel

@Suite("Ranges of ids")
struct IDBoundsTests {
  @Test("every id belongs to the one range whose bounds are around it")
  func everyID() throws {
    var chance = Chance.fresh("every id")
    for _ in 0..<50 {
      let bounds = IDBounds((0..<chance.below(40)).map { _ in Records.id(chance.below(100_000)) })
      let ranges = bounds.merged(Array(0..<bounds.rangeCount))
      #expect(ranges.count == 1 && ranges[0].range == .all)
      for _ in 0..<50 {
        let text = String(Records.id(chance.below(100_000)).prefix(15))
        let range = bounds.index(of: try #require(PackedID(text)))
        #expect(range == bounds.bounds.count { $0.text <= text })
        let own = try #require(bounds.merged([range]).first).range
        #expect(own.from.map { $0 <= text } ?? true)
        #expect(own.to.map { text < $0 } ?? true)
      }
    }
  }

  @Test("a packed id is the id's first 15 characters, and compares as its bytes do")
  func packed() throws {
    var chance = Chance.fresh("packed")
    for _ in 0..<500 {
      let (a, b) = (Records.id(chance.below(1 << 40)), Records.id(chance.below(1 << 40)))
      let (x, y) = (try #require(PackedID(a)), try #require(PackedID(b)))
      #expect(x.text == a.prefix(15))
      #expect((x < y) == a.utf8.lexicographicallyPrecedes(b.utf8))
    }
    for text in ["", "short", "a0B00000000000'", "a0B000000000000000", "a0B00000000000é"] {
      #expect((PackedID(text) == nil) == (text != "a0B000000000000000"))
    }
  }

  @Test("ranges side by side become one; others stay apart; what is no range is left out")
  func merged() {
    let bounds = IDBounds((1...9).map { Records.id($0 * 10) })
    let merged = bounds.merged([0, 1, 2, 5, 8, 9, 12])
    #expect(merged.map(\.indices) == [0..<3, 5..<6, 8..<10])
    #expect(merged[0].range.from == nil && merged[0].range.to == String(Records.id(30).prefix(15)))
    #expect(merged[2].range.to == nil)
  }

  @Test("ranges are few whatever the table, and small tables are one")
  func count() {
    #expect(IDBounds.ranges(forRows: 0) == 1)
    #expect(IDBounds.ranges(forRows: 999) == 1)
    #expect(IDBounds.ranges(forRows: 100_000) == 100)
    #expect(IDBounds.ranges(forRows: .max) == IDBounds.mostRanges)
  }
}

import SyncModel
import TestSupport
import Testing

@Suite("Checksums by range of ids")
struct SourceSumsTests {
  private static let rounds = 60

  @Test("the same records in any order and any batches come to the same", arguments: [false, true])
  func anyOrder(allColumns: Bool) {
    var chance = Chance.fresh("any order")
    for _ in 0..<Self.rounds {
      let records = Records(1 + chance.below(300), &chance)
      let bounds = records.bounds(every: 1 + chance.below(40))
      var shuffled = records
      shuffled.rows.shuffle(using: &chance)
      let one = records.sums(&chance, bounds: bounds, allColumns: allColumns)
      let other = shuffled.sums(&chance, bounds: bounds, allColumns: allColumns)
      #expect(one.tables == other.tables && one.rows == other.rows)
      #expect(one.rows == Int64(records.rows.count))
      #expect(one.tables[0].count == one.rows)
    }
  }

  @Test("a record that is gone, new or changed shows in its own range and in no other")
  func anyChange() throws {
    var chance = Chance.fresh("any change")
    for _ in 0..<Self.rounds {
      let records = Records(2 + chance.below(300), &chance)
      let bounds = records.bounds(every: 1 + chance.below(40))
      let before = records.sums(&chance, bounds: bounds, allColumns: true)
      var changed = records
      let victim = chance.below(records.rows.count)
      let id = try #require(records.rows[victim][0])
      switch chance.below(5) {
      case 0: changed.rows.remove(at: victim)
      case 1: changed.rows[victim][1] = "2026-01-01T00:00:00.001Z"
      case 2: changed.rows[victim][2] = records.rows[victim][2] == nil ? "x" : nil
      case 3: changed.rows[victim][3] = "-7"
      default: changed.rows.append(records.rows[victim])
      }
      let after = changed.sums(&chance, bounds: bounds, allColumns: true)
      let differing = before.tables[0].differing(from: after.tables[0])
      let merged = bounds.merged(differing)
      #expect(differing.count == 1 && merged.count == 1)
      let range = try #require(merged.first).range
      #expect(range.from.map { $0 <= id } ?? true)
      #expect(range.to.map { id < $0 } ?? true)
    }
  }

  @Test("values that change places between two columns or two records show")
  func swapped() {
    var chance = Chance.fresh("swapped")
    var records = Records(200, &chance)
    records.rows[0].replaceSubrange(2..., with: ["7", "8"])
    var turned = records
    turned.rows[0].replaceSubrange(2..., with: ["8", "7"])
    #expect(
      records.sums(&chance, bounds: IDBounds(), allColumns: true).tables
        != turned.sums(&chance, bounds: IDBounds(), allColumns: true).tables)
    for _ in 0..<Self.rounds {
      var changed = records
      let (a, b) = (chance.below(200), chance.below(200))
      guard records.rows[a][1] != records.rows[b][1], records.rows[a][2] != records.rows[b][2] else { continue }
      let column = 1 + chance.below(2)
      (changed.rows[a][column], changed.rows[b][column]) = (changed.rows[b][column], changed.rows[a][column])
      #expect(
        records.sums(&chance, bounds: IDBounds(), allColumns: true).tables
          != changed.sums(&chance, bounds: IDBounds(), allColumns: true).tables)
    }
  }

  @Test("ids and stamps alone do not see other values; ids of 15 and of 18 characters are the same")
  func idsAndStamps() {
    var chance = Chance.fresh("ids and stamps")
    let records = Records(100, &chance)
    var changed = records
    for row in changed.rows.indices {
      changed.rows[row][2] = "other"
      changed.rows[row][0] = changed.rows[row][0].map { String($0.prefix(15)) }
    }
    let bounds = records.bounds(every: 10)
    #expect(
      records.sums(&chance, bounds: bounds, allColumns: false).tables
        == changed.sums(&chance, bounds: bounds, allColumns: false).tables)
  }

  @Test("rejected records are counted and left out; what has no id counts as rejected")
  func rejected() throws {
    var chance = Chance.fresh("rejected")
    let records = Records(100, &chance)
    var without = records
    let rejected = Set(without.rows.prefix(7).compactMap { $0[0] }.compactMap { PackedID($0) })
    without.rows.removeFirst(7)
    var broken = records
    broken.rows.append(["no id", "2026-01-01T00:00:00Z", nil, nil])
    let sums = broken.sums(&chance, bounds: IDBounds(), allColumns: true, rejected: rejected)
    #expect(sums.tables == without.sums(&chance, bounds: IDBounds(), allColumns: true).tables)
    #expect(sums.rows == 101 && sums.rejectedRows == 8)
  }

  @Test("a batch of another shape is no trap")
  func otherShape() {
    var sums = SourceSums(RowChecksum(Records.mapping, allColumns: true), bounds: IDBounds(), rejected: [])
    var batch = RecordBatch(columnCount: 1)
    batch.append(["a0B000000000001AAA"])
    sums.fold(batch)
    #expect(sums.tables[0].count == 0)
  }
}

import TestSupport
import Testing

@testable import SyncModel

@Suite("Statements for some records only")
struct RecordSelectionTests {
  @Test("groups of ranges hold every range once and fit the URL")
  func groups() throws {
    var chance = Chance.fresh("groups")
    let bounds = IDBounds((1...2000).map { Records.id($0 * 977) })
    let statement = "SELECT Id, SystemModstamp FROM Account WHERE IsPersonAccount = true"
    for _ in 0..<20 {
      let ranges = bounds.merged((0..<bounds.rangeCount).filter { _ in chance.below(3) == 0 })
      let groups = try #require(RecordSelection.groups(of: ranges, besides: statement, longestURL: 8000))
      #expect(groups.flatMap(\.self) == ranges)
      for group in groups {
        let whole = statement + " AND " + RecordSelection.condition(ranges: group)
        #expect(RecordSelection.urlBytes(whole) <= 8000)
      }
      #expect(groups.count <= ranges.count / 40 + 1)
    }
  }

  @Test("a statement that fills the URL leaves no room, which is said")
  func noRoom() {
    let long = String(repeating: "x", count: 8000)
    #expect(RecordSelection.idsPerList(besides: long, longestURL: 8000) == nil)
    let range = MergedRange(indices: 0..<1, range: IDRange(from: "a0B000000000001"))
    #expect(RecordSelection.groups(of: [range], besides: long, longestURL: 8000) == nil)
    #expect(RecordSelection.idsPerList(besides: "SELECT Id FROM Account", longestURL: 8000) == 100)
  }

  @Test("conditions: one range, several, everything")
  func conditions() {
    func range(_ from: String?, _ to: String?) -> MergedRange {
      MergedRange(indices: 0..<1, range: IDRange(from: from, to: to))
    }
    #expect(RecordSelection.condition(ranges: [range(nil, "b")]) == "(Id < 'b')")
    #expect(
      RecordSelection.condition(ranges: [range(nil, "b"), range("c", "d")])
        == "((Id < 'b') OR (Id >= 'c' AND Id < 'd'))")
    #expect(RecordSelection.condition(ranges: [range("a", "b"), range(nil, nil)]) == "")
    #expect(RecordSelection.condition(ids: ["a", "it's"]) == "Id IN ('a', 'it\\'s')")
  }

  @Test("calls grow with records and statements, and a whole pass in bulk with its pages")
  func calls() {
    let bounds = IDBounds((1...9).map { Records.id($0) })
    let groups = [bounds.merged([0]), bounds.merged([3, 4])]
    #expect(RecordSelection.restCalls(groups, rows: { $0 == 0 ? 10 : 3000 }) == 1 + 4)
    #expect(RecordSelection.wholeCalls(rows: 1_000_000, method: .bulk, pageRows: 250_000) == 3 + 4 + 2)
    #expect(RecordSelection.wholeCalls(rows: 5000, method: .rest, pageRows: 250_000) == 4)
  }

  @Test("the oldest creation is told from the conditions")
  func creation() {
    let call = CreationBound(["X = 1", "CreatedDate >= 2026-03-01T10:15:00Z"])
    #expect(call?.field == "CreatedDate" && call?.from == "2026-03-01T10:15:00Z" && call?.isOfParent == false)
    #expect(CreationBound(["Call2_vod__r.CreatedDate >= 2026-03-01T10:15:00Z"])?.isOfParent == true)
    for other in ["IsPersonAccount = true", "CreatedDate >= '2026'", "CreatedDate < 2026-03-01T10:15:00Z", ""] {
      #expect(CreationBound([other]) == nil)
    }
  }
}

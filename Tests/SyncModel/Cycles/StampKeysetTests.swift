import SyncModel
import TestSupport
import Testing

/// The pages that a partition's statements ask for, answered by a few records in memory.
@Suite("Reading by stamp and id")
struct StampKeysetTests {
  private struct Row: Equatable {
    let stamp: String
    let id: String
  }

  /// Answers a statement of ``Partition/restStatement(after:limit:)`` as the source would.
  private static func answer(_ statement: String, _ rows: [Row]) throws -> [Row] {
    let parts = try #require(
      statement.firstMatch(of: #/ WHERE (.*) ORDER BY SystemModstamp, Id LIMIT (\d+)$/#), "\(statement)")
    let conditions = parts.1.replacing("(", with: "").replacing(")", with: "").split(separator: " AND ")
    let limit = try #require(Int(parts.2))
    let found = try rows.filter { row in
      try conditions.allSatisfy { try $0.split(separator: " OR ").contains { try holds($0, row) } }
    }
    return Array(found.sorted { ($0.stamp, $0.id) < ($1.stamp, $1.id) }.prefix(limit))
  }

  private static func holds(_ condition: Substring, _ row: Row) throws -> Bool {
    let words = condition.split(separator: " ", omittingEmptySubsequences: true)
    try #require(words.count == 3, "\(condition)")
    let value = String(words[2].filter { $0 != "'" })
    let field = words[0] == "Id" ? row.id : row.stamp
    switch words[1] {
    case ">": return field > value
    case ">=": return field >= value
    case "<": return field < value
    default: throw Unknown(condition: String(condition))
    }
  }

  private struct Unknown: Error { let condition: String }

  @Test("the pages of a window hold each of its records once, in order, however many share a stamp")
  func pages() throws {
    var chance = Chance.fresh()
    for _ in 0..<300 {
      let seconds = 1 + chance.below(12)
      let rows = (0..<chance.below(60)).map { number in
        Row(
          stamp: Instant(seconds: Int64(1_700_000_000 + chance.below(seconds))).formatted,
          id: "001" + String(repeating: "0", count: 10) + String(number + 10))
      }
      let window = DeltaWindow(
        from: Instant(seconds: 1_700_000_001), to: Instant(seconds: Int64(1_700_000_001 + chance.below(seconds))))
      let cut = "001" + String(repeating: "0", count: 10) + String(10 + chance.below(60))
      var read: [Row] = []
      for range in [IDRange(to: cut), IDRange(from: cut)] {
        let part = Partition(
          object: .users, method: .rest, fields: ["Id", "SystemModstamp"], conditions: window.conditions, range: range,
          order: .stamp, includesDeleted: true)
        read += try Self.readAll(part, rows, limit: 1 + chance.below(5))
      }
      let wanted = rows.filter { $0.stamp >= window.from.formatted && $0.stamp < window.to.formatted }
      #expect(read.count == wanted.count)
      #expect(Set(read.map(\.id)) == Set(wanted.map(\.id)))
    }
  }

  private static func readAll(_ part: Partition, _ rows: [Row], limit: Int) throws -> [Row] {
    var read: [Row] = []
    var position = Position()
    for _ in 0...rows.count {
      let page = try answer(part.restStatement(after: position, limit: limit), rows)
      read += page
      guard page.count == limit, let last = page.last else { return read }
      position.pages += 1
      position.lastID = last.id
      // As answers spell it.
      position.lastStamp = SOQL.stamp(last.stamp.dropLast() + ".000+0000")
    }
    Issue.record("the pages do not end")
    return read
  }
}

import HTTP
import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("Results of updates in bulk", .timeLimit(.minutes(2)))
struct BulkUpdateResultsTests {
  /// Reads a file of results that comes in chunks.
  private func read(_ bytes: [UInt8], _ kind: BulkUpdateResults.Kind, chunks: [Int] = [1 << 20]) async throws
    -> [RecordOutcome]
  {
    var parts: [[UInt8]] = []
    var rest = bytes[...]
    var place = 0
    while !rest.isEmpty {
      parts.append(Array(rest.prefix(chunks[place % chunks.count])))
      rest = rest.dropFirst(chunks[place % chunks.count])
      place += 1
    }
    var waiting = parts[...]
    let results = BulkUpdateResults(
      next: { waiting.popFirst() }, kind: kind, batchBytes: 64, call: VeevaClient.Call(name: "results", path: ""))
    var outcomes: [RecordOutcome] = []
    while let batch = try await results.nextBatch() { outcomes += batch }
    #expect(results.rowCount == outcomes.count)
    return outcomes
  }

  private func csv(_ rows: [[String]], _ chance: inout Chance) -> [UInt8] {
    let allQuoted = chance.below(2) == 0
    let ending = chance.below(2) == 0 ? "\n" : "\r\n"
    var text = rows.map { row in
      row.map { cell in
        let needsQuotes = cell.contains { ",\"\n\r".contains($0) || $0 == "\r\n" }
        return allQuoted || needsQuotes ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
      }.joined(separator: ",")
    }.joined(separator: ending)
    if chance.below(3) > 0 { text += ending }
    return Array(text.utf8)
  }

  private func text(_ chance: inout Chance) -> String {
    let parts = ["a", "é", ",", "\"", "\n", ":", "--", " ", "[", "Ω", "]", "x"]
    return (0..<chance.below(9)).map { _ in parts[chance.below(parts.count)] }.joined()
  }

  @Test("random results come back record by record, whatever their chunks, columns and quoting")
  func roundTrip() async throws {
    var chance = Chance.fresh()
    for _ in 0..<300 {
      let kind = BulkUpdateResults.Kind.allCases[chance.below(3)]
      let columns = (0..<chance.below(3)).map { "C\($0)__c" } + ["id"] + (0..<chance.below(3)).map { "D\($0)__c" }
      let said = [.successful: ["sf__Id", "sf__Created"], .failed: ["sf__Id", "sf__Error"]][kind] ?? []
      var (rows, expected): ([[String]], [RecordOutcome]) = ([said + columns], [])
      for number in 0..<chance.below(12) {
        let id = "001\(number)"
        let refusal = UpdateRefusal(
          code: "CODE_\(chance.below(3))", message: "m" + text(&chance) + "m",
          fields: (0..<chance.below(3)).map { "F\($0)__c" })
        let cells = columns.map { $0 == "id" ? id : text(&chance) }
        let tail = refusal.fields.isEmpty ? "--" : refusal.fields.joined(separator: ", ") + " --"
        switch kind {
        case .successful:
          rows.append([id, "false"] + cells)
          expected.append(RecordOutcome(id: id, outcome: .updated))
        case .failed:
          rows.append([id, "\(refusal.code):\(refusal.message):\(tail)"] + cells)
          expected.append(RecordOutcome(id: id, outcome: .refused(refusal)))
        case .unprocessed:
          rows.append(cells)
          expected.append(RecordOutcome(id: id, outcome: .refused(.notProcessed)))
        }
      }
      let chunks = (0..<20).map { _ in 1 + chance.below([2, 9, 40, 5000][chance.below(4)]) }
      try #require(try await read(csv(rows, &chance), kind, chunks: chunks) == expected)
    }
  }

  @Test("any bytes give outcomes or a typed error")
  func mutations() async throws {
    var chance = Chance.fresh()
    let replacements = Array("\",\n\r\u{0}a".utf8)
    for _ in 0..<1500 {
      let rows =
        [["sf__Id", "sf__Error", "Id", "A__c"]]
        + (0..<3).map { ["001\($0)", "CODE:" + text(&chance) + ":A__c --", "001\($0)", text(&chance)] }
      var bytes = csv(rows, &chance)
      for _ in 0...chance.below(4) {
        let place = chance.below(bytes.count)
        switch chance.below(3) {
        case 0: bytes[place] = replacements[chance.below(replacements.count)]
        case 1: bytes.insert(UInt8(chance.below(256)), at: place)
        default: bytes.remove(at: place)
        }
      }
      do {
        _ = try await read(bytes, .failed, chunks: [1 + chance.below(64)])
      } catch {
        #expect(error is VeevaError)
      }
    }
  }

  @Test("a file that is cut inside a record is an error, and one that is not of its kind is, too")
  func broken() async throws {
    let text = "\"sf__Id\",\"sf__Error\",\"Id\"\n\"1\",\"A:b:--\",\"1\"\n\"2\",\"A:b:--\",\"2\""
    for length in 0..<text.utf8.count {
      let outcomes = try? await read(Array(text.utf8.prefix(length)), .failed)
      #expect(outcomes == nil || (outcomes?.count ?? 0) < 2)
    }
    for (bytes, kind) in [
      ("<html>\n</html>\n", BulkUpdateResults.Kind.successful), ("sf__Id,sf__Created,Id\n", .failed),
      ("sf__Id,sf__Error,Id\n", .successful), ("sf__Id,sf__Error,Id\n,A:b:--,\n", .failed),
      (String(repeating: "x", count: 200_000), .successful),
    ] {
      let error = await #expect(throws: VeevaError.self) { try await read(Array(bytes.utf8), kind) }
      #expect(error?.code == .malformedAnswer)
    }
    #expect(try await read([], .failed) == [])
  }

  @Test(
    "an error's cell is read for code, message and fields, and is never lost",
    arguments: [
      ("A_B:m:F, G__c --", UpdateRefusal(code: "A_B", message: "m", fields: ["F", "G__c"])),
      ("A_B:a: b [c]:--", UpdateRefusal(code: "A_B", message: "a: b [c]")),
      ("A_B:no end", UpdateRefusal(code: "A_B", message: "no end")),
      ("A_B:x: not a field, no! --", UpdateRefusal(code: "A_B", message: "x: not a field, no! --")),
      ("words", UpdateRefusal(code: "UNKNOWN_EXCEPTION", message: "words")),
      ("", UpdateRefusal(code: "UNKNOWN_EXCEPTION", message: "no explanation")),
      ("A::--", UpdateRefusal(code: "A", message: "no explanation")),
    ])
  func errorCell(cell: String, refusal: UpdateRefusal) {
    #expect(UpdateRefusal(result: cell) == refusal)
  }

  @Test("a file of random records is CSV with a cell for each field, and holds no more than it may")
  func file() throws {
    var chance = Chance.fresh()
    for _ in 0..<200 {
      let limit = 60 + chance.below(600)
      var file = BulkUpdateFile(fields: ["A", "B"], limit: limit)
      var expected: [[String]] = []
      for number in 0..<chance.below(20) {
        let words = "w" + text(&chance) + "w"
        let which = chance.below(3)
        let update = RecordUpdate(
          id: "id\(number % 15)", values: which == 0 ? [("b", .null)] : [("a", .text(words)), ("B", .boolean(true))])
        if file.append(update) == .added {
          expected.append(which == 0 ? [update.id, "", "#N/A"] : [update.id, words, "true"])
        } else {
          #expect(!file.ids.isEmpty)
        }
      }
      #expect(file.bytes.count <= limit || file.ids.count == 1)
      #expect(Set(file.ids).count == file.ids.count)
      let rows = try CSVReader.page(file.bytes, fields: ["Id", "A", "B"]).texts
      try #require(rows == expected)
    }
  }
}

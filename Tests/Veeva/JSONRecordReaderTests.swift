import Foundation
import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("JSON of query answers")
struct JSONRecordReaderTests {
  private static let fields = ["Id", "Name", "RecordType.DeveloperName", "Flag__c"]

  private func read(_ records: String, fields: [String] = fields) throws -> [[String]] {
    var batch = RecordBatch(columnCount: fields.count)
    _ = try JSONRecordReader(fields: fields).read(
      Array(#"{"totalSize":1,"done":true,"records":[\#(records)]}"#.utf8), into: &batch)
    #expect(batch.isConsistent)
    return batch.texts
  }

  @Test("values are found by name, in any order and case, and all else is passed over")
  func byName() throws {
    let expected = [["1", "n", "Pro", "true"]]
    #expect(
      try read(
        #"{"attributes":{"type":"A","url":"/x"},"Id":"1","Name":"n","RecordType":{"DeveloperName":"Pro"},"Flag__c":true}"#
      ) == expected)
    #expect(
      try read(
        #"{"flag__C":true,"Other":[1,{"Id":"no"}],"RECORDTYPE":{"attributes":{"Name":"no"},"Id":"no","developername":"Pro"},"Name":"n","Id":"1"}"#
      ) == expected)
  }

  @Test("null, a parent that is null, and what is missing are empty; numbers keep their text")
  func nulls() throws {
    #expect(try read(#"{"Id":"1","Name":null,"RecordType":null,"Flag__c":-1.50E+7}"#) == [["1", "", "", "-1.50E+7"]])
    #expect(try read("{}") == [["", "", "", ""]])
    #expect(try read(#"{"Name":{"Id":"no"},"Flag__c":["no"],"RecordType":"no","Id":"1"}"#) == [["1", "", "", ""]])
  }

  @Test("a bare list is read, and null in it is a row without values; in an answer it is an error")
  func lists() throws {
    var batch = RecordBatch(columnCount: Self.fields.count)
    let reader = JSONRecordReader(fields: Self.fields)
    try reader.readList(Array(#"[{"Name":"n","Id":"1"}, null,{"Id":"2"}] "#.utf8), into: &batch)
    #expect(batch.isConsistent && batch.texts == [["1", "n", "", ""], ["", "", "", ""], ["2", "", "", ""]])
    for text in [#"[{"Id":"1"},nil]"#, "[null", "{}", "[null]]", "[1]"] {
      #expect(throws: JSONError.self, "\(text)") { try reader.readList(Array(text.utf8), into: &batch) }
    }
    #expect(batch.isConsistent && batch.rowCount == 3)
    #expect(throws: JSONError.self) { try read("null") }
  }

  @Test("a value that comes twice counts as it came last, and moves no other")
  func duplicates() throws {
    #expect(
      try read(#"{"Id":"1","Id":"22","Name":"n"},{"Name":"m","Id":"3"}"#) == [
        ["22", "n", "", ""], ["3", "m", "", ""],
      ])
  }

  @Test("escapes are resolved; half a pair becomes the replacement character")
  func escapes() throws {
    let escaped = #"\"\\\/\b\f\n\r\t\u00e9\u6f22\ud83d\ude42\u0000"#
    #expect(try read(#"{"Id":"\#(escaped)"}"#, fields: ["Id"]) == [["\"\\/\u{8}\u{c}\n\r\té漢🙂\u{0}"]])
    #expect(
      try read(#"{"Id":"\ud83dx\ude42\ud83d\u0041\ud83d"}"#, fields: ["Id"]) == [["\u{FFFD}x\u{FFFD}\u{FFFD}A\u{FFFD}"]]
    )
    #expect(try read(#"{"\u0049d":"1"}"#, fields: ["Id"]) == [["1"]])
    for wrong in [#"\x"#, #"\u12"#, #"\u12g4"#, #"\"#] {
      #expect(throws: JSONError.self) { try read(#"{"Id":"\#(wrong)"}"#) }
    }
  }

  @Test("what an answer says about itself is read, wherever it stands")
  func envelope() throws {
    var batch = RecordBatch(columnCount: 1)
    let reader = JSONRecordReader(fields: ["Id"])
    let answer = try reader.read(
      Array(
        #" { "records" : [ { "Id" : "1" } ] , "nextRecordsUrl":"/services/data/x-2000","x":[[]],"done" : false,"totalSize":3 } "#
          .utf8),
      into: &batch)
    #expect(answer == .init(totalSize: 3, isDone: false, nextPath: "/services/data/x-2000"))
    let last = try reader.read(Array(#"{"totalSize":3,"done":true,"records":[{"Id":"2"}]}"#.utf8), into: &batch)
    #expect(last == .init(totalSize: 3, isDone: true, nextPath: nil))
    #expect(batch.texts == [["1"], ["2"]] && batch.isConsistent)
  }

  @Test("an answer that does not say whether it is done is an error, not the end")
  func doneMissing() {
    var batch = RecordBatch(columnCount: 1)
    #expect(throws: JSONError.self) {
      try JSONRecordReader(fields: ["Id"]).read(Array(#"{"totalSize":1,"records":[{"Id":"1"}]}"#.utf8), into: &batch)
    }
    #expect(batch.rowCount == 0 && batch.bytes.isEmpty && batch.ends.isEmpty)
  }

  @Test("an answer cut anywhere is an error, and leaves the batch as it was")
  func cuts() {
    let whole = Array(#"{"totalSize":1,"done":true,"records":[{"attributes":{"a":[1,-2]},"Id":"é\n","F":1.5}]}"#.utf8)
    for length in 0..<whole.count {
      var batch = RecordBatch(columnCount: 1)
      batch.append(["before"])
      #expect(throws: JSONError.self) {
        try JSONRecordReader(fields: ["Id"]).read(Array(whole[..<length]), into: &batch)
      }
      #expect(batch.texts == [["before"]] && batch.isConsistent)
    }
  }

  @Test("nesting without end is an error")
  func nesting() {
    for (open, records) in [("[", #""x":"#), (#"{"a":"#, #""x":"#), (#"{"Id":"#, #""records":["#)] {
      var batch = RecordBatch(columnCount: 1)
      let body = Array(("{" + records + String(repeating: open, count: 200_000)).utf8)
      #expect(throws: JSONError.self) { try JSONRecordReader(fields: ["Id"]).read(body, into: &batch) }
    }
  }

  @Test("random records written by another encoder come back the same")
  func roundTrip() throws {
    var chance = Chance.fresh()
    for _ in 0..<200 {
      let table = RandomTable(&chance, rows: 1 + chance.below(8))
      let records = table.rows.map { row in
        var record: [String: Any] = ["attributes": ["type": "T"]]
        var parent: [String: Any] = [:]
        for (field, value) in zip(table.fields, row) {
          let path = field.split(separator: ".").map(String.init)
          if path.count == 2 { parent[path[1]] = value } else { record[field] = value.isEmpty ? NSNull() : value }
        }
        if !parent.isEmpty { record["Parent__r"] = parent }
        return record
      }
      let body = try JSONSerialization.data(
        withJSONObject: ["totalSize": records.count, "done": true, "records": records],
        options: chance.below(2) == 0 ? [.prettyPrinted] : [])
      var batch = RecordBatch(columnCount: table.fields.count)
      _ = try JSONRecordReader(fields: table.fields).read(Array(body), into: &batch)
      try #require(batch.texts == table.rows)
      #expect(batch.isConsistent)
    }
  }

  @Test("any bytes give records or an error")
  func mutations() {
    var chance = Chance.fresh()
    let whole = Array(
      #"{"totalSize":2,"done":true,"records":[{"attributes":{"t":"A"},"Id":"1\ud83d\ude42","R":{"N":"x"}},{"R":null,"Id":2}]}"#
        .utf8)
    let replacements = Array(#"{}[],:"\u0eE-+tfn9 "#.utf8)
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...chance.below(4) {
        let place = chance.below(bytes.count)
        switch chance.below(3) {
        case 0: bytes[place] = replacements[chance.below(replacements.count)]
        case 1: bytes.insert(UInt8(chance.below(256)), at: place)
        default: bytes.remove(at: place)
        }
      }
      var batch = RecordBatch(columnCount: 2)
      _ = try? JSONRecordReader(fields: ["Id", "R.N"]).read(bytes, into: &batch)
      #expect(batch.isConsistent)
    }
  }
}

import Foundation
import Testing
import TestSupport

@testable import Simulator

@Suite("Marketo: reading what comes over the wire")
struct MarketoWireTests {
  @Test("JSON is read as it was written, whatever it holds")
  func roundTrip() throws {
    var chance = Chance.fresh()
    func value(_ depth: Int) -> JSONValue {
      switch chance.below(depth > 4 ? 5 : 7) {
      case 0: return .null
      case 1: return .bool(chance.below(2) == 0)
      case 2: return .int(Int.random(in: .min ... .max, using: &chance))
      case 3: return .number("-\(chance.below(1000)).\(chance.below(1000))e\(chance.below(20))")
      case 4: return .string(text(&chance))
      case 5: return .array((0..<chance.below(4)).map { _ in value(depth + 1) })
      default: return .object((0..<chance.below(4)).map { _ in (text(&chance), value(depth + 1)) })
      }
    }
    for _ in 0..<2000 {
      let original = value(0)
      let read = try JSONReader.read(original.encoded)
      #expect(read == original)
    }
  }

  private func text(_ chance: inout Chance) -> String {
    let parts = ["a", "\"", "\\", "\n", "\u{1}", "é", "漢", "😀", "\u{2028}", "/", " "]
    return (0..<chance.below(6)).map { _ in parts[chance.below(parts.count)] }.joined()
  }

  @Test("what is not JSON is refused, and never more than that")
  func malformed() {
    for text in [
      "", "{", "[1,]", "{\"a\":}", "nul", "01x", "\"\\x\"", "\"\\ud800\"", "\"a", "1 2", "{\"a\" 1}", "+1", ".5", "--1",
      String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
    ] {
      #expect(throws: JSONReader.Malformed.self, "\(text)") { try JSONReader.read(Array(text.utf8)) }
    }
    #expect(throws: JSONReader.Malformed.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
    var chance = Chance.fresh()
    let whole = Array(#"{"input":[{"a":"é\n","b":[1,2.5e3,true,null]},{}]}"#.utf8)
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0..<(1 + chance.below(3)) { bytes[chance.below(bytes.count)] = UInt8(chance.below(256)) }
      _ = try? JSONReader.read(Array(bytes.prefix(chance.below(bytes.count + 1))))
      _ = try? JSONReader.read(bytes)
    }
  }

  @Test("escapes become what they stand for")
  func escapes() throws {
    let read = try JSONReader.read(Array(#""\u00e9\ud83d\ude00\/\b\f\t""#.utf8))
    #expect(read.text == "é😀/\u{8}\u{C}\t")
  }

  @Test("delimited rows are read as they were written")
  func delimited() {
    var chance = Chance.fresh()
    for separator in [UInt8(0x2C), 0x09, 0x3B] {
      for _ in 0..<500 {
        let rows = (0..<(1 + chance.below(4))).map { _ in
          ["x"] + (0..<chance.below(4)).map { _ in text(&chance) + ["", ",", ";", "\t", "\r\n"][chance.below(5)] }
        }
        var bytes: [UInt8] = []
        for row in rows { DelimitedText.write(row, delimiter: separator, to: &bytes) }
        var reader = DelimitedText(bytes, delimiter: separator)
        var read: [[String]] = []
        while let row = reader.next() { read.append(row) }
        #expect(read == rows)
      }
    }
  }

  @Test("a form's parts are found; damaged forms are refused")
  func multipart() throws {
    let body = Array(
      ("--b\r\nContent-Disposition: form-data; name=\"format\"\r\n\r\ncsv\r\n"
        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
        + "a,b\r\n--x\r\n\r\n--b--\r\n").utf8)
    let form = try #require(Multipart(body, contentType: "multipart/form-data; boundary=\"b\""))
    #expect(form["format"].map { String(decoding: $0.content, as: UTF8.self) } == "csv")
    #expect(form["file"].map { String(decoding: $0.content, as: UTF8.self) } == "a,b\r\n--x\r\n")
    #expect(form["file"]?.filename == "a.csv")
    for length in 0..<(body.count - 4) {
      #expect(Multipart(Array(body.prefix(length)), contentType: "multipart/form-data; boundary=b") == nil)
    }
  }

  @Test("moments are read in all the shapes that documents show, and no others")
  func moments() {
    for text in [
      "2026-03-01T10:15:00Z", "2026-03-01T02:15:00-08:00", "2026-03-01T10:15:00+0000", "2026-03-01T10:15:00.5Z",
    ] {
      #expect(MarketoMoment.seconds(text) == 1_772_360_100, "\(text)")
    }
    for text in [
      "2026-03-01", "2026-02-30T10:15:00Z", "2026-03-01 10:15:00Z", "2026-03-01T25:15:00Z", "2026-03-01T10:15:00",
    ] {
      #expect(MarketoMoment.seconds(text) == nil, "\(text)")
    }
    var chance = Chance.fresh()
    for _ in 0..<1000 {
      let seconds = chance.below(4_000_000_000)
      #expect(MarketoMoment.seconds(MarketoMoment.text(seconds, .zulu)) == seconds)
      #expect(MarketoMoment.seconds(MarketoMoment.text(seconds, .offset)) == seconds)
    }
  }

  @Test("paging tokens and GUIDs give back what they were made of; others are refused")
  func tokens() {
    var chance = Chance.fresh()
    for _ in 0..<1000 {
      let number = chance.below(1_000_000_000)
      let token = PagingToken.text(number)
      #expect(PagingToken.position(token) == number)
      #expect(PagingToken.position(String(token.dropLast())) == nil)
      let guid = MarketoGUID.text(number, type: "call")
      #expect(MarketoGUID.id(guid, type: "call") == number && MarketoGUID.id(guid, type: "other") == nil)
    }
  }
}

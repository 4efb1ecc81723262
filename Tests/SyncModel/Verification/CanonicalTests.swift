import TestSupport
import Testing

@testable import SyncModel

/// What PostgreSQL makes of the same values is compared in the tests of the destination.
@Suite("Hashes and canonical forms")
struct CanonicalTests {
  @Test("the hash is PostgreSQL's, as PostgreSQL 15 has computed it")
  func known() {
    let known: [(String, UInt64, Int64)] = [
      ("0018x00000AbCdEAAX", 1_772_360_100_000, -4_908_502_181_252_769_002),
      ("abc", 0, -6_747_756_470_228_489_321), ("", 5, -8_122_693_617_258_832_648),
    ]
    for (text, seed, hash) in known { #expect(TextHash.hash(text, seed: seed) == UInt64(bitPattern: hash)) }
  }

  @Test("decimal numbers have one spelling")
  func decimals() {
    let spellings = [
      ("1", "1"), ("1.0", "1"), ("-0", "0"), ("-0.00", "0"), ("+12.50", "12.5"), ("007", "7"), ("0.05", "0.05"),
      (".5", "0.5"), ("5.", "5"), ("1.2E3", "1200"), ("1.25e1", "12.5"), ("12E-4", "0.0012"), ("-100", "-100"),
      ("0.000", "0"), ("100.100", "100.1"), ("1e0", "1"), ("000.0500E2", "5"),
    ]
    for (wire, canonical) in spellings {
      var output: [UInt8] = []
      let isNumber = Array(wire.utf8).withUnsafeBufferPointer { DecimalText.write($0, &output) }
      #expect(isNumber && String(decoding: output, as: UTF8.self) == canonical, "\(wire)")
    }
    for wire in ["", ".", "-", "e5", "1e", "1x", "1e+", "1e999999999999999999", "--1"] {
      var output: [UInt8] = []
      #expect(!Array(wire.utf8).withUnsafeBufferPointer { DecimalText.write($0, &output) }, "\(wire)")
    }
  }

  @Test("moments are read to the microsecond, whatever their zone")
  func moments() {
    func moment(_ text: String) -> Int64? {
      Array(text.utf8).withUnsafeBufferPointer { WireMoment.microseconds($0) }
    }
    let known: Int64 = 1_772_360_100_000_000
    for text in [
      "2026-03-01T10:15:00.000Z", "2026-03-01T10:15:00Z", "2026-03-01T10:15:00.000+0000", "2026-03-01T12:15:00+02:00",
      "2026-02-28T23:45:00.0-1030",
    ] { #expect(moment(text) == known, "\(text)") }
    #expect(moment("2026-03-01T10:15:00.123456Z") == known + 123_456)
    #expect(moment("1969-12-31T23:59:59.999Z") == -1000)
    for text in ["", "2026-03-01", "2026-02-30T10:15:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:15:00", "x"] {
      #expect(moment(text) == nil, "\(text)")
    }
  }

  @Test("no bytes trap")
  func anyBytes() {
    var chance = Chance.fresh("any bytes")
    let alphabet = Array("0123456789-+:.TZeE; tf\0".utf8) + [0xC3, 0xFF]
    var canonical = CanonicalValue()
    for _ in 0..<20_000 {
      let bytes = (0..<chance.below(32)).map { _ in alphabet[chance.below(alphabet.count)] }
      for type in ValueType.allCases {
        _ = bytes.withUnsafeBufferPointer { canonical.hash($0, as: type, seed: 1) }
      }
    }
  }
}

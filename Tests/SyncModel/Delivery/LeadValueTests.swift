import SyncModel
import TestSupport
import Testing

@Suite("Values of Marketo's feed as columns hold them")
struct LeadValueTests {
  private static let readings: [(ValueType, String, String)] = [
    (.text, " a ", " a "), (.text, "a\0b", "ab"), (.identifier, "001", "001"), (.textList, "a;b", "a;b"),
    (.boolean, "true", "true"), (.boolean, "0", "false"), (.boolean, "maybe", "refused"),
    (.integer, "007", "7"), (.integer, "-12.00", "-12"), (.integer, "1.5", "refused"),
    (.integer, "99999999999999999999", "refused"), (.decimal, "+01.50", "1.5"), (.decimal, "-0.0", "0"),
    (.decimal, "12.", "12"), (.decimal, "1e5", "refused"), (.date, "2024-02-29", "2024-02-29"),
    (.date, "2026-02-03T00:00:00Z", "2026-02-03"), (.date, "2026-02-29", "refused"), (.date, "soon", "refused"),
    (.instant, "2026-03-01T10:15:00+0200", "2026-03-01T08:15:00Z"), (.instant, "2026-03-01", "refused"),
    (.time, "13:30:00.000Z", "13:30:00"), (.time, "13:30", "13:30:00"), (.time, "13:30:00.250Z", "13:30:00.25"),
    (.time, "25:00", "refused"),
  ]

  @Test("each type reads what it can hold, and nothing else", arguments: readings)
  func stored(type: ValueType, text: String, stored: String) {
    let value = LeadValue.stored(text, type)
    #expect((value ?? "refused") == stored)
  }

  @Test("nothing, and blanks alone, are no value; of a checkbox, false")
  func empty() {
    for text in [nil, "", "  ", "\0"] as [String?] {
      for type in ValueType.allCases {
        #expect(LeadValue.stored(text, type) == .some(type == .boolean ? "false" : nil))
        #expect(LeadValue.canonical(text, type) == (type == .boolean ? "false" : nil))
      }
    }
  }

  @Test("spellings of one value are equal")
  func canonical() {
    for (type, a, b) in [
      (ValueType.text, " a", "a "), (.boolean, "1", "true"), (.decimal, "1.50", "1.5"), (.integer, "3.0", "3"),
      (.instant, "2026-03-01T10:15:00Z", "2026-03-01T02:15:00-08:00"), (.date, "2026-03-01T00:00:00Z", "2026-03-01"),
      (.date, "soon ", "soon"),
    ] { #expect(LeadValue.canonical(a, type) == LeadValue.canonical(b, type)) }
    #expect(LeadValue.canonical("a;b", .textList) != LeadValue.canonical("b;a", .textList))
  }

  @Test("moments are read in every shape that feeds write them in")
  func moments() {
    for text in [
      "2026-03-01T10:15:00Z", "2026-03-01T02:15:00-08:00", "2026-03-01T10:15:00+0000", "2026-03-01T10:15:00Z+0000",
      "2026-03-01T10:15:00.000Z", "2026-03-01 10:15:00Z",
    ] { #expect(Instant(feed: text) == Instant(seconds: 1_772_360_100), "\(text)") }
    for text in ["", "2026-03-01", "2026-13-01T10:15:00Z", "2026-03-01T24:15:00Z", "soon"] {
      #expect(Instant(feed: text) == nil, "\(text)")
    }
  }
}

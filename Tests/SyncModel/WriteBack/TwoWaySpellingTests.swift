import SyncModel
import Testing

@Suite("The spelling of two-way values") struct TwoWaySpellingTests {
  @Test(
    "what both sides write differently is one value",
    arguments: [
      (ValueType.text, "a", "a"), (.text, nil, ""), (.textList, "B;A", "A;B"), (.textList, nil, ""),
      (.boolean, "true", "TRUE"), (.boolean, nil, "false"), (.decimal, "1.50", "1.5"), (.decimal, "1.0E3", "1000"),
      (.integer, "7", "07"), (.date, "2026-03-01", "2026-03-01"),
      (.instant, "2026-03-01T10:15:00+00:00", "2026-03-01T10:15:00.000+0000"),
      (.instant, "2026-03-01T12:15:00+02:00", "2026-03-01T10:15:00Z"), (.time, "13:30:00", "13:30:00.000Z"),
      (.identifier, "0015e00000AbCdE", "0015e00000AbCdEAAV"),
    ] as [(ValueType, String?, String?)])
  func same(type: ValueType, one: String?, other: String?) {
    let first = TwoWaySpelling.canonical(one, as: type)
    #expect(first == TwoWaySpelling.canonical(other, as: type))
  }

  @Test(
    "what differs stays different",
    arguments: [
      (ValueType.text, "a", "A"), (.text, "a", nil), (.textList, "A;B", "A"), (.boolean, "true", nil),
      (.decimal, "1.5", "1.51"), (.instant, "2026-03-01T10:15:00Z", "2026-03-01T10:15:01Z"), (.decimal, "x", "y"),
    ] as [(ValueType, String?, String?)])
  func different(type: ValueType, one: String?, other: String?) {
    let first = TwoWaySpelling.canonical(one, as: type)
    #expect(first != TwoWaySpelling.canonical(other, as: type))
  }

  @Test(
    "values are sent as Veeva takes them",
    arguments: [
      (ValueType.instant, "2026-03-01T10:15:00.123456+00:00", "2026-03-01T10:15:00.123Z"),
      (.instant, "1969-12-31T23:59:59.5+00:00", "1969-12-31T23:59:59.500Z"), (.time, "13:30:00.25", "13:30:00.250Z"),
      (.instant, "infinity", "infinity"), (.text, "infinity", "infinity"), (.decimal, "1.50", "1.50"),
    ])
  func wire(type: ValueType, text: String, wire: String) {
    #expect(TwoWaySpelling.wire(text, as: type) == wire)
  }
}

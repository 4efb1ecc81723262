import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Values of every type, written and read back, against what PostgreSQL itself reads of an independent literal.
@Suite(.server) struct ValueRoundTripTests {
  /// Stores one value per record, in both write modes, and gives what the table holds.
  private func stored(
    _ values: [String], as type: FieldType, read expression: String = "v__c::text"
  ) async throws -> [String] {
    let mapping = try ObjectMapping.custom([("V__c", type)])
    return try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      let records = values.enumerated().map { ["Id": id($0), "SystemModstamp": stamp, "V__c": $1] }
      var answers: [[String]] = []
      for mode in [WriteMode.insert, .merge(.none)] {
        try await database.connection.execute("truncate t.thing__c; set timezone = 'UTC'")
        let result = try await destination.store(records, of: mapping, mode: mode, on: database.connection)
        #expect(result.rejects == [] && result.rows == values.count && result.changed == values.count)
        answers.append(
          try await database.connection.query("select \(expression) as v from t.thing__c order by veeva_id").map {
            try $0.string("v") ?? "∅"
          })
      }
      #expect(answers[0] == answers[1], "both modes store the same")
      return answers[0]
    }
  }

  @Test("text comes back byte for byte, but for NUL bytes")
  func text() async throws {
    let values = [
      "plain", "a\tb", "a\nb", "a\rb", "a\r\nb", "\\N", "\\", "\\\\", "\\.", "a\\tb", " leading and trailing ",
      "\u{8}\u{B}\u{C}",
      "\u{1}\u{1F}\u{7F}", "{}", "\"quoted\", with 'both'", "Zürich – 東京 🏥 e\u{301}", "\u{FFFD}\u{10FFFF}\u{E000}",
      "12345678\\", "1234567\n9", "ÄÖÜäöüß\tÄÖÜäöüß", "NULL", "null", String(repeating: "long\\\n", count: 30_000),
    ]
    #expect(try await stored(values, as: .textarea) == values)
    #expect(try await stored(["a\0b", "\0\0start", "end of eight\0"], as: .string) == ["ab", "start", "end of eight"])
    #expect(try await stored(["\0"], as: .string) == ["∅"], "nothing left of it")
  }

  @Test("multipicklists come back in the order delivered, whatever is in their parts")
  func textLists() async throws {
    let values = [
      "A;B;C", "C;A;C", "one", "{};\"q\",;\\;a\\\"b", "NULL;null", " x ; y ", "Zürich;東京\t;a\nb", "A;", "A;;B",
      "a\0b;c",
    ]
    let parts = [
      ["A", "B", "C"], ["C", "A", "C"], ["one"], ["{}", "\"q\",", "\\", "a\\\"b"], ["NULL", "null"], [" x ", " y "],
      ["Zürich", "東京\t", "a\nb"], ["A"], ["A", "", "B"], ["ab", "c"],
    ]
    let read = try await stored(
      values, as: .multipicklist, read: "cardinality(v__c) || '§' || array_to_string(v__c, '§', 'a null')")
    #expect(read == parts.map { "\($0.count)§" + $0.joined(separator: "§") })
  }

  @Test("dates come back as delivered, from the year 1 to the year 9999, leap days included")
  func dates() async throws {
    let values = [
      "1700-01-01", "4000-12-31", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "1582-10-10", "0099-12-31",
      "1900-02-28", "2026-04-30", "2026-12-31",
    ]
    #expect(try await stored(values, as: .date, read: "to_char(v__c, 'YYYY-MM-DD')") == values)
  }

  @Test("instants come back as the same moment in every notation of the wire")
  func instants() async throws {
    let values = [
      "2026-03-01T10:15:00.000Z": "2026-03-01 10:15:00.000000", "2026-03-01T10:15:00Z": "2026-03-01 10:15:00.000000",
      "2026-03-01T10:15:00.000+0000": "2026-03-01 10:15:00.000000",
      "2026-03-01T10:15:00.123456+00:00": "2026-03-01 10:15:00.123456",
      "2026-03-01T10:15:00+05:30": "2026-03-01 04:45:00.000000",
      "2026-03-01T00:15:00.5-0130": "2026-03-01 01:45:00.500000",
      "1700-01-01T00:00:00.000Z": "1700-01-01 00:00:00.000000",
      "4000-12-31T23:59:59.999Z": "4000-12-31 23:59:59.999000",
      "2024-02-29T23:59:59.000+0000": "2024-02-29 23:59:59.000000",
      "9999-12-31T23:59:59.999Z": "9999-12-31 23:59:59.999000", "0001-01-01T00:00:00Z": "0001-01-01 00:00:00.000000",
    ].sorted { $0.key < $1.key }
    let read = "to_char(v__c at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    #expect(try await stored(values.map(\.key), as: .datetime, read: read) == values.map(\.value))
  }

  @Test("times of day come back without their zone")
  func times() async throws {
    #expect(
      try await stored(["13:30:00.000Z", "00:00:00Z", "23:59:59.999Z", "07:05:09"], as: .time)
        == ["13:30:00", "00:00:00", "23:59:59.999", "07:05:09"])
  }

  @Test("numbers come back with all their digits")
  func decimals() async throws {
    let values = [
      ("0", "0"), ("123456789012345678", "123456789012345678"), ("0.10", "0.10"), ("-1.5", "-1.5"), ("+7", "7"),
      ("1.0E7", "10000000"), ("1.25e-3", "0.00125"), ("-0.000000000000000001", "-0.000000000000000001"),
      ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"), (".5", "0.5"),
      ("5.", "5"),
      ("1E308", "1" + String(repeating: "0", count: 308)), ("1E+3", "1000"), ("00012.50", "12.50"),
    ]
    #expect(try await stored(values.map(\.0), as: .double) == values.map(\.1))
  }

  @Test("whole numbers come back to the last of 64 bits")
  func integers() async throws {
    let values = [
      ("0", "0"), ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807"),
      ("12.0", "12"), ("+12", "12"), ("-12.000", "-12"), ("007", "7"), ("-0", "0"),
    ]
    #expect(try await stored(values.map(\.0), as: .int) == values.map(\.1))
  }

  @Test("truth values come back from every notation")
  func booleans() async throws {
    #expect(
      try await stored(["true", "false", "TRUE", "False", "1", "0"], as: .boolean)
        == ["true", "false", "true", "false", "true", "false"])
  }

  @Test("ids of 15 characters are widened, ids of 18 stay as they are")
  func identifiers() async throws {
    // 001A0000006Vm9r is the example of Salesforce’s help; the others were widened by hand.
    let values = ["001000000000ABC", "001A0000006Vm9r", "001A0000006Vm9rIAC", "aBcDeFgHiJkLmNo"]
    #expect(
      try await stored(values, as: .reference)
        == ["001000000000ABCAA2", "001A0000006Vm9rIAC", "001A0000006Vm9rIAC", "aBcDeFgHiJkLmNoKVK"])
  }

  @Test("an empty value is null in every type")
  func empty() async throws {
    let types: [(String, FieldType)] = [
      ("A__c", .string), ("B__c", .multipicklist), ("C__c", .boolean), ("D__c", .int), ("E__c", .double),
      ("F__c", .date), ("G__c", .datetime), ("H__c", .time), ("I__c", .reference),
    ]
    let mapping = try ObjectMapping.custom(types)
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      try await destination.store(
        [["Id": id(1), "SystemModstamp": stamp]], of: mapping, mode: .insert, on: database.connection)
      let nulls = types.map { "\($0.0.lowercased()) is null" }.joined(separator: " and ")
      #expect(try await database.value("select \(nulls) from t.thing__c") == "true")
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Values that a column cannot hold.
@Suite(.server) struct RejectTests {
  private static let refused: [(FieldType, [String])] = [
    (
      .reference,
      [
        "x", "00100000000000", "001000000000000A", "00100000000000AAAAB", "001-00000000000", "001é0000000000",
        "001000000000000AA ",
      ]
    ),
    (.boolean, ["yes", "2", "t", "truE ", "fa1s", "10"]),
    (
      .int,
      ["1.5", "9223372036854775808", "-9223372036854775809", "", "1e3", "--1", "12.", "0x1F", " 1", "+", "1,000"].filter
      { !$0.isEmpty }
    ),
    (
      .double,
      [
        "NaN", "Infinity", "1.2.3", "1e", "e5", ".", "-", "1e200000", "1e-20000", "1 ", "1_000", "0x1F", "1,5", "٣",
        String(repeating: "9", count: 131_073),
      ]
    ),
    (
      .date,
      [
        "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "0000-01-01", "26-01-01",
        "10000-01-01", "2026/01/01", "2026-1-1", "2026-01-01 ", "infinity", "2026-01-0x", "2026-01-:1", "-026-01-01",
      ]
    ),
    (
      .datetime,
      [
        "2026-03-01", "2026-03-01T10:15:00", "2026-03-01 10:15:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:60:00Z",
        "2026-03-01T10:15:60Z", "2026-02-30T10:15:00Z", "2026-03-01T10:15:00.Z", "2026-03-01T10:15:00.1234567890Z",
        "2026-03-01T10:15:00+16:00", "2026-03-01T10:15:00+1:00", "2026-03-01T10:15:00+01:60", "2026-03-01T10:15:00z",
        "2026-03-01T10:15:00ZZ", "2026-03-01T1x:15:00Z", "2026-03-01T10.15.00Z", "now", "infinity",
      ]
    ),
    (.time, ["24:00:00Z", "10:15", "10:60:00Z", "10:15:00+02:00", "1:15:00Z", "10:15:00.Z", "noon", "10:15:00Zx"]),
  ]

  @Test("a value that its column cannot hold is a reject of its record, and the rest of the page is there")
  func invalidValues() async throws {
    for (type, values) in Self.refused {
      let mapping = try ObjectMapping.custom([("V__c", type)])
      try await withDatabase { database in
        let destination = PostgresDestination(schema: "t")
        try await destination.prepare(mapping, on: database.connection)
        var records = [["Id": id(0), "SystemModstamp": stamp]]
        for (number, value) in values.enumerated() {
          records.append(["Id": id(2 * number + 1), "SystemModstamp": stamp, "V__c": value])
          records.append(["Id": id(2 * number + 2), "SystemModstamp": stamp])
        }
        for mode in [WriteMode.insert, .merge(.none)] {
          try await database.connection.execute("truncate t.thing__c")
          let result = try await destination.store(records, of: mapping, mode: mode, on: database.connection)
          #expect(result.rejects.map(\.recordID) == values.indices.map { id(2 * $0 + 1) }, "\(type)")
          #expect(result.rows == values.count + 1)
          for reject in result.rejects {
            #expect(reject.field == "V__c" && reject.expected == type.valueType?.rawValue)
            #expect(!values.contains { $0.count > 2 && reject.reason.contains($0) }, "no value in the reason")
          }
          #expect(try await database.value("select count(*) from t.thing__c") == "\(values.count + 1)")
        }
      }
    }
  }

  @Test("text that is not UTF-8 is a reject: overlong, truncated, surrogate, beyond the last scalar")
  func invalidText() async throws {
    let broken: [[UInt8]] = [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x8F],
      Array("eight888".utf8) + [0xE2, 0x82],
      Array("a".utf8) + [0xC3] + Array("b".utf8),
    ]
    for type in [FieldType.string, .multipicklist] {
      let mapping = try ObjectMapping.custom([("V__c", type)])
      try await withDatabase { database in
        let destination = PostgresDestination(schema: "t")
        try await destination.prepare(mapping, on: database.connection)
        var batch = RecordBatch(columnCount: 3)
        for (number, value) in (broken + [Array("fine".utf8)]).enumerated() {
          for part in [Array(id(number).utf8), Array(stamp.utf8), value] {
            batch.bytes += part
            batch.ends.append(batch.bytes.count)
          }
          batch.rowCount += 1
        }
        let result = try await destination.withPage(
          of: mapping, mode: .insert, sharesCheckpoints: true, on: database.connection
        ) { page in
          try await page.write(batch)
          return try await page.commit { _, _ in true }
        }
        #expect(result?.rejects.map(\.recordID) == broken.indices.map(id))
        #expect(result?.rows == 1)
      }
    }
  }

  @Test("a record without an id or stamp is a reject, and what stood for the id is cut to 64 bytes")
  func missingEssentials() async throws {
    let mapping = try ObjectMapping.custom([("V__c", .string)])
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      let long = "e" + String(repeating: "\u{301}", count: 500)
      let result = try await destination.store(
        [
          ["SystemModstamp": stamp], ["Id": id(1)], ["Id": long, "SystemModstamp": stamp],
          ["Id": "no\0id", "SystemModstamp": stamp], ["Id": id(2), "SystemModstamp": stamp],
        ], of: mapping, mode: .insert, on: database.connection)
      #expect(result.rejects.map(\.field) == ["Id", "SystemModstamp", "Id", "Id"])
      #expect(result.rejects.map(\.recordID).allSatisfy { $0.utf8.count <= 64 && !$0.contains("\0") })
      #expect(result.rejects[0].recordID == "" && result.rejects[1].recordID == id(1))
      #expect(result.rejects[3].recordID == "noid")
      #expect(try await database.rows(["veeva_id"], from: "t.thing__c") == [id(2)])
    }
  }

  @Test("rule 7: an account refused by company is not stored as person either, nor the other way round")
  func allTablesOrNone() async throws {
    let mapping = try ObjectMapping.accounts()
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      let result = try await destination.store(
        [
          ["Id": id(1), "SystemModstamp": stamp, "LastName": "kept"],
          ["Id": id(2), "SystemModstamp": stamp, "AnnualRevenue": "much"],
          ["Id": id(3), "SystemModstamp": stamp, "PersonBirthdate": "yesterday"],
          ["Id": id(4), "SystemModstamp": stamp, "PersonBirthdate": "x", "AnnualRevenue": "y"],
          ["Id": id(5), "SystemModstamp": stamp, "Name": "kept"],
        ], of: mapping, mode: .merge(.none), on: database.connection)
      #expect(result.rejects.map(\.recordID) == [id(2), id(3), id(4)])
      #expect(result.rejects.map(\.field) == ["AnnualRevenue", "PersonBirthdate", "PersonBirthdate"])
      #expect(result.rows == 2 && result.changed == 4)
      for table in ["t.person", "t.company"] {
        #expect(try await database.rows(["veeva_id"], from: table) == [id(1), id(5)])
      }
      #expect(try await database.rows(["veeva_type"], from: "t.person") == ["Contact", "Contact"])
    }
  }

  @Test("a batch made for another list of fields is refused as a whole")
  func foreignBatch() async throws {
    let mapping = try ObjectMapping.custom([("V__c", .string)])
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      var batch = RecordBatch(columnCount: 2)
      batch.append([id(1), stamp])
      let narrow = batch
      await #expect(throws: (any Error).self) {
        try await destination.withPage(
          of: mapping, mode: .insert, sharesCheckpoints: true, on: database.connection
        ) { try await $0.write(narrow) }
      }
      #expect(await !database.connection.isInTransaction)
    }
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// Pages of random records, against what their values stand for.
@Suite(.server) struct RandomBatchTests {
  private static let types: [(String, FieldType)] = [
    ("Text__c", .textarea), ("List__c", .multipicklist), ("Bool__c", .boolean), ("Int__c", .int), ("Dec__c", .double),
    ("Date__c", .date), ("Stamp__c", .datetime), ("Time__c", .time), ("Ref__c", .reference),
  ]

  @Test(
    "a page of random records never fails, and the table holds each valid record as it was meant",
    arguments: (0..<6).map { UInt64($0) &* 7919 &+ 20_261_124 })
  func meantValues(_ seed: UInt64) async throws {
    var chance = Chance(seed: seed)
    let mapping = try ObjectMapping.custom(Self.types)
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      var records: [[String: String]] = []
      var expected: [String] = []
      var refused: [String] = []
      for number in 0..<400 {
        var record = ["Id": id(number), "SystemModstamp": stamp]
        var row = [id(number)]
        var isRefused = false
        for (field, type) in Self.types {
          let value = RandomValue(type, &chance)
          record[field] = value.wire
          row.append(value.stored ?? "∅")
          isRefused = isRefused || !value.isValid
        }
        records.append(record)
        if isRefused { refused.append(id(number)) } else { expected.append(row.joined(separator: "|")) }
      }
      let mode: WriteMode = seed.isMultiple(of: 2) ? .insert : .merge(.none)
      let result = try await destination.store(records, of: mapping, mode: mode, on: database.connection)
      #expect(result.rejects.map(\.recordID) == refused, "seed \(seed)")
      try await database.connection.execute("set timezone = 'UTC'")
      let stored = try await database.rows(
        ["veeva_id"]
          + Self.types.map { field, type in
            switch type {
            case .multipicklist: "array_to_string(\(field), '§')"
            case .datetime: "to_char(\(field), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')"
            case .time: "to_char(\(field), 'HH24:MI:SS.MS')"
            default: field
            }
          }, from: "t.thing__c")
      #expect(stored == expected.sorted(), "seed \(seed)")
    }
  }

  @Test("random and mutated bytes never fail a page", arguments: [1, 2, 3, 4])
  func anyBytes(_ seed: UInt64) async throws {
    var chance = Chance(seed: seed)
    let mapping = try ObjectMapping.custom(Self.types)
    try await withDatabase { database in
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      var batch = RecordBatch(columnCount: mapping.fields.count)
      let records = 3000
      for number in 0..<records {
        // One field of each record is hostile, so that many hostile values are judged on their own.
        let hostile = Int.random(in: 2..<mapping.fields.count, using: &chance)
        for (column, field) in mapping.fields.enumerated() {
          var bytes: [UInt8] = column == 0 ? Array(id(number).utf8) : column == 1 ? Array(stamp.utf8) : []
          if column == hostile, let type = Self.types.first(where: { $0.0 == field })?.1 {
            bytes = mutated(RandomValue(type, &chance).wire ?? "", &chance)
          }
          batch.bytes += bytes
          batch.ends.append(batch.bytes.count)
        }
        batch.rowCount += 1
      }
      let page = batch
      let result = try await destination.withPage(
        of: mapping, mode: .insert, sharesCheckpoints: true, on: database.connection
      ) {
        try await $0.write(page)
        return try await $0.commit { _, _ in true }
      }
      #expect(result.map { $0.rows + $0.rejects.count } == records, "seed \(seed)")
      #expect(try await database.value("select count(*) from t.thing__c") == result.map { "\($0.rows)" })
      #expect((result?.rejects.count ?? 0) > records / 10, "the seed made hostile values")
    }
  }

  private func mutated(_ value: String, _ chance: inout Chance) -> [UInt8] {
    var bytes = Array(value.utf8)
    let alphabet = Array("0123456789-+:.TZeE;\\\t\n\r{}\",tf \0".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
    for _ in 0..<Int.random(in: 0...3, using: &chance) {
      let byte = alphabet.randomElement(using: &chance) ?? 0
      let position = Int.random(in: 0...bytes.count, using: &chance)
      switch Int.random(in: 0..<3, using: &chance) {
      case 0: bytes.insert(byte, at: position)
      case 1 where position < bytes.count: bytes[position] = byte
      case 2 where position < bytes.count: bytes.remove(at: position)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}

/// A value as the wire has it, and what a table shall hold of it.
struct RandomValue {
  var wire: String?
  var stored: String?
  var isValid = true

  init(_ type: FieldType, _ chance: inout Chance) {
    if Int.random(in: 0..<6, using: &chance) == 0 { return }
    // About one record in ten of nine fields is refused.
    if Int.random(in: 0..<90, using: &chance) == 0, type != .textarea, type != .multipicklist {
      wire = ["?", "12:99", "2026-02-30", "1e", "TRUE!", "0-1"].randomElement(using: &chance)
      isValid = false
      return
    }
    switch type {
    case .multipicklist: list(&chance)
    case .boolean: boolean(&chance)
    case .int:
      let number = Int64.random(in: .min ... .max, using: &chance) >> Int64.random(in: 0..<63, using: &chance)
      set("\(number)")
    case .double: decimal(&chance)
    case .date: set(day(&chance))
    case .datetime: instant(&chance)
    case .time:
      stored = time(&chance)
      wire = stored.map { $0 + "Z" }
    case .reference: set(id(Int.random(in: 0..<1_000_000, using: &chance)))
    default: set(text(&chance))
    }
  }

  private mutating func set(_ value: String) {
    wire = value
    stored = value.isEmpty ? nil : value
  }

  private func text(_ chance: inout Chance) -> String {
    let pieces = [
      "a", "\\", "\t", "\n", "\r", "\\N", "ü", "東", "🏥", "\"", "'", "{", "}", ",", " ", "eightbyt", "\u{8}", "\u{7F}",
    ]
    return (0..<Int.random(in: 1...24, using: &chance)).map { _ in pieces.randomElement(using: &chance) ?? "" }.joined()
  }

  private mutating func list(_ chance: inout Chance) {
    let parts = (0..<Int.random(in: 1...5, using: &chance)).map { _ in text(&chance) }
    wire = parts.joined(separator: ";")
    stored = parts.joined(separator: "§")
  }

  private mutating func boolean(_ chance: inout Chance) {
    let isTrue = Bool.random(using: &chance)
    wire = (isTrue ? ["true", "TRUE", "1"] : ["false", "False", "0"]).randomElement(using: &chance)
    stored = isTrue ? "true" : "false"
  }

  private mutating func decimal(_ chance: inout Chance) {
    let whole = Int.random(in: 0..<1_000_000_000, using: &chance)
    let fraction = String(Int.random(in: 1_000_000..<2_000_000, using: &chance)).dropFirst()
    let sign = Bool.random(using: &chance) && whole > 0 ? "-" : ""
    if Int.random(in: 0..<3, using: &chance) == 0 {
      wire = "\(sign)\(whole)E3"
      stored = whole == 0 ? "0" : "\(sign)\(whole)000"
    } else {
      set("\(sign)\(whole).\(fraction)")
    }
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
  }

  private func day(_ chance: inout Chance) -> String {
    let year = Int.random(in: 1...9999, using: &chance)
    let month = Int.random(in: 1...12, using: &chance)
    let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let length = lengths[month - 1]
    // The last days are where errors are.
    let day = Bool.random(using: &chance) ? length : Int.random(in: 1...length, using: &chance)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }

  private func time(_ chance: inout Chance) -> String {
    "\(padded(Int.random(in: 0..<24, using: &chance), 2)):\(padded(Int.random(in: 0..<60, using: &chance), 2)):"
      + "\(padded(Int.random(in: 0..<60, using: &chance), 2)).\(padded(Int.random(in: 0..<1000, using: &chance), 3))"
  }

  private mutating func instant(_ chance: inout Chance) {
    let moment = "\(day(&chance))T\(time(&chance))"
    wire = moment + (["Z", "+0000", "+00:00", "-00:00"].randomElement(using: &chance) ?? "Z")
    stored = moment
  }
}

import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// An object as the tests' deltas know it: its mapping and its rules.
struct Delta: Sendable {
  static let recordType = "012000000000001AAA"
  static let otherType = "012000000000002AAA"

  let mapping: ObjectMapping
  let rules: ChangeRules

  init(
    _ object: SourceObject, _ fields: [(String, FieldType)], triggers: [String]? = nil, recordTypes: [String] = [],
    createdFrom: Instant? = nil, writesBack: Bool = false
  ) throws {
    let schema = SourceObjectSchema(
      name: object.apiName, fields: fields.map { SourceField(name: $0.0, type: $0.1, updateable: writesBack) })
    mapping = try ObjectMapping(ObjectSelection(object, triggers: triggers, writesBack: writesBack), schema)
    rules = ChangeRules(
      object: object, fields: mapping.fields, schema: schema, recordTypes: recordTypes, createdFrom: createdFrom)
  }

  /// Accounts with the custom fields `V__c` and `W__c`, of one record type.
  static func accounts(triggers: [String]? = nil) throws -> Delta {
    try Delta(
      .personAccounts,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
        ("MasterRecordId", .reference), ("IsPersonAccount", .boolean), ("RecordTypeId", .reference),
        ("V__c", .string), ("W__c", .string), ("Day__c", .date),
      ], triggers: triggers, recordTypes: [recordType])
  }

  /// Calls with the custom fields `V__c` and `W__c`.
  static func calls(triggers: [String]? = nil, createdFrom: Instant? = nil) throws -> Delta {
    try Delta(
      .calls,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
        ("Call_Date_vod__c", .date), ("V__c", .string), ("W__c", .string),
      ], triggers: triggers, createdFrom: createdFrom)
  }

  /// Key messages of calls.
  static func keyMessages(createdFrom: Instant? = nil) throws -> Delta {
    try Delta(
      .callKeyMessages,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("IsDeleted", .boolean), ("Call2_vod__c", .reference),
        ("V__c", .string),
      ], triggers: ["V__c"], createdFrom: createdFrom)
  }

  func mode(_ scope: EventScope = .all) -> WriteMode { .change(rules, scope) }

  /// Compares records, which are all that the source has, with the copy.
  func compare(_ records: [[String: String]], on connection: PostgresConnection) async throws -> [TableDifferences] {
    let checksum = RowChecksum(mapping, allColumns: true)
    let comparison = try await Comparison.begin(
      PostgresDestination(schema: "t"), mapping: mapping, checksum: checksum, conditions: [], rejected: [PackedID](),
      on: connection)
    let bounds = IDBounds([])
    try await comparison.narrow(to: bounds.merged([0]))
    var batch = RecordBatch(columnCount: checksum.fields.count)
    for record in records { batch.append(checksum.fields.map { record[$0] }) }
    let lines = ChecksumLines(checksum, bounds: bounds, ranges: [0], rejected: [])
    let source = batch
    try await comparison.stage { put in try await put(lines.lines(of: source)) }
    return try await comparison.differences(since: Instant(seconds: 4_000_000_000))
  }

  /// Writes records as one page of a delta and commits it.
  @discardableResult
  func change(
    _ records: [[String: String]], scope: EventScope = .all, on connection: PostgresConnection
  ) async throws -> PageResult {
    let destination = PostgresDestination(schema: "t")
    let columns = mapping.fields + rules.extraFields
    var batch = RecordBatch(columnCount: columns.count)
    for record in records { batch.append(columns.map { record[$0] }) }
    let page = batch
    let result = try await destination.withPage(
      of: mapping, mode: mode(scope), sharesCheckpoints: true, on: connection
    ) { writer in
      try await writer.write(page)
      return try await writer.commit { _, _ in true }
    }
    return try #require(result)
  }

  func prepare(on connection: PostgresConnection) async throws {
    try await PostgresDestination(schema: "t").prepare(mapping, on: connection)
  }
}

/// An account that belongs to the synced set, unless it is told otherwise.
func account(_ number: Int, _ value: String, second: Int, _ more: [String: String] = [:]) -> [String: String] {
  [
    "Id": id(number), "SystemModstamp": moment(second), "IsDeleted": "false", "IsPersonAccount": "true",
    "RecordTypeId": Delta.recordType, "V__c": value,
  ].merging(more) { $1 }
}

/// A call or key message that belongs to the synced set, unless it is told otherwise.
func call(_ number: Int, _ value: String, second: Int, _ more: [String: String] = [:]) -> [String: String] {
  ["Id": id(number), "SystemModstamp": moment(second), "IsDeleted": "false", "V__c": value].merging(more) { $1 }
}

/// The stamp of a second of a test's day.
func moment(_ second: Int) -> String { Instant(seconds: 1_772_323_200 + Int64(second)).formatted }

extension TestDatabase {
  /// Events that wait: entity, kind, last digits of the id, before and after.
  func events() async throws -> [String] {
    try await PostgresDestination(schema: "t").unpublishedEvents(limit: 100_000, on: connection).map {
      "\($0.entity) \($0.kind) \(Int($0.recordID.dropFirst(3).dropLast(3)) ?? -1) \($0.before ?? "-") \($0.after ?? "-")"
    }
  }

  func forgetEvents() async throws { try await connection.execute("delete from t.crmsync_outbox") }
}

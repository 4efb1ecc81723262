import Foundation
import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Where the test server is. Tests that need it are skipped, saying so, where there is none.
enum TestServer {
  static let url = ProcessInfo.processInfo.environment["CRMSYNC_TEST_POSTGRES_URL"]

  /// The server's URL for another database, and another role.
  static func url(database: String, user: String? = nil, password: String? = nil) throws -> String {
    var parts = try #require(url.flatMap { URLComponents(string: $0) })
    parts.path = "/\(database)"
    if let user { parts.user = user }
    if let password { parts.password = password }
    return try #require(parts.string)
  }
}

extension Trait where Self == ConditionTrait {
  static var server: Self {
    .enabled(if: TestServer.url != nil, "CRMSYNC_TEST_POSTGRES_URL names no PostgreSQL server")
  }
}

/// A database that exists as long as a body runs.
struct TestDatabase: Sendable {
  let name: String
  /// Owns the database.
  let connection: PostgresConnection

  func another() async throws -> PostgresConnection {
    let connection = PostgresConnection(PostgresConfiguration(url: try TestServer.url(database: name)))
    try await connection.connect()
    return connection
  }

  /// The only value of the first row.
  func value(_ statement: String) async throws -> String? {
    try await connection.query("select (\(statement))::text as value").first?.string("value")
  }

  /// Rows as texts, columns joined by `|`, null being `∅`.
  func rows(_ columns: [String], from table: String) async throws -> [String] {
    let list = columns.map { "coalesce(\($0)::text, '∅')" }.joined(separator: " || '|' || ")
    return try await connection.query("select \(list) as row from \(table) order by 1").compactMap {
      try $0.string("row")
    }
  }
}

/// Lends a test a database of its own.
func withDatabase<R>(_ body: (TestDatabase) async throws -> R) async throws -> R {
  let name = try await DatabasePool.shared.borrow()
  let connection = PostgresConnection(PostgresConfiguration(url: try TestServer.url(database: name)))
  let result: Result<R, any Error>
  do {
    try await connection.connect()
    result = .success(try await body(TestDatabase(name: name, connection: connection)))
  } catch {
    result = .failure(error)
  }
  await connection.close()
  try await DatabasePool.shared.giveBack(name)
  return try result.get()
}

extension ObjectMapping {
  /// A mapping of an object whose custom fields have these types; column `x__c` for field `X__c`.
  static func custom(_ fields: [(String, FieldType)], object: String = "Thing__c") throws -> ObjectMapping {
    let all = [("Id", FieldType.id), ("SystemModstamp", .datetime)] + fields
    return try ObjectMapping(
      ObjectSelection(.custom(object)),
      SourceObjectSchema(name: object, fields: all.map { SourceField(name: $0.0, type: $0.1) }))
  }

  /// A mapping of accounts, with these further fields.
  static func accounts(_ fields: [(String, FieldType)] = []) throws -> ObjectMapping {
    let all: [(String, FieldType)] = [
      ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
      ("Name", .string), ("LastName", .string), ("AnnualRevenue", .currency), ("PersonBirthdate", .date),
    ]
    return try ObjectMapping(
      ObjectSelection(.personAccounts),
      SourceObjectSchema(name: "Account", fields: (all + fields).map { SourceField(name: $0.0, type: $0.1) }))
  }

  /// A batch of records, each given by field.
  func batch(_ records: [[String: String]]) -> RecordBatch {
    var batch = RecordBatch(columnCount: fields.count)
    for record in records { batch.append(fields.map { record[$0] }) }
    return batch
  }
}

extension PostgresDestination {
  /// Writes records as one page and commits it.
  @discardableResult
  func store(
    _ records: [[String: String]], of mapping: ObjectMapping, mode: WriteMode, on connection: PostgresConnection
  ) async throws -> PageResult {
    let result = try await withPage(of: mapping, mode: mode, sharesCheckpoints: true, on: connection) { page in
      try await page.write(mapping.batch(records))
      return try await page.commit { _, _ in true }
    }
    return try #require(result)
  }
}

/// A well-formed id.
func id(_ number: Int) -> String {
  let digits = String(number)
  return "a0B" + String(repeating: "0", count: 12 - digits.count) + digits + "AAA"
}

let stamp = "2026-03-01T10:15:00.000Z"

public import PostgreSQL
public import SyncModel

/// A marketing database in PostgreSQL: one schema per tenant, typed tables.
public struct PostgresDestination: Sendable {
  public let schema: String

  /// A destination in a schema, which is made when it is missing.
  public init(schema: String) { self.schema = schema }

  /// Creates or alters the tables of a mapping. Safe to run again and by several processes at once.
  ///
  /// Where the mapping has two-way columns, marketers' changes of them are captured from then on.
  public func prepare(_ mapping: ObjectMapping, on connection: PostgresConnection) async throws {
    try await SchemaMigrator(schema: schema).prepare(
      mapping.tables, object: mapping.object.apiName, on: connection)
  }

  /// Tries what ``prepare(_:on:)`` would do and takes it back, to find out whether it could be done.
  public func rehearse(_ mapping: ObjectMapping, on connection: PostgresConnection) async throws {
    try await SchemaMigrator(schema: schema).prepare(
      mapping.tables, object: mapping.object.apiName, on: connection, keepsChanges: false)
  }

  /// Lends a writer for one page. What it has not committed when the body ends is rolled back.
  /// - Parameter sharesCheckpoints: whether checkpoints live in the same database.
  public func withPage<R>(
    of mapping: ObjectMapping, mode: WriteMode, sharesCheckpoints: Bool, on connection: PostgresConnection,
    _ body: (PageWriter) async throws -> R
  ) async throws -> R {
    let writer = PageWriter(
      on: connection, schema: schema, mapping: mapping, mode: mode, sharesCheckpoints: sharesCheckpoints)
    do {
      try await writer.begin()
      let result = try await body(writer)
      await writer.abandon()
      return result
    } catch {
      await writer.abandon()
      throw error
    }
  }

  /// Whether none of a mapping's tables holds a row yet.
  public func isEmpty(_ mapping: ObjectMapping, on connection: PostgresConnection) async throws -> Bool {
    for table in mapping.tables {
      let rows = try await connection.query("select 1 from \(qualified(schema, table.table)) limit 1")
      if !rows.isEmpty { return false }
    }
    return true
  }
}

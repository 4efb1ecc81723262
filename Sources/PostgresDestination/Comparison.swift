public import PostgreSQL
public import SyncModel

/// What comparing one table with the source came to.
public struct TableComparison: Sendable, Codable, Equatable {
  public let table: String
  public let sourceRows: Int64
  public let destinationRows: Int64
  /// In the source, not in the destination, and not rejected.
  public let missing: Int64
  /// In the destination, no longer in the source.
  public let extra: Int64
  /// In both, with other contents.
  public let different: Int64
  /// In the source and rejected.
  public let rejected: Int64
  /// Over ids and stamps; equal on both sides when nothing differs.
  public let sourceChecksum: String
  public let destinationChecksum: String
  /// Some ids of what differs.
  public let examples: [String]

  /// Whether both sides agree.
  public var isEqual: Bool { missing == 0 && extra == 0 && different == 0 }
}

/// Compares records of the source, staged on one connection, with the destination's tables, by sets.
public struct Comparison: Sendable {
  private let destination: PostgresDestination
  private let mapping: ObjectMapping
  private let staged: ObjectMapping

  /// Staging tables live in the session.
  private static let stagingSchema = "pg_temp"

  /// A comparison of one object.
  public init(_ destination: PostgresDestination, mapping: ObjectMapping, allColumns: Bool) {
    self.destination = destination
    self.mapping = mapping
    staged = mapping.staged(allColumns: allColumns)
  }

  /// The fields that have to be read from the source.
  public var fields: [String] { staged.fields }

  /// Makes empty staging tables and takes note of the ids that were rejected.
  public func begin(rejected: [String], on connection: PostgresConnection) async throws {
    for table in staged.tables {
      let columns = table.columns.map { column in
        "\(quotedIdentifier(column.column)) \(column.type.columnType)\(column.field == "Id" ? " collate \"C\"" : "")"
      }
      let name = qualified(Self.stagingSchema, table.table)
      try await connection.execute(
        "drop table if exists \(name); create temp table \(quotedIdentifier(table.table)) "
          + "(\(columns.joined(separator: ", ")))")
    }
    try await connection.execute(
      "drop table if exists pg_temp.verify_rejected; create temp table verify_rejected (id text collate \"C\")")
    let ids = rejected.filter { $0.allSatisfy { $0.isLetter || $0.isNumber } }
    _ = try await connection.query(
      "insert into verify_rejected select unnest($1::text[])", [.text("{" + ids.joined(separator: ",") + "}")])
  }

  /// Stages records of the source.
  public func stage(_ batch: RecordBatch, on connection: PostgresConnection) async throws {
    let source = PostgresDestination(schema: Self.stagingSchema)
    try await source.withPage(of: staged, mode: .insert, sharesCheckpoints: false, on: connection) { writer in
      try await writer.write(batch)
      _ = try await writer.commit { _, _ in true }
    }
  }

  /// Compares table by table.
  public func finish(on connection: PostgresConnection) async throws -> [TableComparison] {
    var comparisons: [TableComparison] = []
    for (table, staged) in zip(mapping.tables, staged.tables) {
      try await connection.execute("analyze \(quotedIdentifier(staged.table))")
      comparisons.append(try await compare(table.table, staged, on: connection))
    }
    return comparisons
  }

  private func compare(
    _ table: String, _ staged: TableMapping, on connection: PostgresConnection
  ) async throws -> TableComparison {
    let columns = staged.columns.map { quotedIdentifier($0.column) }
    let left = columns.map { "s.\($0)" }.joined(separator: ", ")
    let right = columns.map { "d.\($0)" }.joined(separator: ", ")
    func checksum(_ side: String) -> String {
      "coalesce(bit_xor(hashtextextended(\(side).veeva_id || extract(epoch from "
        + "\(side).veeva_system_modstamp)::text, 0)), 0)::text"
    }
    let rows = try await connection.query(
      """
      select count(s.veeva_id) as source, count(d.veeva_id) as destination,
        count(*) filter (where d.veeva_id is null and r.id is null) as missing,
        count(*) filter (where s.veeva_id is null) as extra,
        count(*) filter (where (\(left)) is distinct from (\(right)) and s.veeva_id is not null
          and d.veeva_id is not null) as different,
        count(*) filter (where d.veeva_id is null and r.id is not null) as rejected,
        \(checksum("s")) as source_sum, \(checksum("d")) as destination_sum,
        coalesce(array_to_string((array_agg(coalesce(s.veeva_id, d.veeva_id)) filter (
          where (\(left)) is distinct from (\(right)) and r.id is null))[1:5], ','), '') as examples
      from \(qualified(Self.stagingSchema, staged.table)) s
      full join \(qualified(destination.schema, table)) d on d.veeva_id = s.veeva_id
      left join verify_rejected r on r.id = s.veeva_id
      """)
    guard let row = rows.first else {
      throw PostgresError(kind: .unexpectedResult, message: "comparing \(table) gave no answer")
    }
    return TableComparison(
      table: table, sourceRows: try row.int("source") ?? 0, destinationRows: try row.int("destination") ?? 0,
      missing: try row.int("missing") ?? 0, extra: try row.int("extra") ?? 0,
      different: try row.int("different") ?? 0, rejected: try row.int("rejected") ?? 0,
      sourceChecksum: try row.string("source_sum") ?? "", destinationChecksum: try row.string("destination_sum") ?? "",
      examples: (try row.string("examples") ?? "").split(separator: ",").map(String.init))
  }
}

public import PostgreSQL
public import SyncModel

/// The destination's side of a comparison with the source: counts and checksums by range, then, where those differ,
/// id by id.
///
/// Everything is set work in the database. Its temporary tables live in one connection's session, on which the
/// comparison is made from begin to end.
public struct Comparison: Sendable {
  let destination: PostgresDestination
  let mapping: ObjectMapping
  let checksum: RowChecksum
  let connection: PostgresConnection
  /// Per table of the mapping: the condition that a row `d` is of concern.
  let live: [String]
  /// Whether ids were rejected; without any, nothing is joined, and the server may work in parallel.
  let hasRejects: Bool
  /// The database's clock when the comparison began.
  let began: String
  /// Whether marketers' changes are captured, by which persons differ from the source on purpose.
  let hasCaptures: Bool

  /// Begins a comparison.
  /// - Parameters:
  ///   - conditions: the SOQL conditions under which the source is read.
  ///   - rejected: records that were refused: they are left out on both sides.
  public static func begin(
    _ destination: PostgresDestination, mapping: ObjectMapping, checksum: RowChecksum, conditions: [String],
    rejected: some Collection<PackedID>, on connection: PostgresConnection
  ) async throws -> Comparison {
    try await requireSameHash(on: connection)
    // What an earlier comparison has left in the session.
    try await connection.execute("discard temp")
    let sums = mapping.tables.indices.map { ", sum\($0) bigint" }.joined()
    try await connection.execute(
      """
      create temp table verify_rejected (id text collate "C" primary key);
      create temp table verify_range (low text collate "C", high text collate "C");
      create temp table verify_source (id text collate "C", stamp bigint\(sums));
      create temp table verify_difference (part integer, id text collate "C", kind text);
      create temp table verify_evidence (id text collate "C", stamp bigint, deleted boolean)
      """)
    _ = try await connection.query(
      "insert into verify_rejected select unnest($1::text[]) on conflict do nothing",
      [.text("{" + rejected.map(\.text).joined(separator: ",") + "}")])
    let clock = try await connection.query("select clock_timestamp()::text as began").first?.string("began")
    let rows = try await LiveRows(schema: destination.schema, conditions: conditions, on: connection)
    return Comparison(
      destination: destination, mapping: mapping, checksum: checksum, connection: connection,
      live: mapping.tables.map { rows.condition($0, row: "d") }, hasRejects: !rejected.isEmpty, began: clock ?? "",
      hasCaptures: try await destination.capturesChanges(on: connection))
  }

  /// Makes sure that the server hashes as ``SyncModel/TextHash`` does.
  private static func requireSameHash(on connection: PostgresConnection) async throws {
    let text = "0015e00000VerIfYAAZ"
    let rows = try await connection.query("select hashtextextended('\(text)' collate \"C\", 1772360100000) as hash")
    guard try rows.first?.int("hash") == Int64(bitPattern: TextHash.hash(text, seed: 1_772_360_100_000)) else {
      throw PostgresError(
        kind: .unexpectedResult,
        message: "the destination's server hashes texts in another way than PostgreSQL does on x86-64 and ARM; "
          + "checksums cannot be compared with it")
    }
  }

  func name(_ table: TableMapping) -> String { qualified(destination.schema, table.table) }

  /// The rows `d` of a table in the ranges that are looked at closely.
  ///
  /// Where marketers have changed what Veeva does not have yet, or has refused, a row is what both sides last agreed on.
  func looked(at part: Int) -> String {
    let table = mapping.tables[part]
    func inRange(_ row: String) -> String {
      "pg_temp.verify_range r on \(row).veeva_id >= r.low and \(row).veeva_id < r.high"
    }
    guard hasCaptures, table.table == CaptureTables.person, !checksum.columns[part].isEmpty else {
      return "\(name(table)) d join \(inRange("d"))"
    }
    return """
      \(name(table)) p join \(inRange("p"))
      left join (
        select veeva_id, jsonb_object_agg(column_name, agreed) as agreed
        from \(qualified(destination.schema, CaptureTables.table)) group by veeva_id
      ) captured on captured.veeva_id = p.veeva_id
      cross join lateral jsonb_populate_record(p, coalesce(captured.agreed, '{}')) d
      """
  }

  /// The condition that a row `d` was not rejected.
  var notRejected: String {
    hasRejects ? "not exists (select from pg_temp.verify_rejected r where r.id = left(d.veeva_id, 15))" : "true"
  }

  /// Ranges of ids that hold about equally many rows of the largest table.
  public func bounds() async throws -> IDBounds {
    var largest: (name: String, rows: Int64) = ("", 0)
    for table in mapping.tables {
      let rows = try await connection.query("select count(*) as rows from \(name(table))").first?.int("rows") ?? 0
      if rows > largest.rows { largest = (name(table), rows) }
    }
    let ranges = Int64(IDBounds.ranges(forRows: largest.rows))
    guard ranges > 1 else { return IDBounds() }
    let step = (largest.rows + ranges - 1) / ranges
    // In the order of the primary key, which the server reads from the index.
    let rows = try await connection.query(
      """
      select id from (
        select veeva_id as id, row_number() over (order by veeva_id collate "C") as number from \(largest.name)) ids
      where number % \(step) = 0
      """)
    return IDBounds(try rows.compactMap { try $0.string("id") })
  }

  /// Counts and checksums of every table by range.
  public func sums(_ bounds: IDBounds) async throws -> [TableSums] {
    // `name` has a fixed length, by which PostgreSQL finds an element of an array without going through those before.
    let array = PostgresValue.text("{" + bounds.bounds.map(\.text).joined(separator: ",") + "}")
    var sums: [TableSums] = []
    for (index, table) in mapping.tables.enumerated() {
      let rows = try await connection.query(
        """
        select width_bucket(d.veeva_id::name, $1::name[]) as range,
          count(*) filter (where \(live[index])) as live, count(*) as rows,
          bit_xor(\(ChecksumExpression.row("d", checksum.columns[index]))) filter (where \(live[index])) as sum
        from \(name(table)) d where \(notRejected) group by 1
        """, [array])
      var table = TableSums(table: table.table, ranges: RangeSums(ranges: bounds.rangeCount), ignored: 0)
      for row in rows {
        let live = try row.int("live") ?? 0
        table.ranges.add(
          live, UInt64(bitPattern: try row.int("sum") ?? 0), to: Int(try row.int("range") ?? 0))
        table.ignored += (try row.int("rows") ?? 0) - live
      }
      sums.append(table)
    }
    return sums
  }
}

import PostgreSQL
public import SyncModel

/// Where ranges differ: id by id.
extension Comparison {
  /// Past every id.
  private static let last = "\u{10FFFF}"

  /// Names the ranges that are looked at.
  public func narrow(to ranges: [MergedRange]) async throws {
    func array(_ texts: [String]) -> PostgresValue {
      .text("{" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "}")
    }
    try await connection.execute("truncate pg_temp.verify_range, pg_temp.verify_source, pg_temp.verify_difference")
    _ = try await connection.query(
      "insert into verify_range select * from unnest($1::text[], $2::text[])",
      [array(ranges.map { $0.range.from ?? "" }), array(ranges.map { $0.range.to ?? Self.last })])
  }

  /// Stages the source's records of those ranges.
  /// - Parameter body: hands over lines of ``SyncModel/ChecksumLines``.
  public func stage(_ body: (_ lines: ([UInt8]) async throws -> Void) async throws -> Void) async throws {
    try await copying("copy pg_temp.verify_source from stdin", body)
    try await connection.execute("analyze pg_temp.verify_source; analyze pg_temp.verify_range")
  }

  func copying(
    _ statement: String, _ body: (_ lines: ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws {
    try await connection.beginCopy(statement)
    do {
      try await body { lines in if !lines.isEmpty { try await connection.copy(lines) } }
      try await connection.endCopy()
    } catch {
      await connection.abortCopy(reason: "the source could not be read")
      throw error
    }
  }

  /// Finds the differing ids of those ranges, table by table.
  ///
  /// A record that changed in the source after `start`, or that the sync has written since the comparison began, is
  /// in motion: nothing can be said of it.
  /// - Parameter start: the source's clock when the comparison began.
  public func differences(since start: Instant) async throws -> [TableDifferences] {
    for part in mapping.tables.indices {
      _ = try await connection.query(
        """
        insert into verify_difference (part, id, kind)
        select \(part), coalesce(s.id, d.id), case
            when s.stamp >= $1::bigint or d.synced_at >= $2::timestamptz then 'moving'
            when s.id is null then 'extra' when d.id is null then 'missing' else 'different' end
        from pg_temp.verify_source s
        full join (
          select d.veeva_id as id, \(ChecksumExpression.row("d", checksum.columns[part])) as sum, d.synced_at,
            \(live[part]) as is_live
          from \(looked(at: part))
          where \(notRejected)
        ) d on d.id = s.id
        where case when s.id is null then d.is_live else d.is_live is not true or d.sum is distinct from s.sum\(part) end
        """, [.int(start.milliseconds), .text(began)])
    }
    try await connection.execute("analyze pg_temp.verify_difference")
    return try await countDifferences()
  }

  private func countDifferences() async throws -> [TableDifferences] {
    var tables = mapping.tables.map { TableDifferences(table: $0.table) }
    let counts = try await connection.query(
      "select part, kind, count(*) as rows from pg_temp.verify_difference group by part, kind")
    for row in counts {
      guard let part = try row.int("part").map(Int.init), tables.indices.contains(part) else { continue }
      let rows = try row.int("rows") ?? 0
      switch try row.string("kind") {
      case "missing": tables[part].missing = rows
      case "extra": tables[part].extra = rows
      case "different": tables[part].different = rows
      default: tables[part].inMotion = rows
      }
    }
    for part in tables.indices where !tables[part].isEqual {
      let rows = try await connection.query(
        "select id from pg_temp.verify_difference where part = $1 and kind <> 'moving' order by id limit 5",
        [.int(Int64(part))])
      tables[part].examples = try rows.compactMap { try $0.string("id") }
    }
    return tables
  }

  /// Which of the differing ids.
  public enum Kind: String, Sendable {
    /// In the source, and to be stored as they are there.
    case wanted = "kind in ('missing', 'different')"
    /// In the destination only.
    case extra = "kind = 'extra'"
  }

  /// How many differing ids there are, each counted once.
  public func count(_ kind: Kind) async throws -> Int64 {
    try await connection.query(
      "select count(distinct id) as ids from pg_temp.verify_difference where \(kind.rawValue)"
    ).first?.int("ids") ?? 0
  }

  /// The next differing ids, ascending, each once.
  public func ids(_ kind: Kind, after last: String, limit: Int) async throws -> [String] {
    try await connection.query(
      """
      select distinct id from pg_temp.verify_difference where \(kind.rawValue) and id > $1 collate "C"
      order by id limit $2
      """, [.text(last), .int(Int64(limit))]
    ).compactMap { try $0.string("id") }
  }
}

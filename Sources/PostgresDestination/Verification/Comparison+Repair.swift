import PostgreSQL
public import SyncModel

/// What became of rows that the source does not have.
public struct Removal: Sendable, Codable, Equatable {
  public let table: String
  /// Rows that the source no longer has, by evidence: deleted there, gone, or no longer of the synced set.
  public var flagged: Int64 = 0
  public var deleted: Int64 = 0
  /// Rows of which the source says nothing at all: deleted for good, or hidden from the sync user.
  public var gone: Int64 = 0
  /// Whether so many are gone that they are more likely hidden. None of the table's rows was touched then.
  public var isRefused = false

  init(table: String) { self.table = table }
}

/// Mends what the merge of source records cannot.
extension Comparison {
  /// Part of a table's rows that may be gone before that is taken for a loss of permissions, and the number of rows
  /// up to which it is not.
  public static let mostGone = (share: 0.2, rows: Int64(10))

  /// Takes back stamps that are later than the source's: a merge would leave those rows as they are.
  ///
  /// What the sync has written since the comparison began is left alone.
  public func lowerStamps() async throws {
    for (part, table) in mapping.tables.enumerated() {
      _ = try await connection.query(
        """
        update \(name(table)) t set veeva_system_modstamp = timestamptz 'epoch' + s.stamp * interval '1 millisecond'
        from pg_temp.verify_difference v join pg_temp.verify_source s on s.id = v.id
        where v.part = \(part) and v.kind = 'different' and t.veeva_id = v.id and t.synced_at < $1::timestamptz
          and t.veeva_system_modstamp > timestamptz 'epoch' + s.stamp * interval '1 millisecond'
        """, [.text(began)])
    }
  }

  /// Takes in what the source says of the extra ids.
  ///
  /// A record that exists, is not deleted and is selected without conditions has only just come: it is in motion.
  /// - Parameters:
  ///   - start: the source's clock when the comparison began.
  ///   - isSelective: whether the source is read under conditions, so that a record can leave the synced set.
  ///   - body: hands over lines of ``SyncModel/EvidenceLines``.
  public func weigh(
    since start: Instant, isSelective: Bool, _ body: (_ lines: ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws {
    try await connection.execute("truncate pg_temp.verify_evidence")
    try await copying("copy pg_temp.verify_evidence from stdin", body)
    try await connection.execute("analyze pg_temp.verify_evidence")
    _ = try await connection.query(
      """
      update pg_temp.verify_difference v
      set kind = case when e.stamp >= $1::bigint or not (e.deleted or $2::boolean) then 'moving' else 'left' end
      from pg_temp.verify_evidence e where v.kind = 'extra' and e.id = v.id
      """, [.int(start.milliseconds), .bool(isSelective)])
    try await connection.execute("update pg_temp.verify_difference set kind = 'gone' where kind = 'extra'")
  }

  /// Flags the accounts that have left the source as deleted, and removes other entities' rows.
  /// - Parameters:
  ///   - rows: rows of each table that the source answers for.
  ///   - force: whether any number of rows may be gone.
  ///   - raisesEvents: whether those who follow the events are told.
  public func remove(of rows: [Int64], force: Bool, raisesEvents: Bool) async throws -> [Removal] {
    var removals: [Removal] = []
    for (part, table) in mapping.tables.enumerated() {
      var removal = Removal(table: table.table)
      removal.gone =
        try await connection.query(
          "select count(*) as gone from pg_temp.verify_difference where part = \(part) and kind = 'gone'"
        ).first?.int("gone") ?? 0
      let most = Double(rows.indices.contains(part) ? rows[part] : 0) * Self.mostGone.share
      removal.isRefused = !force && removal.gone > Self.mostGone.rows && Double(removal.gone) > most
      if !removal.isRefused { try await remove(part, table, raisesEvents, &removal) }
      removals.append(removal)
    }
    return removals
  }

  private func remove(
    _ part: Int, _ table: TableMapping, _ raisesEvents: Bool, _ removal: inout Removal
  ) async throws {
    let which = """
      pg_temp.verify_difference v join \(name(table)) old on old.veeva_id = v.id
      where v.part = \(part) and v.kind in ('gone', 'left') and t.veeva_id = v.id and t.synced_at < $1::timestamptz
      """
    let isFlagged = table.columns.contains { $0.field.lowercased() == "isdeleted" && $0.column.hasPrefix("veeva_") }
    let change =
      isFlagged
      ? "update \(name(table)) t set veeva_is_deleted = true, synced_at = now() from \(which) "
        + "and t.veeva_is_deleted is not true"
      : "delete from \(name(table)) t using \(which)"
    let columns = table.columns.filter { $0.raisesEvents && $0.source > ObjectMapping.modstampColumn }
      .map { quotedIdentifier($0.column) }
    let rows = try await connection.query(
      """
      with gone as (
        \(change) returning t.veeva_id as id, t.veeva_system_modstamp as stamp, \(eventBody(columns, of: "old")) as body
      ), told as (
        insert into \(qualified(destination.schema, Bookkeeping.outbox))
          (entity, kind, veeva_id, veeva_system_modstamp, before)
        select \(literal(table.table)), 'removed', id, stamp, body from gone where \(raisesEvents) order by id
      )
      select count(*) as rows from gone
      """, [.text(began)]
    ).first?.int("rows")
    if isFlagged { removal.flagged = rows ?? 0 } else { removal.deleted = rows ?? 0 }
  }
}

public import PostgreSQL
public import SyncModel

/// What could be written now.
public struct WriteBackDemand: Sendable, Equatable {
  /// Persons with due changes, counted as far as is asked for.
  public let persons: Int
  /// How long the first of them has been due, in seconds.
  public let dueSeconds: Double
  /// Seconds until the next change that is put off is due; `nil` where there is none.
  public let nextSeconds: Double?
  /// How bulk writing stands.
  public var bulk = BulkStanding.free

  /// A demand.
  public init(persons: Int, dueSeconds: Double, nextSeconds: Double?, bulk: BulkStanding = .free) {
    self.persons = persons
    self.dueSeconds = dueSeconds
    self.nextSeconds = nextSeconds
    self.bulk = bulk
  }
}

extension PostgresDestination {
  /// How much waits; `nil` where changes were never captured.
  public func writeBackStatus(on connection: PostgresConnection) async throws -> WriteBackStatus? {
    guard try await capturesChanges(on: connection) else { return nil }
    let rows = try await connection.query(
      """
      select count(*) filter (where due < 'infinity') as pending,
        count(*) filter (where due = 'infinity' and refused is not null) as refused,
        extract(epoch from clock_timestamp() - min(captured_at) filter (where due < 'infinity'))::float8 as longest
      from \(qualified(schema, CaptureTables.table))
      """)
    guard let row = rows.first else { return nil }
    return WriteBackStatus(
      pending: try row.int("pending") ?? 0, refused: try row.int("refused") ?? 0,
      longestSeconds: try row.double("longest"))
  }

  /// What could be written now.
  /// - Parameter limit: persons are counted up to about this number.
  public func writeBackDemand(limit: Int, on connection: PostgresConnection) async throws -> WriteBackDemand {
    // Tables of an earlier release are left alone until the next cycle has prepared them.
    guard let bulk = try await bulkStanding(on: connection) else {
      return WriteBackDemand(persons: 0, dueSeconds: 0, nextSeconds: nil, bulk: .avoided)
    }
    let capture = qualified(schema, CaptureTables.table)
    let rows = try await connection.query(
      """
      select count(distinct veeva_id) as persons, extract(epoch from now() - min(due))::float8 as waiting,
        (select extract(epoch from min(due) - now())::float8 from \(capture)
          where due < 'infinity' and due > now()) as next
      from (
        select veeva_id, due from \(capture) where \(WriteBackStatements.isDue) order by due limit $1::bigint
      ) first
      """, [.int(Int64(limit))])
    guard let row = rows.first else { return WriteBackDemand(persons: 0, dueSeconds: 0, nextSeconds: nil, bulk: bulk) }
    return WriteBackDemand(
      persons: Int(try row.int("persons") ?? 0), dueSeconds: try row.double("waiting") ?? 0,
      nextSeconds: try row.double("next"), bulk: bulk)
  }

  func capturesChanges(on connection: PostgresConnection) async throws -> Bool {
    let rows = try await connection.query(
      "select to_regclass($1) is not null as found", [.text(qualified(schema, CaptureTables.table))])
    return try rows.first?.bool("found") == true
  }
}

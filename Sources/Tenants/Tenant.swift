public import Checkpoints
public import Delivery
public import SyncConfiguration
public import PostgreSQL
public import PostgresDestination
public import SyncModel
public import Veeva

/// One Veeva org connected to one destination, as a process of the cluster holds it.
public struct Tenant: Sendable {
  public let name: String
  public let settings: TenantConfiguration
  public let veeva: VeevaClient
  public let budget: SharedBudget
  public let destination: PostgresDestination
  /// Connections to the destination's database.
  public let destinationPool: PostgresPool
  /// The Marketo instance behind the mirror that the destination is then; `nil` where the tables are all there is.
  public let delivery: DeliveryEnd?
  /// Work that is no partition of an object.
  public internal(set) var errands: [any Errand] = []
  let checkpoints: CheckpointStore
  let live: LiveSelections

  /// The objects that the configuration selects now: it may change while the process runs.
  public var selections: [ObjectSelection] { live.selections(of: name) }
  /// When cycles begin, and what they reach; as ``selections``, what the configuration says now.
  public var times: CycleTimes { live.times }

  /// The part of the org's daily API requests that may be used.
  public var apiShare: Double { settings.veeva.apiShare }
  /// Jobs of this tenant at work at once, in the whole cluster.
  public var concurrency: Int { settings.veeva.concurrency }
  /// Bulk query jobs open at once.
  public var openBulkJobs: Int { settings.veeva.bulkJobs }
  /// Longest wait between two questions whether a bulk job is complete.
  public var longestPoll: Duration { settings.veeva.pollLongest }

  /// How many records of an object there are.
  public func count(
    _ object: SourceObject, conditions: [String], includeDeleted: Bool = false
  ) async throws -> Int {
    try await veeva.count(
      SOQL.count(from: object.apiName, where: conditions), object: object.apiName, includeDeleted: includeDeleted)
  }

  /// Creates or alters the destination's tables for a mapping.
  public func prepareTables(for mapping: ObjectMapping) async throws {
    try await destinationPool.withConnection { try await destination.prepare(mapping, on: $0) }
  }

  /// Finds out whether the destination's tables could be made or altered, and leaves them as they are.
  public func rehearseTables(for mapping: ObjectMapping) async throws {
    try await destinationPool.withConnection { try await destination.rehearse(mapping, on: $0) }
  }

  /// Removes a batch of rows that were kept long enough; see ``PostgresDestination``.
  public func removeExpired(
    table: String, dateColumn: String, orCreated: Bool, before: Instant, limit: Int, details: Bool, scope: EventScope
  ) async throws -> Expired {
    try await destinationPool.withConnection {
      try await destination.removeExpired(
        table: table, dateColumn: dateColumn, orCreated: orCreated, before: before, limit: limit, details: details,
        scope: scope, on: $0)
    }
  }

  /// Lends a writer for one page, in a transaction that the checkpoint can share where both databases are one.
  public func withPageWriter<R>(
    for mapping: ObjectMapping, mode: WriteMode, _ body: (PageWriter) async throws -> R
  ) async throws -> R {
    try await destinationPool.withConnection { connection in
      let shares = try await checkpoints.shares(databaseOf: connection)
      return try await destination.withPage(
        of: mapping, mode: mode, sharesCheckpoints: shares, on: connection, body)
    }
  }
}

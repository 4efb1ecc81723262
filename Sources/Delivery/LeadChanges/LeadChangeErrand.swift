public import Checkpoints
public import Marketo
public import PostgreSQL
import SyncModel

/// Reads what marketers change in a tenant's Marketo instance into the mirror, from where it goes on to Veeva.
public struct LeadChangeErrand: Errand {
  public let kind = ErrandKind.leadChanges
  private let tenant: String
  private let client: MarketoClient
  private let pool: PostgresPool
  private let schema: String
  private let checkpoints: CheckpointStore
  private let pause: @Sendable () -> Duration
  private let isWanted: @Sendable () async throws -> Bool
  private let source: @Sendable () async throws -> DeliverySource?

  /// An errand.
  /// - Parameters:
  ///   - pool: connections to the mirror's database.
  ///   - schema: the mirror's.
  ///   - pause: between two readings to the feed's end; each costs a call at least.
  ///   - isWanted: whether anything of leads travels to the source. Calls no API.
  ///   - source: of leads, as it is delivered, which remembers what it brings (``DeliverySource/remembering(_:)``);
  ///     `nil` where leads cannot be delivered.
  public init(
    tenant: String, client: MarketoClient, pool: PostgresPool, schema: String, checkpoints: CheckpointStore,
    pause: @escaping @Sendable () -> Duration, isWanted: @escaping @Sendable () async throws -> Bool,
    source: @escaping @Sendable () async throws -> DeliverySource?
  ) {
    self.tenant = tenant
    self.client = client
    self.pool = pool
    self.schema = schema
    self.checkpoints = checkpoints
    self.pause = pause
    self.isWanted = isWanted
    self.source = source
  }

  public func demand() async throws -> ErrandDemand {
    let pause = max(.seconds(1), pause())
    guard try await isWanted(), let rest = try await LeadChangeStore.rest(of: pause, in: schema, on: pool) else {
      return ErrandDemand(workers: 0, askAgain: pause)
    }
    return rest > .zero ? ErrandDemand(workers: 0, askAgain: rest) : ErrandDemand(workers: 1, askAgain: pause)
  }

  public func run(isStopping: @escaping @Sendable () -> Bool) async throws {
    guard try await isWanted(), let source = try await source() else { return }
    let (checkpoints, tenant) = (checkpoints, tenant)
    let reader = LeadChangeReader(client: client, store: LeadChangeStore(pool: pool, source: source))
    _ = try await reader.read(isStopping: isStopping) { rejects in
      try await checkpoints.recordRejects(rejects, of: SourceObject.personAccounts.apiName, tenant: tenant)
    }
  }
}

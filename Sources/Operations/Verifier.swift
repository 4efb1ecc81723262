public import Checkpoints
import PostgreSQL
public import PostgresDestination
public import SyncModel
public import Tenants

/// What verifying one object came to.
public struct ObjectVerification: Sendable, Codable {
  public let object: String
  public let tables: [TableComparison]

  /// Whether source and destination agree.
  public var isEqual: Bool { tables.allSatisfy(\.isEqual) }
}

/// Compares what was copied with what the source holds now, object by object.
///
/// Ids and stamps are read from the source once more and compared in the database; with `allColumns` every value is.
public struct Verifier: Sendable {
  private let checkpoints: CheckpointStore
  private let limits: PlanningLimits

  /// A verifier.
  public init(checkpoints: CheckpointStore, limits: PlanningLimits) {
    self.checkpoints = checkpoints
    self.limits = limits
  }

  /// Verifies one object; `nil` when it has not been copied yet.
  public func verify(
    _ object: SourceObject, of tenant: Tenant, allColumns: Bool
  ) async throws -> ObjectVerification? {
    guard let stored = try await checkpoints.mapping(of: object, tenant: tenant.name) else { return nil }
    let (mapping, conditions) = (stored.mapping, stored.conditions)
    let rejected = try await checkpoints.rejects(
      tenant: tenant.name, object: object.apiName, limit: 1_000_000
    ).map(\.recordID)
    let comparison = Comparison(tenant.destination, mapping: mapping, allColumns: allColumns)
    return try await tenant.destinationPool.withConnection { connection in
      try await comparison.begin(rejected: rejected, on: connection)
      try await tenant.extract(object, fields: comparison.fields, conditions: conditions, limits: limits) { batch in
        try await comparison.stage(batch, on: connection)
      }
      return ObjectVerification(object: object.apiName, tables: try await comparison.finish(on: connection))
    }
  }
}

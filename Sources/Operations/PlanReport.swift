public import SyncModel
public import Tenants

/// What copying one object would take.
public struct ObjectPlanReport: Sendable, Codable {
  public let object: String
  public let rows: Int
  public let fields: Int
  /// Fields that the default mapping or the configuration names and the sync user cannot see.
  public let hidden: [String]
  public let method: ExtractMethod
  public let partitions: Int
  public let apiCalls: Int
  public let tables: [String]
}

/// Finds out what a first copy would take, and changes nothing.
public struct PlanReporter: Sendable {
  private static let callsToCount = 1
  private let limits: PlanningLimits

  /// A reporter.
  public init(limits: PlanningLimits) { self.limits = limits }

  /// The plan for one object of a tenant.
  public func plan(_ object: SourceObject, of tenant: Tenant) async throws -> ObjectPlanReport {
    let described = try await SchemaReader(tenant: tenant).read(object)
    let rows = try await tenant.count(object, conditions: described.conditions)
    let partition = Partition(
      object: object, method: .rest, fields: described.mapping.fields, conditions: described.conditions, range: .all)
    let plan = ExtractPlanner.plan(rows: rows, urlBytes: partition.longestURLBytes, limits: limits)
    return ObjectPlanReport(
      object: object.apiName, rows: rows, fields: described.mapping.fields.count, hidden: described.mapping.hidden,
      method: plan.method, partitions: plan.partitions,
      apiCalls: described.apiCalls + Self.callsToCount + plan.apiCalls,
      tables: described.mapping.tables.map(\.table))
  }
}

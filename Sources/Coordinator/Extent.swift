import Checkpoints
import SyncModel
import Tenants

/// What a cycle reads of its object, before it is cut into partitions.
struct Extent: Sendable {
  let object: SourceObject
  let fields: [String]
  let conditions: [String]
  let order: KeysetOrder
  let includesDeleted: Bool

  init(_ cycle: OpenCycle, _ stored: StoredMapping, _ window: DeltaWindow) {
    object = cycle.object
    let isDelta = cycle.kind == .delta
    fields = stored.mapping.fields + (cycle.kind == .initial ? [] : stored.rules.extraFields)
    conditions = isDelta ? window.conditions : cycle.extent == .everything ? [] : stored.conditions
    order = isDelta ? .stamp : .id
    includesDeleted = isDelta
  }

  /// How so many rows are read.
  func plan(rows: Int, _ limits: PlanningLimits) -> ExtractPlan {
    ExtractPlanner.plan(rows: rows, urlBytes: whole.longestURLBytes, limits: limits)
  }

  /// How they are read where the Bulk API does not take the object.
  /// - Throws: when no URL can hold the statement either.
  func planByREST(rows: Int, _ limits: PlanningLimits) throws -> ExtractPlan {
    guard whole.longestURLBytes <= limits.longestURL else {
      throw MappingError(object: object.apiName, problem: .tooWideForREST(fields: fields.count))
    }
    return ExtractPlanner.plan(rows: rows, urlBytes: whole.longestURLBytes, bulkSupported: false, limits: limits)
  }

  private var whole: Partition {
    Partition(
      object: object, method: .rest, fields: fields, conditions: conditions, range: .all, order: order,
      includesDeleted: includesDeleted)
  }
}

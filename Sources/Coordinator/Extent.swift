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
  /// - Parameter isForBulk: whether the Bulk API takes the object, as far as is known.
  func plan(rows: Int, isForBulk: Bool = true, _ limits: PlanningLimits) -> ExtractPlan {
    ExtractPlanner.plan(rows: rows, urlBytes: whole.longestURLBytes, bulkSupported: isForBulk, limits: limits)
  }

  /// All of it as one partition, read by REST.
  var whole: Partition {
    Partition(
      object: object, method: .rest, fields: fields, conditions: conditions, range: .all, order: order,
      includesDeleted: includesDeleted)
  }
}

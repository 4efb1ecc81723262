/// What a cycle reads of its object, before it is cut into partitions: the planner counts by it, and jobs read by it.
public struct Extent: Sendable {
  public let object: SourceObject
  public let fields: [String]
  public let conditions: [String]
  public let order: KeysetOrder
  public let includesDeleted: Bool

  /// What a cycle reads.
  /// - Parameters:
  ///   - extent: of a back-fill.
  ///   - window: of a delta.
  ///   - conditions: what selects the object's records.
  public init(
    _ kind: CycleKind, extent: BackfillExtent, window: DeltaWindow, mapping: ObjectMapping, conditions: [String],
    rules: ChangeRules
  ) {
    object = mapping.object
    let isDelta = kind == .delta
    fields = mapping.fields + (kind == .initial ? [] : rules.extraFields)
    self.conditions = isDelta ? window.conditions : extent == .everything ? [] : conditions
    order = isDelta ? .stamp : .id
    includesDeleted = isDelta
  }

  /// A part of it.
  public func partition(_ method: ExtractMethod, range: IDRange) -> Partition {
    Partition(
      object: object, method: method, fields: fields, conditions: conditions, range: range, order: order,
      includesDeleted: includesDeleted)
  }

  /// All of it as one partition, read by REST.
  public var whole: Partition { partition(.rest, range: .all) }

  /// How so many rows are read.
  /// - Parameter isForBulk: whether the Bulk API takes the object, as far as is known.
  public func plan(rows: Int, isForBulk: Bool = true, _ limits: PlanningLimits) -> ExtractPlan {
    ExtractPlanner.plan(rows: rows, urlBytes: whole.longestURLBytes, bulkSupported: isForBulk, limits: limits)
  }
}

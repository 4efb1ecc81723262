/// Which records of an object are synced, as far as changing it asks for more than the next delta brings.
public struct SelectionScope: Sendable, Equatable, Codable {
  /// Ids of the selected record types; empty where every record type is.
  public var recordTypes: [String]
  /// Months that records go back; `nil` without a limit.
  public var months: Int?

  /// A scope.
  public init(recordTypes: [String] = [], months: Int? = nil) {
    self.recordTypes = recordTypes
    self.months = months
  }
}

/// What has to be read once more after an object's mapping or scope has changed.
public enum BackfillExtent: String, Sendable, Codable {
  /// The records that are selected now.
  case selected
  /// Every record, so that those that are no longer selected are met as well.
  case everything

  /// What both together ask for.
  public func joined(with other: BackfillExtent) -> BackfillExtent {
    self == .everything || other == .everything ? .everything : .selected
  }

  /// What a change asks for; `nil` when the next delta is enough.
  ///
  /// Fields that went away keep what they hold. A field that is new, or back again, has to be filled.
  public static func after(
    _ old: (mapping: ObjectMapping, scope: SelectionScope), _ new: (mapping: ObjectMapping, scope: SelectionScope)
  ) -> BackfillExtent? {
    let known = Set(old.mapping.tables.flatMap { table in table.columns.map { "\(table.table).\($0.column)" } })
    let hasNewColumns = new.mapping.tables.contains { table in
      table.columns.contains { !known.contains("\(table.table).\($0.column)") }
    }
    let before = Set(old.scope.recordTypes)
    let after = Set(new.scope.recordTypes)
    // No types at all stands for all of them.
    let hasFewerTypes = !after.isEmpty && (before.isEmpty || !before.isSubset(of: after))
    if hasFewerTypes { return .everything }
    let hasMoreTypes = !before.isEmpty && (after.isEmpty || !after.subtracting(before).isEmpty)
    let reachesFurther = old.scope.months.map { new.scope.months ?? .max > $0 } ?? false
    return hasNewColumns || hasMoreTypes || reachesFurther ? .selected : nil
  }
}

import PostgreSQL
public import SyncModel

/// What a job's cycle makes of its pages.
public enum PagePurpose: Sendable, Equatable {
  /// None of the rows is there yet, unless the job was begun before.
  case firstCopy
  /// What was touched since the last cycle.
  case delta(ChangeRules)
  /// Everything once more, beside the deltas. What changed since that moment may not have been met by one yet.
  case backfill(ChangeRules, since: Instant)
}

/// A job's row together with its cycle and its mapping: what is read, and what for.
enum JobWork {
  /// Joins for a job named `j`.
  static let joins = """
    join crmsync.cycle c on c.id = j.cycle
    join crmsync.mapping m on m.tenant = j.tenant and m.object = j.object and m.version = j.mapping_version
    """

  /// Columns for ``partition(_:)`` and ``purpose(_:)``.
  static let columns = """
    j.method, j.range_from, j.range_to, c.kind, c.extent, c.raises_events,
    (extract(epoch from c.window_from) * 1000)::bigint as window_from,
    (extract(epoch from c.window_to) * 1000)::bigint as window_to,
    m.mapping::text as mapping, m.conditions::text as conditions, m.rules::text as rules
    """

  /// What the job reads.
  static func partition(_ row: PostgresRow) throws -> Partition {
    let kind = CycleKind(rawValue: try row.require("kind")) ?? .delta
    let nothing = DeltaWindow(from: .distantPast, to: .distantPast)
    return Extent(
      kind, extent: BackfillExtent(rawValue: try row.require("extent")) ?? .selected,
      window: kind == .delta ? try window(row) : nothing, mapping: try row.json("mapping", as: ObjectMapping.self),
      conditions: try row.json("conditions", as: [String].self), rules: try row.json("rules", as: ChangeRules.self)
    ).partition(
      ExtractMethod(rawValue: try row.require("method")) ?? .bulk,
      range: IDRange(from: try row.string("range_from"), to: try row.string("range_to")))
  }

  /// What the job's pages are for.
  static func purpose(_ row: PostgresRow) throws -> PagePurpose {
    let rules = try row.json("rules", as: ChangeRules.self)
    switch CycleKind(rawValue: try row.require("kind")) ?? .delta {
    case .initial: return .firstCopy
    case .delta: return .delta(rules)
    case .backfill: return .backfill(rules, since: try window(row).from)
    }
  }

  /// Whether what the job changes becomes events.
  static func raisesEvents(_ row: PostgresRow) throws -> Bool { try row.bool("raises_events") ?? false }

  private static func window(_ row: PostgresRow) throws -> DeltaWindow {
    guard let window = try DeltaWindow(row) else { throw CheckpointError(what: "a cycle with jobs has no window") }
    return window
  }
}

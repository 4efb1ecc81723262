/// What a cycle of an object is for.
public enum CycleKind: String, Sendable, Codable, CaseIterable {
  /// The first copy of everything that is selected.
  case initial
  /// What changed since the last cycle.
  case delta
  /// A copy beside the deltas, after the selection or the fields have grown.
  case backfill
}

/// Where a cycle stands.
public enum CyclePhase: String, Sendable, Codable, CaseIterable {
  /// Nothing was done yet.
  case waiting
  /// Its ranges are being cut.
  case planning
  /// Its jobs are recorded.
  case copying
  /// Every job is done.
  case done
  /// Stopped, with a reason.
  case failed

  /// Whether something is still to come.
  public var isOpen: Bool { self != .done && self != .failed }
}

/// How the jobs of a cycle stand, as far as the cycle needs to know.
public struct CycleJobs: Sendable, Equatable {
  /// Still to be worked on.
  public var open: Int
  /// Parked until a person decides.
  public var dead: Int
  /// Finished, discarded or superseded.
  public var done: Int

  /// Jobs.
  public init(open: Int = 0, dead: Int = 0, done: Int = 0) {
    self.open = open
    self.dead = dead
    self.done = done
  }

  /// Whether none was ever recorded.
  public var isEmpty: Bool { open + dead + done == 0 }
  /// Whether nothing goes on without a person.
  public var waitsForPerson: Bool { open == 0 && dead > 0 }
}

/// One pass over an object.
public struct ObjectCycle: Sendable, Equatable {
  public let id: Int64
  public let kind: CycleKind
  public var phase: CyclePhase
  /// What a back-fill reads.
  public let extent: BackfillExtent
  /// What a delta reads, or when the reading of a copy began; `nil` until that is decided.
  public var window: DeltaWindow?
  /// Tries that went wrong since the last step forward.
  public var failures: Int
  public var jobs: CycleJobs
  /// When it was opened, or opened once more; by the database's clock.
  public var startedAt: Instant
  public var finishedAt: Instant?

  /// A cycle that is opened now.
  public init(id: Int64, kind: CycleKind, extent: BackfillExtent = .selected, now: Instant) {
    self.id = id
    self.kind = kind
    self.extent = extent
    phase = .waiting
    window = nil
    failures = 0
    jobs = CycleJobs()
    startedAt = now
    finishedAt = nil
  }
}

/// What decides about the cycles of one object: the part of its rows that transitions read and write.
///
/// Of each track only the newest cycle decides anything: what an older one left undone was superseded.
public struct ObjectSync: Sendable, Equatable {
  public var isSelected: Bool
  /// Rises with each change of the mapping.
  public var mappingVersion: Int
  /// When the mapping came; by the database's clock.
  public var mappedAt: Instant?
  /// The schema has changed under a running cycle.
  public var needsSchema: Bool
  /// Everything of the object that changed before is committed; by the source's clock.
  public var watermark: Instant?
  /// When the first copy was complete; by the database's clock.
  public var copiedAt: Instant?
  /// When a back-fill was last complete; by the database's clock.
  public var filledAt: Instant?
  /// When the object was last in step; by the database's clock.
  public var syncedAt: Instant?
  /// When the next cycle is due; by the database's clock.
  public var nextDue: Instant
  /// The back-fill that is wanted.
  public var backfill: BackfillExtent?
  /// The newest cycle of the main track: the first copy, then deltas.
  public var main: ObjectCycle?
  /// The newest back-fill, which runs beside the deltas.
  public var fill: ObjectCycle?
  /// Number of the last cycle that was opened.
  public var lastCycle: Int64

  /// An object that has just been selected.
  public init(now: Instant) {
    isSelected = true
    mappingVersion = 0
    needsSchema = false
    nextDue = now
    lastCycle = 0
  }

  /// The cycles that are under way, the older one first.
  public var underWay: [ObjectCycle] {
    [main, fill].compactMap { $0 }.filter(\.phase.isOpen).sorted { $0.id < $1.id }
  }
}

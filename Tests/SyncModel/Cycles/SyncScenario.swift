import SyncModel

/// What kind of world a run takes place in.
struct SyncScenario: Sendable {
  /// Seconds between two cycles.
  static let pause: Int64 = 300
  static let overlap: Int64 = 900
  static let lag: Int64 = 10
  static let lease: Int64 = 120
  /// Most tries of a page.
  static let mostFailures = 3

  var records: Int
  var workers: Int
  var steps: Int
  /// Whether deleted records are flagged, as persons are.
  var flagsDeleted: Bool
  /// Whether pages and checkpoints are one transaction.
  var isOneDatabase: Bool
  /// The database's clock is true time plus this; processes go by it as well.
  var databaseOffset: Int64
  var clockOffset: Int64
  /// Whether the source's clock is set back in the course of the run.
  var clockIsSetBack: Bool
  var hasSkippedWeek: Bool
  var changesSchema: Bool
  var losesPermission: Bool
  /// Whether many records are touched at once; that brings them all into the next delta, and hides much.
  var hasMassTouches: Bool
  /// Most seconds between two steps.
  var pace: Int
  /// Jobs of this kind wait long for a worker, or for their bulk job.
  var slow: CycleKind?
  /// How many steps go by between two rare changes, on average.
  var rareness: Int
  /// Whether record types come and go most of all, in the source and in the selection.
  var isAboutTypes = false

  /// A world that chance decides about.
  static func random(_ chance: inout ScheduleChance) -> SyncScenario {
    func skew(_ chance: inout ScheduleChance) -> Int64 {
      chance.below(2) == 0 ? Int64(chance.below(7201)) - 3600 : Int64(chance.below(21)) - 10
    }
    var scenario = SyncScenario(
      records: 6 + chance.below(14), workers: 1 + chance.below(3), steps: 150 + chance.below(500),
      flagsDeleted: chance.below(2) == 0, isOneDatabase: chance.below(3) > 0, databaseOffset: skew(&chance),
      clockOffset: skew(&chance), clockIsSetBack: chance.below(8) == 0, hasSkippedWeek: chance.below(4) == 0,
      changesSchema: chance.below(2) == 0, losesPermission: chance.below(3) == 0,
      hasMassTouches: chance.below(4) == 0, pace: chance.below(3) == 0 ? 150 : 30,
      slow: [.initial, .delta, .backfill, .backfill, nil, nil][chance.below(6)],
      rareness: chance.below(2) == 0 ? 10 : 25)
    if chance.below(3) == 0 { scenario.turnToTypes(&chance) }
    return scenario
  }

  private mutating func turnToTypes(_ chance: inout ScheduleChance) {
    isAboutTypes = true
    flagsDeleted = true
    changesSchema = true
    losesPermission = false
    hasMassTouches = false
    hasSkippedWeek = false
    // Seldom enough that no later back-fill makes up for an earlier one.
    rareness = 60 + chance.below(120)
    pace = 150
    slow = chance.below(4) == 0 ? .delta : .backfill
  }
}

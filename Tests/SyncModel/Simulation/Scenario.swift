import SyncModel

/// The shape of a small world: how much there is to copy, by whom, and what may go wrong.
struct Scenario: Sendable {
  /// What kinds of faults come.
  enum Weather: Int, CaseIterable, Sendable {
    case anything, crashes, errors, broker, leaders, none
  }

  /// First record of each job, and past the last one.
  var bounds: [Int]
  var methods: [ExtractMethod]
  var pageRows = 2
  var workers = 2
  var coordinators = 1
  /// Whether pages and checkpoints are committed in one transaction.
  var isOneDatabase = true
  /// Whether the source forgets at once what it was told was done.
  var isForgetful = true
  /// A job that fails the same way every time.
  var hopeless: Int?
  /// A job whose second page takes down every worker.
  var poison: Int?
  var faults = 0
  var weather = Weather.none
  /// Most messages that may be on the queue.
  var queueDepth = 2
  /// Bulk jobs that may be open in the source.
  var openExtracts = 2

  var jobs: Int { methods.count }
  var records: Int { bounds[jobs] }

  static let lease = Duration.seconds(20)
  static let leaseTime: Int64 = 20_000
  static let term = Duration.seconds(15)
  static let termTime: Int64 = 15_000
  static let retry = RetryPolicy(maxFailures: 3, backoff: Backoff(first: .seconds(1), longest: .seconds(30)))

  /// A world made of chance.
  static func random(_ chance: inout ScheduleChance) -> Scenario {
    var scenario = Scenario(bounds: [0], methods: [])
    scenario.pageRows = 1 + chance.below(3)
    var end = 0
    for _ in 0...chance.below(4) {
      end += chance.below(3 * scenario.pageRows + 1)
      scenario.bounds.append(end)
      scenario.methods.append(chance.below(3) == 0 ? .rest : .bulk)
    }
    scenario.workers = 1 + chance.below(3)
    scenario.coordinators = 1 + chance.below(2)
    scenario.isOneDatabase = chance.below(4) != 0
    scenario.isForgetful = chance.below(3) != 0
    scenario.queueDepth = 1 + chance.below(3)
    scenario.openExtracts = 1 + chance.below(2)
    scenario.weather = Weather.allCases[min(chance.below(8), Weather.allCases.count - 1)]
    scenario.faults = scenario.weather == .none ? 0 : 1 + chance.below(9)
    let special = chance.below(40)
    if special == 0 { scenario.hopeless = chance.below(scenario.jobs) }
    if special == 1 { scenario.poison = chance.below(scenario.jobs) }
    return scenario
  }

  /// Two workers, two jobs of three pages.
  static func small(_ first: ExtractMethod, _ second: ExtractMethod) -> Scenario {
    Scenario(bounds: [0, 3, 6], methods: [first, second], pageRows: 1, workers: 2, coordinators: 1)
  }
}

import NIOConcurrencyHelpers
import NIOPosix

/// Everything the org's answers depend on.
final class Org: Sendable {
  /// The versions on offer, ascending.
  static let versions: [(label: String, number: String)] = [
    ("Summer '23", "58.0"), ("Winter '24", "59.0"), ("Spring '24", "60.0"), ("Summer '24", "61.0"),
    ("Winter '25", "62.0"), ("Spring '25", "63.0"), ("Summer '25", "64.0"), ("Winter '26", "65.0"),
    ("Spring '26", "66.0"), ("Summer '26", "67.0"), ("Winter '27", "68.0"),
  ]

  /// What the user may see, and when that last changed.
  struct Metadata: Sendable {
    var profile: Profile
    /// Seconds of the org's clock.
    var changed: Int
  }

  let options: SimulatedOrgOptions
  let changes: LiveData
  let clock: VirtualClock
  let sessions: Sessions
  let faults: FaultBoard<SimulatedFault>
  let ledger: RequestLedger
  let updates = UpdateLog()
  let cursors: Cursors
  let jobs: BulkJobs
  let ingest: IngestJobs
  private let pool: NIOThreadPool
  private let metadata: NIOLockedValueBox<Metadata>
  private let live: NIOLockedValueBox<Settings>

  init(_ options: SimulatedOrgOptions, pool: NIOThreadPool, threads: Int) throws {
    self.options = options
    self.pool = pool
    clock = VirtualClock()
    var shape = DataSet.Options()
    shape.seed = options.seed
    shape.accounts = options.accounts
    shape.users = options.users
    shape.calls = options.calls
    shape.callKeyMessages = options.callKeyMessages
    shape.activities = options.activities
    shape.activityLines = options.activityLines
    shape.legacyNotes = options.legacyNotes
    shape.asOf = options.asOf ?? clock.seconds / 86_400 * 86_400
    shape.wideAccounts = options.wideAccounts
    shape.badValuesEvery = options.badValuesEvery
    let data = DataSet(shape)
    changes = LiveData(data, clock: clock)
    sessions = Sessions(
      seed: options.seed, clock: clock, lifetime: options.tokenLifetime.seconds,
      refreshToken: options.credentials.refreshToken)
    faults = FaultBoard(options.faults, seed: options.seed)
    ledger = RequestLedger(limit: options.apiDailyLimit)
    cursors = Cursors(clock: clock, lifetime: options.locatorLifetime.seconds)
    let spool = try Spool(
      directory: options.spoolDirectory ?? Spool.defaultDirectory, limitBytes: options.spoolLimitBytes,
      materialiser: Materialiser(pool: pool, threads: threads), fingerprint: Fingerprint.of(data))
    let live = NIOLockedValueBox(Settings(options))
    self.live = live
    jobs = BulkJobs(
      spool: spool, changes: changes, clock: clock, faults: faults, retention: options.jobRetention,
      settings: { live.withLockedValue { $0 } })
    ingest = IngestJobs(clock: clock, retention: options.jobRetention)
    metadata = NIOLockedValueBox(
      Metadata(
        profile: Profile(
          hiddenObjects: options.hiddenObjects, hiddenFields: options.hiddenFields,
          readOnlyFields: options.readOnlyFields), changed: shape.asOf))
  }

  var currentMetadata: Metadata { metadata.withLockedValue { $0 } }

  var settings: Settings { live.withLockedValue { $0 } }

  func change(_ change: Settings.Change) { live.withLockedValue { $0.apply(change) } }

  /// Runs work that takes long on a thread of its own, so that short requests do not wait for it.
  func compute<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await pool.runIfActive(work)
  }

  var profile: Profile { metadata.withLockedValue { $0.profile } }

  /// Changes what the user may see.
  func changeProfile(_ change: (inout Profile) -> Void) {
    let now = clock.seconds
    metadata.withLockedValue {
      change(&$0.profile)
      $0.changed = max($0.changed + 1, now)
    }
  }

  /// The rows as they are now; they stay so for who holds it.
  var data: DataSet { changes.snapshot }

  /// Looks a statement up as the user of the moment.
  func bind(_ soql: String, _ data: DataSet, includeDeleted: Bool) throws(SalesforceError) -> BoundQuery {
    try BoundQuery(SOQLParser.parse(soql), data: data, profile: profile, includeDeleted: includeDeleted)
  }

  /// Changes the org.
  func perform(_ operations: [ChangeOperation]) throws(SalesforceError) -> [ChangeReport] {
    let reports = try changes.perform(operations, delay: settings.commitDelaySeconds)
    if reports.contains(where: { $0.changesDescribe }) { changeProfile { _ in } }
    return reports
  }
}

extension Duration {
  /// As a number.
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}

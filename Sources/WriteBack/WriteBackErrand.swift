public import Checkpoints
public import PostgreSQL
public import PostgresDestination
public import SyncModel
public import Veeva

/// How changes are written back.
public struct WriteBackLimits: Sendable {
  /// Most persons of a round.
  public var persons = VeevaClient.mostUpdates
  /// How long a round that shows no sign of life keeps its changes.
  public var lease: Duration
  /// What follows when the org puts a change off.
  public var retry: RetryPolicy
  /// Due persons beyond which a bulk job is made. A job costs some thirteen calls, as composite calls for 1,300 persons
  /// do, and takes the org longer.
  public var mostByCalls = 2000
  /// Most persons of a bulk job: what the org does as one batch of its own. Larger jobs save few calls more, and what
  /// Veeva changes between the reading and the end of the job may be written over for as long.
  public var mostInJob = 10_000
  /// Most bytes of a bulk job's file.
  public var fileBytes = 8 << 20
  /// How long the turn to prepare a bulk job, or to look at one, is kept by somebody who shows no sign of life.
  public var bulkLease = Duration.seconds(300)

  /// Limits.
  public init(lease: Duration = .seconds(60), retry: RetryPolicy = RetryPolicy()) {
    self.lease = lease
    self.retry = retry
  }
}

/// Brings marketers' changes of two-way columns in PostgreSQL to Veeva.
public struct WriteBackErrand: Errand {
  private let tenant: String
  private let veeva: VeevaClient
  private let destination: PostgresDestination
  private let pool: PostgresPool
  private let checkpoints: CheckpointStore
  private let limits: WriteBackLimits
  private let settings: @Sendable () -> (isOn: Bool, pause: Duration)

  /// Longest time for which changes are gathered, so that single edits do not cost two calls each. No longer than the
  /// pause between two cycles, either.
  private static let longestGathering = Duration.seconds(10)
  private static let slowestPoll = Duration.seconds(5)
  /// Longest time to wait beyond the pause for a delta that brings what Veeva was seen to have.
  private static let deltaTime = Duration.seconds(30)
  /// Due changes that are counted at most: some for each of as many persons as decide how they are written.
  private static let mostCounted = 40_000

  public let kind = ErrandKind.writeBack

  /// - Parameter settings: whether write-back is asked for, and the pause between two cycles, as they are now.
  public init(
    tenant: String, veeva: VeevaClient, destination: PostgresDestination, pool: PostgresPool,
    checkpoints: CheckpointStore, limits: WriteBackLimits,
    settings: @escaping @Sendable () -> (isOn: Bool, pause: Duration)
  ) {
    self.tenant = tenant
    self.veeva = veeva
    self.destination = destination
    self.pool = pool
    self.checkpoints = checkpoints
    self.limits = limits
    self.settings = settings
  }

  public func demand() async throws -> ErrandDemand {
    let (isOn, pause) = settings()
    guard isOn else { return ErrandDemand(workers: 0, askAgain: Self.slowestPoll) }
    return Self.demand(try await due(), gathering: min(pause, Self.longestGathering), limits: limits)
  }

  private func due() async throws -> WriteBackDemand {
    try await pool.withConnection { try await destination.writeBackDemand(limit: Self.mostCounted, on: $0) }
  }

  /// Waits until enough changes are there, or the first has waited long enough.
  static func demand(_ due: WriteBackDemand, gathering: Duration, limits: WriteBackLimits) -> ErrandDemand {
    var poll = min(slowestPoll, due.nextSeconds.map { .seconds(max(0.02, $0)) } ?? slowestPoll)
    if case .busy(let seconds) = due.bulk { poll = min(poll, .seconds(max(0.02, seconds))) }
    switch WriteBackRoad(due, limits) {
    case .look, .bulk: return ErrandDemand(workers: 1, askAgain: slowestPoll)
    case .wait: return ErrandDemand(workers: 0, askAgain: poll)
    case .calls: break
    }
    guard due.persons > 0 else { return ErrandDemand(workers: 0, askAgain: poll) }
    let left = gathering - .seconds(due.dueSeconds)
    guard due.persons >= limits.persons || left <= .zero else {
      return ErrandDemand(workers: 0, askAgain: min(poll, max(left, .milliseconds(20))))
    }
    return ErrandDemand(workers: (due.persons + limits.persons - 1) / limits.persons, askAgain: poll)
  }

  public func run(isStopping: @escaping @Sendable () -> Bool) async throws {
    let (isOn, pause) = settings()
    guard isOn, let stored = try await checkpoints.mapping(of: .personAccounts, tenant: tenant) else { return }
    let columns = stored.mapping.twoWayColumns
    guard !columns.isEmpty else { return }
    let round = WriteBackRound(
      tenant: tenant, veeva: veeva, destination: destination, pool: pool, checkpoints: checkpoints, limits: limits,
      columns: columns, lookAgain: pause + Self.deltaTime, isStopping: isStopping)
    while !isStopping() {
      switch WriteBackRoad(try await due(), limits) {
      case .wait: return
      case .look: return try await BulkLook(round: round).run()
      case .bulk: guard try await BulkRound(round: round).run() else { return }
      case .calls:
        // What comes after a round that was not full is gathered again.
        guard try await round.run() >= limits.persons else { return }
      }
    }
  }
}

/// How what is due is written.
enum WriteBackRoad: Equatable {
  /// By composite calls.
  case calls
  /// By a new bulk job.
  case bulk
  /// Not at all before the open job has ended: there is enough for another one.
  case wait
  /// First, somebody looks at the open job.
  case look

  init(_ due: WriteBackDemand, _ limits: WriteBackLimits) {
    self =
      switch (due.bulk, due.persons > limits.mostByCalls) {
      case (.lookDue, _): .look
      case (.free, true): .bulk
      case (.busy, true): .wait
      case (.avoided, _), (_, false): .calls
      }
  }
}

extension ObjectMapping {
  /// The columns of `person` whose changes are written to Veeva, by name.
  var twoWayColumns: [String: MappedColumn] {
    let columns = tables.first { $0.table == "person" }?.columns.filter(\.direction.reachesVeeva) ?? []
    return Dictionary(columns.map { ($0.column, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

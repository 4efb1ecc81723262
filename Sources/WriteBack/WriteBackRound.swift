import Checkpoints
import PostgreSQL
import PostgresDestination
import SyncModel
import Veeva

/// One round by composite calls: claims changes of up to 200 persons, reads what Veeva has, writes what is left, and settles it. Two calls
/// where nothing is refused.
struct WriteBackRound: Sendable {
  let tenant: String
  let veeva: VeevaClient
  let destination: PostgresDestination
  let pool: PostgresPool
  let checkpoints: CheckpointStore
  let limits: WriteBackLimits
  /// The two-way columns by name.
  let columns: [String: MappedColumn]
  /// How long Veeva's own change is waited for, which the next delta brings.
  let lookAgain: Duration
  let isStopping: @Sendable () -> Bool

  static let object = SourceObject.personAccounts
  /// How long a change of a column that the mapping does not know as two-way is left alone: the mapping changes soon.
  private static let unknownColumnPause = Duration.seconds(30)

  /// - Returns: how many persons' changes were claimed.
  func run() async throws -> Int {
    let claimed = try await pool.withConnection {
      try await destination.captured(limit: limits.persons, lease: limits.lease, on: $0)
    }
    try await finishing(claimed) { open in
      let (toWrite, moment) = try await decide(open.all, &open)
      try await write(toWrite, readAt: moment, &open)
    }
    return Set(claimed.map(\.recordID)).count
  }

  /// Works on claims, and lets go of those that are not settled then.
  func finishing(_ claimed: [CapturedChange], _ work: (_ open: inout Claims) async throws -> Void) async throws {
    guard !claimed.isEmpty else { return }
    var open = Claims(claimed)
    do {
      try await work(&open)
    } catch {
      await release(open.all)
      throw error
    }
    await release(open.all)
  }

  /// Sends submissions, 200 a call.
  func write(_ submissions: [Submission], readAt moment: Instant, _ open: inout Claims) async throws {
    var queue = SubmissionQueue(submissions)
    while let call = queue.next() {
      if isStopping() { return }
      let claims = open.all
      try await pool.withConnection { try await destination.renew(claims, lease: limits.lease, on: $0) }
      try await send(call, readAt: moment, &queue, &open)
    }
  }

  /// Reads what Veeva has of at most ``VeevaClient/mostRetrieved`` persons, and settles what need not be written.
  /// - Returns: what is to be written, and the source's clock at the reading.
  func decide(
    _ claimed: [CapturedChange], _ open: inout Claims
  ) async throws -> (toWrite: [Submission], moment: Instant) {
    let changes = try await known(claimed, &open)
    guard !changes.isEmpty, !isStopping() else { return ([], .distantPast) }
    let submissions = Submission.byRecord(changes)
    let fields = ["Id", "SystemModstamp"] + Set(changes.map(\.field)).sorted()
    let (records, moment) = try await noticingSchema {
      try await veeva.retrieve(submissions.map(\.recordID), of: Self.object.apiName, fields: fields)
    }
    var toWrite: [Submission] = []
    var outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
    for (row, submission) in submissions.enumerated() {
      // Of a record that cannot be read, the org says in its own words why it cannot be written.
      let isThere = records.text(row: row, column: 0) != nil
      let version = records.text(row: row, column: 1).flatMap { Instant(wire: $0) } ?? .distantPast
      let left = submission.changes.filter { change in
        guard isThere, let column = fields.firstIndex(of: change.field) else { return true }
        switch change.step(whenVeevaShows: records.text(row: row, column: column)) {
        case .write: return true
        case .nothing: outcomes.append((change.change, .written(at: version)))
        case .giveWay: outcomes.append((change.change, .overtaken(lookAgain: lookAgain)))
        }
        return false
      }
      if !left.isEmpty { toWrite.append(Submission(recordID: submission.recordID, changes: left)) }
    }
    try await settle(outcomes, &open)
    return (toWrite, moment)
  }

  /// The changes whose field is known; settles the others.
  private func known(_ claimed: [CapturedChange], _ open: inout Claims) async throws -> [FieldChange] {
    var changes: [FieldChange] = []
    var others: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
    for change in claimed {
      if VeevaID.widened(change.recordID) != change.recordID {
        // One id that is none would fail the whole call.
        others.append((change, .gone(reason: "no account can have this id")))
      } else if let known = FieldChange(change, in: columns) {
        changes.append(known)
      } else {
        others.append((change, .released(after: Self.unknownColumnPause)))
      }
    }
    try await settle(others, &open)
    return changes
  }

  /// Makes one call.
  private func send(
    _ call: [Submission], readAt moment: Instant, _ queue: inout SubmissionQueue, _ open: inout Claims
  ) async throws {
    let answers: [UpdateOutcome]
    do {
      answers = try await noticingSchema { try await veeva.update(call.map(\.update), of: Self.object.apiName) }
    } catch let error as VeevaError where error.code == .badRequest {
      // Salesforce: a value that cannot be read fails the whole call, whatever else is in it.
      if queue.split(call) { return }
      let guilty = call.flatMap(\.changes).map(\.change)
      return try await settle(guilty.map { ($0, .refused(reason: error.reason)) }, &open)
    }
    var outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
    var needsSchema = false
    for (submission, answer) in zip(call, answers) {
      let verdict = Verdict(
        submission, answer, readAt: moment, retry: limits.retry, chance: .random(in: 0..<1))
      outcomes += verdict.outcomes
      queue.add(verdict.again)
      needsSchema = needsSchema || verdict.needsSchema
    }
    try await settle(outcomes, &open)
    if needsSchema { try await checkpoints.askForSchema(of: Self.object, tenant: tenant) }
  }

  /// Lets the object's schema be read again where a call says that it has changed.
  func noticingSchema<R: Sendable>(_ call: () async throws -> R) async throws -> R {
    do {
      return try await call()
    } catch let error as VeevaError where error.disposition == .refreshSchema {
      try await checkpoints.askForSchema(of: Self.object, tenant: tenant)
      throw error
    }
  }

  func settle(
    _ outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)], _ open: inout Claims
  ) async throws {
    guard !outcomes.isEmpty else { return }
    try await pool.withConnection { try await destination.settle(outcomes, on: $0) }
    open.settled(outcomes.map(\.change))
  }

  /// Lets go of what was not decided. What may have been written stays recorded as sent.
  func release(_ changes: [CapturedChange]) async {
    guard !changes.isEmpty else { return }
    // In a task of its own: this one may be cancelled, and others should not have to wait for the claims to end.
    await Task {
      try? await pool.withConnection {
        try await destination.settle(changes.map { ($0, .released(after: .zero)) }, on: $0)
      }
    }.value
  }
}

extension VeevaError {
  /// The org's code and words.
  fileprivate var reason: String { errorCode.map { "\($0): \(message)" } ?? message }
}

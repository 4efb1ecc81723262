import Checkpoints
import PostgreSQL
import PostgresDestination
import SyncModel
import Veeva

/// Looks at the open bulk job, once: where it has ended, what became of its changes is settled, set by set. Where its
/// maker has died before there was one, its changes are claimed again.
///
/// Whoever looks may stop or die at any time; the next one begins again, and settling twice does no harm.
struct BulkLook: Sendable {
  let round: WriteBackRound

  /// A job that does not end is given up: the org does not keep one for longer that nobody completes.
  private static let longest = Duration.seconds(24 * 3600)
  private static let object = WriteBackRound.object.apiName

  func run() async throws {
    let turn = try await round.pool.withConnection {
      try await round.destination.turnToLook(lease: round.limits.bulkLease, on: $0)
    }
    guard let turn else { return }
    guard let job = turn.job else { return try await end(turn, .zero, Tally()) }
    do {
      try await look(at: job, turn)
    } catch {
      try? await Task { try await lookLater(turn) }.value
      throw error
    }
  }

  private func lookLater(_ turn: BulkTurn) async throws {
    try await round.pool.withConnection { try await round.destination.lookLater(turn: turn, on: $0) }
  }

  private func look(at job: String, _ turn: BulkTurn) async throws {
    var tally = Tally()
    var avoid = Duration.zero
    var failure: VeevaError?
    do {
      let state = try await round.veeva.bulkUpdate(job, of: Self.object).state
      // Whoever made it was cut off before it began: following aborts it.
      let isOurAbort = state == .open
      if !state.isEnd, !isOurAbort {
        if turn.age > Self.longest { try await round.veeva.abortBulkUpdate(job, of: Self.object) }
        return try await lookLater(turn)
      }
      do {
        try await round.veeva.followBulkUpdate(job, of: Self.object) { try await take($0, &tally) }
      } catch let error as VeevaError where error.code == .jobAborted && isOurAbort {}
    } catch let error as VeevaError where error.isEndOfJob || turn.age > Self.longest {
      failure = error
      avoid = error.code == .jobAborted ? BulkRound.shortAvoidance : BulkRound.avoidance
    }
    if tally.needsSchema || failure?.disposition == .refreshSchema {
      try await round.checkpoints.askForSchema(of: WriteBackRound.object, tenant: round.tenant)
    }
    try await end(turn, avoid, tally)
    if let failure { throw failure }
  }

  /// Ends the job. What is to be written without what stood in its way goes by composite calls, after another reading;
  /// everything else that was not told is claimed again.
  private func end(_ turn: BulkTurn, _ avoid: Duration, _ tally: Tally) async throws {
    let limits = round.limits
    let left = try await round.pool.withConnection {
      try await round.destination.endBulk(turn: turn, lease: limits.lease, avoid: avoid, on: $0)
    }
    try await round.finishing(left) { open in
      let again = left.filter { tally.again.contains(Claims.Key($0)) }
      let others = left.filter { !tally.again.contains(Claims.Key($0)) }
      try await round.settle(others.map { ($0, .released(after: .zero)) }, &open)
      for some in again.inRecords(VeevaClient.mostUpdates) where !round.isStopping() {
        let (toWrite, moment) = try await round.decide(some, &open)
        try await round.write(toWrite, readAt: moment, &open)
      }
    }
  }

  /// What was learned while outcomes came.
  struct Tally {
    var again: Set<Claims.Key> = []
    var needsSchema = false
  }

  /// Takes in some outcomes.
  private func take(_ answers: [RecordOutcome], _ tally: inout Tally) async throws {
    let carried = try await round.pool.withConnection {
      try await round.destination.carried(of: answers.compactMap { VeevaID.widened($0.id) }, on: $0)
    }
    let result = BulkAnswers(
      answers, of: carried, columns: round.columns, retry: round.limits.retry, chance: .random(in: 0..<1))
    try await round.pool.withConnection { try await round.destination.settle(result.outcomes, on: $0) }
    tally.again.formUnion(result.again)
    tally.needsSchema = tally.needsSchema || result.needsSchema
  }
}

/// What follows from some of a bulk job's results, which come in no order.
struct BulkAnswers: Sendable {
  private(set) var outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
  /// What is written once more, without what stood in its way.
  private(set) var again: Set<Claims.Key> = []
  private(set) var needsSchema = false

  /// - Parameters:
  ///   - carried: what the job carries of these records.
  ///   - chance: from 0 up to, not including, 1.
  init(
    _ answers: [RecordOutcome], of carried: [CarriedChange], columns: [String: MappedColumn], retry: RetryPolicy,
    chance: Double
  ) {
    let records = Dictionary(grouping: carried, by: \.change.recordID)
    for answer in answers {
      // What the job did not come to is claimed again, which is no failed attempt.
      if case .refused(let refusal) = answer.outcome, refusal.code == UpdateRefusal.notProcessedCode { continue }
      guard let id = VeevaID.widened(answer.id), let own = records[id], let moment = own.first?.readAt else { continue }
      let changes = own.compactMap { FieldChange($0.change, in: columns) }
      guard !changes.isEmpty else { continue }
      let verdict = Verdict(
        Submission(recordID: id, changes: changes), answer.outcome, readAt: moment, retry: retry, chance: chance)
      outcomes += verdict.outcomes
      again.formUnion(verdict.again.flatMap(\.changes).map { Claims.Key($0.change) })
      needsSchema = needsSchema || verdict.needsSchema
    }
  }
}

extension VeevaError {
  /// Whether nothing more will be heard of the bulk job.
  fileprivate var isEndOfJob: Bool { [.jobFailed, .jobAborted, .resultsGone, .invalidField, .notFound].contains(code) }
}

extension [CapturedChange] {
  /// In parts of some records each, all changes of a record together, as they are sorted.
  fileprivate func inRecords(_ most: Int) -> [[CapturedChange]] {
    var parts: [[CapturedChange]] = []
    var ids: Set<String> = []
    for change in self {
      if parts.isEmpty || (!ids.contains(change.recordID) && ids.count == most) {
        parts.append([])
        ids = []
      }
      ids.insert(change.recordID)
      parts[parts.count - 1].append(change)
    }
    return parts
  }
}

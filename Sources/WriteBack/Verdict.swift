import PostgresDestination
import SyncModel
import Veeva

/// What follows from the org's answer about one record: the only place where this is decided.
struct Verdict: Sendable {
  /// What became of changes.
  var outcomes: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
  /// What is written once more, without what stood in its way.
  var again: [Submission] = []
  /// Whether the org's schema, or what the sync user may do, is not what it was.
  var needsSchema = false

  /// - Parameters:
  ///   - moment: the source's clock when the record was read before.
  ///   - chance: from 0 up to, not including, 1.
  init(_ submission: Submission, _ answer: UpdateOutcome, readAt moment: Instant, retry: RetryPolicy, chance: Double) {
    switch answer {
    case .updated: outcomes = submission.changes.map { ($0.change, .written(at: moment)) }
    case .refused(let refusal): judge(submission, refusal, retry, chance)
    }
  }

  private mutating func judge(
    _ submission: Submission, _ refusal: UpdateRefusal, _ retry: RetryPolicy, _ chance: Double
  ) {
    let reason = refusal.description
    switch refusal.consequence {
    case .gone: outcomes = submission.changes.map { ($0.change, .gone(reason: reason)) }
    case .retry: outcomes = submission.changes.map { ($0.change, Self.putOff($0.change, reason, retry, chance)) }
    case .retryOnce where submission.changes.contains(where: { $0.change.attempts == 0 }):
      outcomes = submission.changes.map { ($0.change, Self.putOff($0.change, reason, retry, chance)) }
    case .retryOnce, .refused:
      blame(submission, refusal) { ($0, .refused(reason: reason)) }
    case .schema:
      blame(submission, refusal) { ($0, Self.putOff($0, reason, retry, chance)) }
      needsSchema = !outcomes.isEmpty
    }
  }

  /// Finds the fields that a refusal is about; the others are written without them. Where it names none of several,
  /// each goes on its own.
  private mutating func blame(
    _ submission: Submission, _ refusal: UpdateRefusal,
    _ sentence: (CapturedChange) -> (CapturedChange, WriteBackOutcome)
  ) {
    let names = Set(refusal.fields.map { $0.lowercased() })
    var guilty = submission.changes.filter { names.contains($0.field.lowercased()) }
    if guilty.isEmpty, submission.changes.count == 1 { guilty = submission.changes }
    if guilty.isEmpty {
      again = submission.apart
      return
    }
    outcomes = guilty.map { sentence($0.change) }
    let rest = submission.changes.filter { !guilty.contains($0) }
    if !rest.isEmpty { again = [Submission(recordID: submission.recordID, changes: rest)] }
  }

  /// Another try after a pause; none when there have been enough.
  private static func putOff(
    _ change: CapturedChange, _ reason: String, _ retry: RetryPolicy, _ chance: Double
  ) -> WriteBackOutcome {
    switch retry.decide(.transient, failures: change.attempts, chance: chance) {
    case .retry(let pause): .retry(after: pause)
    case .deadLetter: .refused(reason: "\(reason), \(change.attempts + 1) times")
    }
  }
}

import Checkpoints
import SyncModel
import Testing
import Veeva

@testable import PostgresDestination
@testable import WriteBack

@Suite("What write-back asks for, and what follows from answers")
struct DemandTests {
  @Test(
    "changes are gathered, until there are enough or the first has waited long enough",
    arguments: [
      (0, 0, nil, 0, .seconds(5)), (0, 0, 2, 0, .seconds(2)), (3, 4, nil, 0, .seconds(5)), (3, 7, nil, 0, .seconds(3)),
      (3, 10, nil, 1, .seconds(5)), (200, 0, nil, 1, .seconds(5)), (201, 0, nil, 2, .seconds(5)),
      (1, 9.999, nil, 0, .milliseconds(20)),
    ] as [(Int, Double, Double?, Int, Duration)])
  func demand(persons: Int, due: Double, next: Double?, workers: Int, askAgain: Duration) {
    let demand = WriteBackErrand.demand(
      WriteBackDemand(persons: persons, dueSeconds: due, nextSeconds: next), gathering: .seconds(10), persons: 200)
    #expect(demand == ErrandDemand(workers: workers, askAgain: askAgain))
  }

  private static func change(_ id: String, _ field: String, attempts: Int = 0) -> FieldChange {
    FieldChange(
      change: CapturedChange(
        recordID: id, column: field.lowercased(), state: TwoWayValue(value: "m", agreed: "a", sent: ["m"]), token: 1,
        attempts: attempts, json: "\"m\""),
      field: field, type: .text)
  }

  @Test("no call holds a record twice, nor more records than it may; nothing is left out")
  func queue() {
    var queue = SubmissionQueue(
      ["A", "B", "A", "C", "A"].enumerated().map {
        Submission(recordID: $1, changes: [Self.change($1, "F\($0)")])
      })
    var calls: [[String]] = []
    while let call = queue.next(limit: 2) { calls.append(call.map { "\($0.recordID)\($0.changes[0].field)" }) }
    #expect(calls == [["AF0", "BF1"], ["AF2", "CF3"], ["AF4"]])
  }

  @Test("a call that fails as a whole is taken apart until one field is left")
  func split() throws {
    var queue = SubmissionQueue(
      ["A", "B", "C"].map { Submission(recordID: $0, changes: [Self.change($0, "F"), Self.change($0, "G")]) })
    var single = 0
    while let call = queue.next() { if !queue.split(call) { single += 1 } }
    #expect(single == 6)
  }

  private func verdict(_ changes: [FieldChange], _ code: String, fields: [String] = []) -> Verdict {
    Verdict(
      Submission(recordID: "A", changes: changes), .refused(UpdateRefusal(code: code, message: "No", fields: fields)),
      readAt: Instant(seconds: 1), retry: RetryPolicy(maxFailures: 2), chance: 0)
  }

  @Test("each refusal has its consequence")
  func verdicts() {
    let (f, g) = (Self.change("A", "F"), Self.change("A", "G", attempts: 1))
    let named = verdict([f, g], "STRING_TOO_LONG", fields: ["g", "Other"])
    #expect(named.outcomes.map(\.change.column) == ["g"] && named.again.map(\.changes) == [[f]])
    let unnamed = verdict([f, g], "DUPLICATES_DETECTED", fields: ["Other"])
    #expect(unnamed.outcomes.isEmpty && unnamed.again.map(\.changes) == [[f], [g]])
    let locked = verdict([f, g], "UNABLE_TO_LOCK_ROW")
    #expect(locked.outcomes.map(\.outcome).first == .retry(after: .milliseconds(500)))
    #expect(locked.outcomes.last?.outcome == .refused(reason: "UNABLE_TO_LOCK_ROW: No, 2 times"))
    let trigger = verdict([f], "CANNOT_EXECUTE_FLOW_TRIGGER")
    #expect(trigger.outcomes.first?.outcome == .retry(after: .milliseconds(500)))
    #expect(
      verdict([g], "CANNOT_EXECUTE_FLOW_TRIGGER").outcomes.first?.outcome
        == .refused(reason: "CANNOT_EXECUTE_FLOW_TRIGGER: No"))
    let gone = verdict([f, g], "ENTITY_IS_DELETED")
    #expect(
      gone.outcomes.allSatisfy { $0.outcome == .gone(reason: "ENTITY_IS_DELETED: No") } && gone.outcomes.count == 2)
    let schema = verdict([f, g], "INVALID_FIELD_FOR_INSERT_UPDATE", fields: ["F"])
    #expect(schema.needsSchema && schema.again.map(\.changes) == [[g]])
    #expect(schema.outcomes.first?.outcome == .retry(after: .milliseconds(500)))
  }
}

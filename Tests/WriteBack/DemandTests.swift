import Checkpoints
import Testing
import Veeva

@testable import PostgresDestination
@testable import SyncModel
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
      WriteBackDemand(persons: persons, dueSeconds: due, nextSeconds: next), gathering: .seconds(10),
      limits: WriteBackLimits())
    #expect(demand == ErrandDemand(workers: workers, askAgain: askAgain))
  }

  @Test(
    "many persons go by one job, and wait for its end; whoever looks at it comes first; others go by calls",
    arguments: [
      (2000, .free, .calls, 10, .seconds(5)), (2001, .free, .bulk, 1, .seconds(5)),
      (2001, .busy(seconds: 3), .wait, 0, .seconds(3)), (2000, .busy(seconds: 3), .calls, 10, .seconds(3)),
      (0, .busy(seconds: 3), .calls, 0, .seconds(3)), (0, .lookDue, .look, 1, .seconds(5)),
      (2001, .lookDue, .look, 1, .seconds(5)), (2001, .avoided, .calls, 11, .seconds(5)),
    ] as [(Int, BulkStanding, WriteBackRoad, Int, Duration)])
  func road(persons: Int, bulk: BulkStanding, road: WriteBackRoad, workers: Int, askAgain: Duration) {
    let due = WriteBackDemand(persons: persons, dueSeconds: 0, nextSeconds: nil, bulk: bulk)
    #expect(WriteBackRoad(due, WriteBackLimits()) == road)
    let demand = WriteBackErrand.demand(due, gathering: .zero, limits: WriteBackLimits())
    #expect(demand == ErrandDemand(workers: workers, askAgain: askAgain))
  }

  @Test("a bulk file leaves fields alone that a record does not name; what no file can say goes by calls")
  func fill() {
    let read = ["A", "B", "C", "D"].map { id in
      let value = ["A": "#N/A", "B": "", "C": "x\"y"][id] ?? String(repeating: "d", count: 200)
      let state = TwoWayValue<String?>(value: value, agreed: "a", sent: [value])
      let change = CapturedChange(recordID: id, column: "f", state: state, token: 1, attempts: 0, json: "1")
      return Submission(
        recordID: id, changes: [FieldChange(change: change, field: id == "C" ? "G" : "F", type: .text)])
    }
    let fill = BulkFill(read, limit: 100)
    #expect(fill.fits == [read[1], read[2]] && fill.unfit == [read[0]] && fill.left == [read[3]])
    #expect(
      String(decoding: fill.file.bytes, as: UTF8.self)
        == "\"Id\",\"F\",\"G\"\n\"B\",#N/A,\n\"C\",,\"x\"\"y\"\n")
  }

  @Test("a job's results find their changes, whatever their order; what the job did not come to is neither")
  func answers() {
    let ids = ["001A", "001B", "001C", "001D"].map { VeevaID.widened($0 + "00000000000") ?? "" }
    let columns = Dictionary(
      uniqueKeysWithValues: ["F", "G"].map {
        (
          $0.lowercased(),
          MappedColumn(
            column: $0.lowercased(), field: $0, type: .text, direction: .bothWays, source: 0, raisesEvents: false,
            referenceTo: nil, length: nil)
        )
      })
    let carried = ids.flatMap { id in
      ["F", "G"].map { CarriedChange(change: Self.change(id, $0).change, readAt: Instant(seconds: 7)) }
    }
    let refusal = UpdateRefusal(code: "STRING_TOO_LONG", message: "No", fields: ["F"])
    let result = BulkAnswers(
      [
        RecordOutcome(id: ids[2], outcome: .refused(UpdateRefusal(code: "NOT_PROCESSED", message: ""))),
        RecordOutcome(id: ids[1], outcome: .refused(refusal)), RecordOutcome(id: "001Z", outcome: .updated),
        RecordOutcome(id: String(ids[0].prefix(15)), outcome: .updated),
        RecordOutcome(id: ids[3], outcome: .refused(UpdateRefusal(code: "DUPLICATES_DETECTED", message: "No"))),
      ], of: carried, columns: columns, retry: RetryPolicy(), chance: 0)
    let outcomes = result.outcomes.map { "\($0.change.recordID) \($0.change.column) \($0.outcome)" }.sorted()
    let written = WriteBackOutcome.written(at: Instant(seconds: 7))
    #expect(
      outcomes == [
        "\(ids[0]) f \(written)", "\(ids[0]) g \(written)",
        "\(ids[1]) f \(WriteBackOutcome.refused(reason: "STRING_TOO_LONG: No (F)"))",
      ])
    #expect(
      result.again
        == [
          .init(recordID: ids[1], column: "g"), .init(recordID: ids[3], column: "f"),
          .init(recordID: ids[3], column: "g"),
        ])
    #expect(!result.needsSchema)
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

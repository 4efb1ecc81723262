import HTTP
import Simulator
import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("Updates in bulk", .timeLimit(.minutes(5)))
struct BulkUpdateTests {
  private static let fields = ["LastName", "PersonTitle", "PersonHasOptedOutOfEmail", "Prescriber_Score__pc"]
  private static let quick = BulkUpdateOptions(firstPause: .milliseconds(5), longestPause: .milliseconds(50))

  /// What a test was told.
  private actor Told {
    var outcomes: [String: UpdateOutcome] = [:]
    var jobs: [String] = []
    var promised: [String] = []

    func note(_ told: [RecordOutcome]) {
      for record in told { outcomes[record.id] = record.outcome }
    }

    func note(_ job: String, _ ids: [String]) {
      jobs.append(job)
      promised += ids
    }

    var updated: Int { outcomes.values.count { $0 == .updated } }
  }

  private func persons(_ client: VeevaClient) async throws -> [[String]] {
    let fields = ["Id"] + Self.fields
    let statement = SOQL.select(fields, from: "Account") + " WHERE IsPersonAccount = true ORDER BY Id"
    return try await client.queryPage(statement, object: "Account", fields: fields).texts
  }

  /// Writes records, and gives what was told.
  private func update(
    _ client: VeevaClient, _ records: [RecordUpdate], options: BulkUpdateOptions = Self.quick, into told: Told = Told()
  ) async throws -> Told {
    var rest = records[...]
    try await client.updateInBulk(
      of: "Account", fields: Self.fields, options: options, next: { rest.popFirst() },
      opened: { await told.note($0, $1) }, answered: { await told.note($0) })
    return told
  }

  @Test("records get their values, fields that are not named keep theirs, and null clears")
  func values() async throws {
    try await RunningOrg.serving { _, client in
      let before = try await persons(client)
      let records = before.enumerated().map { place, row in
        var values: [(field: String, value: WrittenValue)] = [("PersonHasOptedOutOfEmail", .boolean(place % 2 == 0))]
        if place % 3 != 0 { values.append(("lastname", .text("Né\"\n,; \(place)"))) }
        values.append(("PersonTitle", place % 5 == 0 ? .null : .text(place % 5 == 1 ? " " : "T")))
        values.append(("Prescriber_Score__pc", .number("-\(place).50")))
        return RecordUpdate(id: row[0], values: values)
      }
      let told = try await update(client, records)
      #expect(await told.updated == before.count)
      #expect(await told.jobs.count == 1)
      #expect(await told.promised == before.map { $0[0] })
      for (place, (row, was)) in zip(try await persons(client), before).enumerated() {
        #expect(row[0] == was[0] && row[1] == (place % 3 == 0 ? was[1] : "Né\"\n,; \(place)"))
        #expect(row[2] == (place % 5 <= 1 ? "" : "T") && row[3] == String(place % 2 == 0))
        #expect(Double(row[4]) == -Double(place) - 0.5)
      }
    }
  }

  @Test("more records than a file holds take several jobs, and a record that comes twice is written in turn")
  func severalFiles() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(500))
      var records = ids.map { RecordUpdate(id: $0, values: [("LastName", .text("A"))]) }
      records.insert(RecordUpdate(id: ids[0], values: [("LastName", .text("B"))]), at: 100)
      var options = Self.quick
      options.fileBytes = 5000
      let told = try await update(client, records, options: options)
      #expect(await told.updated == 500)
      #expect(await told.jobs.count > 3)
      #expect(await told.promised.count == 501)
      let row = try #require(try await persons(client).first { $0[0] == ids[0] })
      #expect(row[1] == "B")
      // Nothing is left behind.
      let job = try #require(await told.jobs.first)
      let error = await #expect(throws: VeevaError.self) { try await client.bulkUpdate(job, of: "Account") }
      #expect(error?.code == .notFound)
    }
  }

  @Test("refusals are those of a composite call, whether the org or the file has them")
  func refusals() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(8))
      try await org.cause(
        SimulatedFault(.refuseUpdate, path: ids[0], code: "UNABLE_TO_LOCK_ROW", message: "lock: 1, 2"),
        SimulatedFault(.refuseUpdate, path: ids[1], object: "Account", field: "LastName", message: "Nur: \"so\"\n!"),
        SimulatedFault(.refuseUpdate, path: ids[2], code: "ENTITY_IS_DELETED", message: "entity is deleted"))
      let long = String(repeating: "x", count: 131_073)
      let values: [(field: String, value: WrittenValue)] = [
        ("LastName", .text("A")), ("LastName", .text("A")), ("LastName", .text("A")), ("LastName", .null),
        ("LastName", .text("#N/A ")), ("Nothing__c", .null), ("PersonTitle", .text(long)), ("LastName", .text("A")),
      ]
      let records = zip(ids, values).map { RecordUpdate(id: $0, values: [$1]) }
      let bulk = try await update(client, records).outcomes
      let composite = try await client.update(Array(records.prefix(4)), of: "Account")
      for (id, outcome) in zip(ids, composite) { #expect(bulk[id] == outcome) }
      let consequences = ids.map { id -> UpdateRefusal.Consequence? in
        if case .refused(let refusal) = bulk[id] { refusal.consequence } else { nil }
      }
      #expect(consequences == [.retry, .refused, .gone, .refused, .refused, .schema, .refused, nil])
      #expect(bulk[ids[7]] == .updated && bulk.count == 8)
    }
  }

  @Test("nothing to write makes no job")
  func nothing() async throws {
    try await RunningOrg.serving { _, client in
      let told = try await update(client, [])
      #expect(await told.jobs.isEmpty)
    }
  }

  @Test("a job that fails or is aborted half way tells what was written and what was not, and then its trouble")
  func halfWay() async throws {
    for (kind, code) in [(SimulatedFault.Kind.jobFailed, VeevaError.Code.jobFailed), (.jobAborted, .jobAborted)] {
      try await RunningOrg.serving { org, client in
        try await org.cause(SimulatedFault(kind, path: "update Account"))
        let ids = Array(try await persons(client).map { $0[0] }.prefix(40))
        let told = Told()
        let error = await #expect(throws: VeevaError.self) {
          _ = try await update(
            client, ids.map { RecordUpdate(id: $0, values: [("LastName", .text("A"))]) }, into: told)
        }
        #expect(error?.code == code && error?.object == "Account")
        #expect(await told.updated == 20)
        #expect(await told.outcomes.values.count { $0 == .refused(.notProcessed) } == 20)
        #expect(UpdateRefusal.notProcessed.consequence == .retry)
      }
    }
  }

  @Test("a column that the user cannot see fails the job as a change of the schema")
  func hiddenField() async throws {
    try await RunningOrg.serving { org, client in
      let id = try #require(try await persons(client).first?[0])
      try await org.cause(SimulatedFault(.hideField, path: "/batches", field: "Account.PersonTitle"))
      let error = await #expect(throws: VeevaError.self) {
        _ = try await update(client, [RecordUpdate(id: id, values: [("LastName", .text("A"))])])
      }
      #expect(error?.code == .invalidField && error?.disposition == .refreshSchema)
    }
  }

  struct Trouble: Sendable, CustomTestStringConvertible {
    let fault: SimulatedFault
    let code: VeevaError.Code
    /// Whether the records are written though the caller is told of trouble.
    let isWritten: Bool
    var testDescription: String { "\(fault.kind) \(fault.method ?? "GET") \(fault.path ?? "")" }
  }

  static let troubles: [Trouble] = [
    .init(fault: .init(.status, method: "POST", path: "/ingest", status: 503), code: .server, isWritten: false),
    .init(fault: .init(.cutBody, method: "POST", path: "/ingest", bytes: 0), code: .network, isWritten: false),
    .init(fault: .init(.status, method: "PUT", status: 500), code: .server, isWritten: false),
    .init(fault: .init(.status, method: "PATCH", status: 503, html: true), code: .server, isWritten: false),
    .init(fault: .init(.status, path: "Results", status: 503), code: .server, isWritten: true),
    .init(fault: .init(.cutBody, path: "/successfulResults", bytes: 300), code: .network, isWritten: true),
    .init(fault: .init(.truncatedBody, path: "/successfulResults", bytes: 3000), code: .truncated, isWritten: true),
    .init(fault: .init(.truncatedBody, path: "/successfulResults", bytes: 0), code: .truncated, isWritten: true),
    .init(fault: .init(.truncatedGzip, path: "/successfulResults", bytes: 300), code: .network, isWritten: true),
  ]

  @Test("trouble is an error of its kind, and what a job came to can be learnt by its id", arguments: troubles)
  func trouble(trouble: Trouble) async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(300))
      let records = ids.map { RecordUpdate(id: $0, values: [("LastName", .text("Trouble"))]) }
      try await org.cause(trouble.fault)
      let told = Told()
      let error = await #expect(throws: VeevaError.self) { _ = try await update(client, records, into: told) }
      #expect(error?.code == trouble.code, "\(error?.description ?? "")")
      #expect(try await org.fired().allSatisfy { $0 > 0 })
      _ = try await org.http.send(HTTPRequest(method: "DELETE", url: org.url + "/simulator/faults"))
      guard let job = await told.jobs.first else {
        #expect(!trouble.isWritten)
        return
      }
      let followed = Told()
      let end = await Result {
        try await client.followBulkUpdate(job, of: "Account", options: Self.quick) { await followed.note($0) }
      }
      if trouble.isWritten {
        try end.get()
        #expect(await followed.updated == 300)
        let last = try await persons(client).prefix(300).map { $0[1] }
        #expect(last.allSatisfy { $0 == "Trouble" })
      } else {
        #expect(throws: VeevaError.self) { try end.get() }
        #expect(await followed.updated == 0)
        #expect(try await persons(client).allSatisfy { $0[1] != "Trouble" })
      }
    }
  }

  @Test("an answer to the start of a job that is lost does no harm")
  func lostStart() async throws {
    try await RunningOrg.serving { org, client in
      let id = try #require(try await persons(client).first?[0])
      try await org.cause(SimulatedFault(.cutBody, method: "PATCH", path: "/ingest", count: 1, bytes: 0))
      let told = try await update(client, [RecordUpdate(id: id, values: [("LastName", .text("A"))])])
      #expect(await told.updated == 1)
      #expect(try await org.fired() == [1])
    }
  }

  @Test("a job whose maker was cut off before it started is ended by who follows it, and nothing of it is done")
  func abandoned() async throws {
    try await RunningOrg.serving { _, client in
      let id = try #require(try await persons(client).first?[0])
      var file = BulkUpdateFile(fields: Self.fields)
      #expect(file.append(RecordUpdate(id: id, values: [("LastName", .text("Abandoned"))])) == .added)
      let job = try await client.createBulkUpdate(of: "Account")
      #expect(job.state == .open)
      try await client.upload(file, to: job.id, of: "Account")
      let told = Told()
      let error = await #expect(throws: VeevaError.self) {
        try await client.followBulkUpdate(job.id, of: "Account", options: Self.quick) { await told.note($0) }
      }
      #expect(error?.code == .jobAborted)
      #expect(await told.outcomes == [id: .refused(.notProcessed)])
      #expect(try await persons(client).allSatisfy { $0[1] != "Abandoned" })
      let gone = await #expect(throws: VeevaError.self) {
        try await client.followBulkUpdate(job.id, of: "Account", options: Self.quick) { await told.note($0) }
      }
      #expect(gone?.code == .resultsGone)
    }
  }

  @Test("a job can be followed by its id while it is at work")
  func slow() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(10))
      try await org.cause(SimulatedFault(.slowJob, path: "update", milliseconds: 300))
      var file = BulkUpdateFile(fields: Self.fields)
      for id in ids { #expect(file.append(RecordUpdate(id: id, values: [("LastName", .text("A"))])) == .added) }
      let job = try await client.createBulkUpdate(of: "Account").id
      try await client.upload(file, to: job, of: "Account")
      try await client.startBulkUpdate(job, of: "Account")
      let told = Told()
      try await client.followBulkUpdate(job, of: "Account", options: Self.quick) { await told.note($0) }
      #expect(await told.updated == 10)
    }
  }
}

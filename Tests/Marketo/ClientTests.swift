import Foundation
import HTTP
import Logging
import ServiceLifecycle
import Simulator
import TestSupport
import Testing

@testable import Marketo

/// A simulated instance, and our client for it.
struct AgainstSimulatedMarketo: Sendable {
  let client: MarketoClient
  let http: HTTPClient
  let baseURL: String

  static func run(
    _ change: (inout SimulatedMarketoOptions) -> Void = { _ in },
    _ test: @escaping @Sendable (AgainstSimulatedMarketo) async throws -> Void
  ) async throws {
    var options = SimulatedMarketoOptions()
    options.processingTime = .zero
    change(&options)
    let (id, secret) = (options.clientID, options.clientSecret)
    let (ports, listening) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let instance = SimulatedMarketo(options: options, logger: logger) { listening.yield($0) }
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: instance, failureTerminationBehavior: .cancelGroup)], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      let baseURL = "http://127.0.0.1:\(try #require(await iterator.next()))"
      let http = HTTPClient()
      let credentials = MarketoCredentials(baseURL: baseURL + "/rest", clientID: id, clientSecret: secret)
      let all = AgainstSimulatedMarketo(
        client: MarketoClient(credentials: credentials, http: http), http: http, baseURL: baseURL)
      do {
        try await test(all)
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @discardableResult
  func admin(_ path: String, _ json: String? = nil) async throws -> [String: Any] {
    let response = try await http.send(
      HTTPRequest(
        method: json == nil ? "GET" : "POST", url: "\(baseURL)/simulator/\(path)", body: json.map { Array($0.utf8) }))
    let answer = try JSONSerialization.jsonObject(with: Data(response.body))
    return answer as? [String: Any] ?? [:]
  }

  /// A batch of these objects.
  static func batch(_ records: [String]) -> RecordBatch {
    var batch = RecordBatch()
    for record in records { _ = batch.append(Array(record.utf8)) }
    return batch
  }
}

@Suite("Marketo client, against the simulated instance")
struct ClientTests {
  private typealias Instance = AgainstSimulatedMarketo

  @Test("leads are described, written, found and deleted; each outcome answers its record")
  func leads() async throws {
    try await Instance.run { marketo in
      let described = try await marketo.client.describe(.lead)
      #expect(described.searchableFields.contains(["email"]))
      #expect(described.fields.first { $0.name == "firstName" }?.isWritable == true)
      let outcomes = try await marketo.client.syncLeads(
        Instance.batch([#"{"email":"a@example.org"}"#, #"{"nothing":1}"#, #"{"email":"b@example.org"}"#]),
        lookupField: "email")
      #expect(outcomes.map(\.status) == [.created, .skipped, .created])
      #expect(outcomes[1].reasons.first?.code == "1006")
      let page = try await marketo.client.query(
        .lead, by: "email", ["a@example.org", "b@example.org"], fields: ["id", "email"])
      #expect(page.records.compactMap { $0["email"]?.text } == ["a@example.org", "b@example.org"] && !page.hasMore)
      let ids = page.records.compactMap { $0["id"]?.whole }
      #expect(ids == [outcomes[0].id, outcomes[2].id].compactMap { $0 })
      #expect(try await marketo.client.deleteLeads(ids + [1]).map(\.status) == [.deleted, .deleted, .deleted])
    }
  }

  @Test("results that come in another order find their records by seq")
  func bySeq() async throws {
    try await Instance.run { marketo in
      try await marketo.admin(
        "faults", #"[{"kind":"reversedResults"},{"kind":"numericCodes"},{"kind":"extraMembers"}]"#)
      let outcomes = try await marketo.client.sync(
        .company, Instance.batch([#"{"externalCompanyId":"1"}"#, #"{"x":1}"#, #"{"externalCompanyId":"2"}"#]))
      #expect(outcomes.map(\.status) == [.created, .skipped, .created] && outcomes[1].reasons.first?.code == "1006")
    }
  }

  @Test("calls that meet a dead token share one renewal", arguments: ["expire", "invalidate"])
  func renewal(_ death: String) async throws {
    try await Instance.run { marketo in
      _ = try await marketo.client.describe(.company)
      try await marketo.admin("tokens/\(death)", "")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 { group.addTask { _ = try await marketo.client.describe(.company) } }
        try await group.waitForAll()
      }
      #expect(try await marketo.admin("counts")["tokensIssued"] as? Int == 2)
    }
  }

  @Test("a refusal says what to do, and a second dead token is not looped on")
  func refusals() async throws {
    try await Instance.run { marketo in
      for (code, disposition) in [
        (606, MarketoError.Disposition.waitForLimit(.rate)), (607, .waitForLimit(.daily)), (603, .hopeless),
        (608, .retry), (601, .renewToken),
      ] {
        try await marketo.admin("faults", "[{\"kind\":\"code\",\"code\":\(code),\"path\":\"companies\",\"count\":2}]")
        let error = await #expect(throws: MarketoError.self) { try await marketo.client.describe(.company) }
        #expect(error?.disposition == disposition && error?.reason.code == String(code))
        _ = try? await marketo.client.describe(.company)
      }
    }
  }

  @Test("wrong credentials stop at once, and the secret is in no error")
  func credentials() async throws {
    try await Instance.run { marketo in
      let wrong = MarketoCredentials(baseURL: marketo.baseURL, clientID: "crmsync-client", clientSecret: "hush-hush")
      let client = MarketoClient(credentials: wrong, http: marketo.http)
      let error = await #expect(throws: MarketoError.self) { try await client.describe(.company) }
      #expect(error?.disposition == .hopeless && error?.status == 401)
      #expect(error?.description.contains("hush") == false)
    }
  }

  @Test("an import goes through, and its failures are read as a file")
  func imports() async throws {
    try await Instance.run { marketo in
      let csv = Array("email,leadScore\na@example.org,1\nb@example.org,high\n".utf8)
      let started = try await marketo.client.startImport(.lead, csv: csv, lookupField: "email")
      var state = started
      try await until("the import to end", within: .seconds(60)) {
        state = try await marketo.client.importState(.lead, started.id)
        return state.status == .complete
      }
      #expect(state.processed == 1 && state.failed == 1 && state.warned == 0)
      try await marketo.admin("tokens/expire", "")
      let file = try #require(try await marketo.client.importFailures(.lead, started.id))
      #expect(
        String(decoding: file, as: UTF8.self).hasSuffix(
          "\nb@example.org,high,Invalid data type in field Person Score\n"))
      let unknown = await #expect(throws: MarketoError.self) { try await marketo.client.importFailures(.lead, 1) }
      #expect(unknown?.reason.code == "1013")
      #expect(try await marketo.client.importWarnings(.lead, started.id) == nil)
      let large = [UInt8](repeating: 0x61, count: 10 << 20)
      let error = await #expect(throws: MarketoError.self) { try await marketo.client.startImport(.lead, csv: large) }
      #expect(error?.disposition == .split)
    }
  }

  @Test("lead changes are followed from token to token")
  func changes() async throws {
    try await Instance.run { marketo in
      let start = try await marketo.client.pagingToken(since: "2020-01-01T00:00:00+01:00")
      _ = try await marketo.client.syncLeads(Instance.batch([#"{"email":"a@example.org"}"#]), lookupField: "email")
      _ = try await marketo.client.syncLeads(
        Instance.batch([#"{"email":"a@example.org","phone":"1"}"#]), lookupField: "email")
      let page = try await marketo.client.leadChanges(from: start, fields: ["phone", "email"])
      #expect(page.records.map(\.activityTypeID) == [12, 13] && !page.hasMore)
      #expect(page.records[1].values.first?.newValue == "1")
      let next = try await marketo.client.leadChanges(from: try #require(page.next), fields: ["phone"])
      #expect(next.records.isEmpty && next.next != nil)
    }
  }
}

@Suite("Marketo client: schema, usage and files", .timeLimit(.minutes(2)))
struct SchemaTests {
  private typealias Instance = AgainstSimulatedMarketo

  @Test("lead fields are made once, found by, and written")
  func leadFields() async throws {
    try await Instance.run { marketo in
      let fields = [
        NewLeadField(name: "veevaId", displayName: "Veeva Id", dataType: "string"),
        NewLeadField(name: "wrong", displayName: "Wrong", dataType: "text"),
      ]
      let outcomes = try await marketo.client.createLeadFields(fields)
      #expect(outcomes.map(\.isThere) == [true, false] && outcomes[1].reasons.first?.code == "1001")
      #expect(try await marketo.client.createLeadFields([fields[0]]).map(\.isThere) == [true])
      #expect(try await marketo.client.describe(.lead).searchableFields.contains(["veevaId"]))
      let many = (0...100).map { NewLeadField(name: "f\($0)", displayName: "F \($0)", dataType: "string") }
      let error = await #expect(throws: MarketoError.self) { try await marketo.client.createLeadFields(many) }
      #expect(error?.disposition == .split)
    }
  }

  @Test("a custom object is made, approved, extended and approved again, and each step may be repeated")
  func customObject() async throws {
    try await Instance.run { marketo in
      let client = marketo.client
      _ = try await client.createLeadFields([
        NewLeadField(name: "veevaId", displayName: "Veeva Id", dataType: "string")
      ])
      #expect(try await client.linkableLeadFields().contains("Veeva Id"))
      #expect(try await client.customObjectSchema("veevaCall") == nil)
      for _ in 0..<2 {
        try await client.createCustomObject(
          "veevaCall", displayName: "Veeva Call", pluralName: "Veeva Calls", description: "Kept by crmsync")
      }
      try await client.addFields(
        [
          NewObjectField(name: "veevaId", displayName: "Veeva Id", dataType: "string", isDedupeField: true),
          NewObjectField(
            name: "leadVeevaId", displayName: "Lead", dataType: "link", relatedTo: .init(name: "lead", field: "veevaId")
          ),
        ], toCustomObject: "veevaCall")
      #expect(try await client.customObjectSchema("veevaCall")?.state == .draft)
      for _ in 0..<2 { try await client.approveCustomObject("veevaCall") }
      let minutes = NewObjectField(name: "minutes", displayName: "Minutes", dataType: "integer")
      try await client.addFields([minutes], toCustomObject: "veevaCall")
      let grown = try #require(try await client.customObjectSchema("veevaCall"))
      #expect(grown.state == .approvedWithDraft && grown.fields.contains { $0.name == "minutes" })
      try await client.approveCustomObject("veevaCall")
      let approved = try #require(try await client.customObjectSchema("veevaCall"))
      #expect(approved.state == .approved && approved.dedupeFields == ["veevaId"])
      _ = try await client.syncLeads(Instance.batch([#"{"veevaId":"a"}"#]), lookupField: "veevaId")
      let outcomes = try await client.sync(
        .custom("veevaCall"),
        Instance.batch([
          #"{"veevaId":"1","leadVeevaId":"a","minutes":5}"#, #"{"veevaId":"2","leadVeevaId":"b"}"#,
        ]))
      #expect(outcomes.map(\.status) == [.created, .skipped] && outcomes[1].reasons.first?.code == "1004")
      let page = try await client.query(
        .custom("veevaCall"), byKeys: [["veevaId": "1"], ["veevaId": "2"]], fields: ["veevaId", "minutes"])
      #expect(page.records.map { $0["minutes"] } == [.whole(5)])
    }
  }

  @Test("records are found by a key of several fields")
  func compoundKey() async throws {
    try await Instance.run { marketo in
      let client = marketo.client
      try await client.createCustomObject("visit", displayName: "Visit", pluralName: "Visits", description: "")
      try await client.addFields(
        ["person", "day"].map {
          NewObjectField(name: $0, displayName: $0, dataType: "string", isDedupeField: true)
        }, toCustomObject: "visit")
      try await client.approveCustomObject("visit")
      _ = try await client.sync(
        .custom("visit"),
        Instance.batch([#"{"person":"a","day":"1"}"#, #"{"person":"a","day":"2"}"#, #"{"person":"b","day":"1"}"#]))
      let page = try await client.query(
        .custom("visit"), byKeys: [["person": "a", "day": "2"], ["person": "b", "day": "2"]], fields: ["person", "day"])
      #expect(page.records.compactMap { $0["day"]?.text } == ["2"])
    }
  }

  @Test("without the metadata API the schema calls say what to do")
  func noMetadata() async throws {
    try await Instance.run {
      $0.hasMetadataAPI = false
    } _: { marketo in
      let error = await #expect(throws: MarketoError.self) { try await marketo.client.approveCustomObject("x") }
      #expect(error?.reason.code == "616" && error?.description.contains("by hand") == true)
    }
  }

  @Test("the calls of the day are told")
  func usage() async throws {
    try await Instance.run { marketo in
      try await marketo.admin("limits", #"{"usedToday": 41}"#)
      #expect(try await marketo.client.callsToday() == 42)
    }
  }

  @Test("a file is full before an import would refuse it")
  func file() async throws {
    try await Instance.run { marketo in
      var file = ImportFile(columns: ["email", "firstName"])
      var number = 0
      let filler = String(repeating: "x", count: 200)
      while file.append("a\(number)@example.org,\(filler)".utf8) { number += 1 }
      #expect(file.rows == number && file.bytes.count > 10_000_000)
      let started = try await marketo.client.startImport(.lead, csv: file.bytes, lookupField: "email")
      #expect(started.status != .failed)
    }
  }

  @Test("rows that an import gives back are read, quotes and all")
  func returned() {
    let csv = "veevaId,note,Import Failure Reason\n1,\"a, \"\"b\"\"\nc\",bad value\r\n2,,\"x, y\"\n"
    let rows = ReturnedRows.read(Array(csv.utf8), key: "veevaId")
    #expect(rows.map(\.key) == ["1", "2"] && rows.map(\.reason) == ["bad value", "x, y"])
    #expect(ReturnedRows.read(Array(csv.utf8), key: "other").isEmpty && ReturnedRows.read([], key: "a").isEmpty)
  }
}

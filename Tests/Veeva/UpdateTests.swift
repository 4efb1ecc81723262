import Foundation
import HTTP
import Simulator
import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("Updates of records", .timeLimit(.minutes(5)))
struct UpdateTests {
  private static let fields = ["Id", "PersonEmail", "LastName", "PersonHasOptedOutOfEmail", "Prescriber_Score__pc"]

  private func persons(_ client: VeevaClient) async throws -> [[String]] {
    let statement = SOQL.select(Self.fields, from: "Account") + " WHERE IsPersonAccount = true ORDER BY Id"
    let id = try await client.completeJob(statement, object: "Account")
    return try await client.rows(of: id, object: "Account", fields: Self.fields, maxRecords: 100_000)
  }

  @Test("more records than a call takes are written in as few calls as can be, each with its outcome in place")
  func chunks() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(450))
      try #require(ids.count == 450)
      let updates = ids.enumerated().map { place, id in
        RecordUpdate(
          id: id,
          values: [
            ("PersonEmail", place % 100 == 7 ? .text("bad") : .text("m\(place)@x.example")),
            ("LastName", .text("Né\"\\\n\u{1}-\(place)")), ("PersonHasOptedOutOfEmail", .boolean(true)),
            ("Prescriber_Score__pc", place % 2 == 0 ? .null : .number("-1.25e2")),
          ])
      }
      let outcomes = try await client.update(updates, of: "Account")
      #expect(outcomes.count == 450)
      #expect(org.observer.seen.endpoints.filter { $0 == "update" }.count == 3)
      let rows = Dictionary(uniqueKeysWithValues: try await persons(client).map { ($0[0], $0) })
      for (place, outcome) in outcomes.enumerated() {
        let row = try #require(rows[ids[place]])
        if place % 100 == 7 {
          guard case .refused(let refusal) = outcome else { return #expect(Bool(false), "\(place) was taken") }
          #expect(refusal.code == "INVALID_EMAIL_ADDRESS" && refusal.fields == ["PersonEmail"])
          #expect(refusal.consequence == .refused && row[2].hasPrefix("Né") == false)
        } else {
          #expect(outcome == .updated)
          #expect(row[1] == "m\(place)@x.example" && row[2] == "Né\"\\\n\u{1}-\(place)" && row[3] == "true")
          #expect(place % 2 == 0 ? row[4] == "" : Double(row[4]) == -125, "\(row[4])")
        }
      }
    }
  }

  @Test("records are retrieved in the order of their ids, with the org's clock; what cannot be read is empty")
  func retrieved() async throws {
    try await RunningOrg.serving { org, client in
      let persons = try await persons(client)
      let ids = [persons[5][0], "001000000000000AAA", persons[1][0]]
      try await org.cause(SimulatedFault(.cutBody, path: "composite/sobjects", count: 1))
      let (records, moment) = try await client.retrieve(ids, of: "Account", fields: Self.fields)
      // Numbers have another spelling in bulk results.
      #expect(records.texts[0].prefix(4) == persons[5].prefix(4) && records.texts[2].prefix(4) == persons[1].prefix(4))
      #expect(records.texts[1] == Self.fields.map { _ in "" })
      #expect(abs(try await client.serverTime().milliseconds - moment.milliseconds) < 60_000)
    }
  }

  @Test("refusals keep the org's code and words, and say what follows")
  func refusals() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(4))
      try await org.cause(
        SimulatedFault(.refuseUpdate, path: ids[0], code: "UNABLE_TO_LOCK_ROW"),
        SimulatedFault(.refuseUpdate, path: ids[1], message: "Nur mit Einwilligung"),
        SimulatedFault(.refuseUpdate, path: ids[2], code: "ENTITY_IS_DELETED", message: "entity is deleted"))
      let updates = ids.map { RecordUpdate(id: $0, values: [("LastName", .text("A"))]) }
      let outcomes = try await client.update(updates, of: "Account")
      let consequences = outcomes.map { outcome -> UpdateRefusal.Consequence? in
        if case .refused(let refusal) = outcome { refusal.consequence } else { nil }
      }
      #expect(consequences == [.retry, .refused, .gone, nil])
      #expect(
        outcomes[1]
          == .refused(UpdateRefusal(code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: "Nur mit Einwilligung")))
    }
  }

  @Test("when a later call fails, what became of the earlier ones has been told")
  func laterCallFails() async throws {
    try await RunningOrg.serving { org, client in
      let ids = Array(try await persons(client).map { $0[0] }.prefix(300))
      try await org.cause(SimulatedFault(.status, method: "PATCH", after: 1, status: 503))
      let updates = ids.map { RecordUpdate(id: $0, values: [("LastName", .text("A"))]) }
      let told = Told()
      let error = await #expect(throws: VeevaError.self) {
        try await client.update(updates, of: "Account") { records, outcomes in
          await told.note(records.map(\.id), outcomes)
        }
      }
      #expect(error?.disposition == .retry && error?.object == "Account")
      #expect(await told.ids == Array(ids.prefix(200)))
      // A write is not repeated behind the caller's back.
      #expect(try await org.fired() == [1])
    }
  }

  private actor Told {
    var ids: [String] = []

    func note(_ records: [String], _ outcomes: [UpdateOutcome]) {
      ids += zip(records, outcomes).filter { $0.1 == .updated }.map(\.0)
    }
  }

  @Test("an answer with another number of results is no answer")
  func wrongNumber() async throws {
    let server = try ScriptedServer { request, _ in
      request.target.hasSuffix("/token") ? nil : Answer.json("[]")
    }
    let login = try ScriptedServer { _, count in Answer.token(count, instance: server.url) }
    let client = VeevaClient(
      loginURL: login.url, apiVersion: "62.0",
      credentials: .clientCredentials(clientID: "id", clientSecret: "secret"), http: HTTPClient(),
      sessions: InMemorySessionStore(), limits: RecordingObserver())
    let error = await #expect(throws: VeevaError.self) {
      try await client.update([RecordUpdate(id: "001", values: [])], of: "Account")
    }
    #expect(error?.code == .malformedAnswer)
    #expect(server.requests.map(\.method) == ["PATCH"])
  }

  @Test("the body is JSON whatever is written, and a number that is none is sent as text")
  func body() throws {
    var chance = Chance.fresh()
    for _ in 0..<500 {
      let text = String(
        String.UnicodeScalarView(
          (0..<chance.below(12)).compactMap { _ in
            Unicode.Scalar(UInt32(chance.below(chance.below(2) == 0 ? 128 : 0xD7FF)))
          }))
      let records = [
        RecordUpdate(id: "001", values: [("A", .text(text)), ("B", .number(text)), ("C", .number("-0.50"))])
      ]
      let body = UpdateBody(records[...], object: "Account").bytes
      let json = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
      let record = try #require((json["records"] as? [[String: Any]])?.first)
      #expect((record["A"] as? String) == text && (record["C"] as? NSNumber) == -0.5)
      #expect((record["B"] as? String) == text || Double(text) != nil)
    }
  }
}

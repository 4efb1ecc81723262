import Foundation
import Testing

@testable import Simulator

/// A client that this project did not write.
@Suite("simple-salesforce")
struct PythonClientTests {
  @Test("logs in, describes, queries and downloads bulk results, gets the same rows each way, and updates")
  func wholeConversation() async throws {
    let python = try await Python.with("simple-salesforce==1.12.10", module: "simple_salesforce")
    let publicPEM = try RSAKeys.publicPEM()
    let seen = try await RunningOrg.serving({
      $0.accounts = 300
      $0.restPageRows = 100
      $0.credentials.jwtPublicKeyPEM = publicPEM
    }) { org in
      let credentials = org.options.credentials
      let input = JSONValue.object([
        ("clientID", .string(credentials.clientID)), ("clientSecret", .string(credentials.clientSecret)),
        ("username", .string(credentials.username)), ("password", .string(credentials.password)),
        ("privateKey", .string(RSAKeys.privatePEM)),
      ])
      let answer = try await Python.run(
        python, [Python.script("simple_salesforce_client.py"), "http://127.0.0.1:\(org.port)"],
        input: String(decoding: input.encoded, as: UTF8.self))
      try #require(answer.status == 0, "\(answer.output)")
      let all = try await org.records("SELECT Id FROM Account", token: try await org.token(), all: true).count
      return (JSON(Array((answer.output.split(separator: "\n").last ?? "").utf8)), org.port, all)
    }
    let (json, port, all) = seen
    for flow in ["clientCredentials", "password", "jwt"] {
      #expect(json[flow][0].text == "00D5g0000000001" && json[flow][1].text == "127.0.0.1:\(port)")
    }
    #expect(json["wrongPassword"].text == "invalid_grant")
    #expect((json["fields"].number ?? 0) > 60)
    #expect(json["objects"].list.count == ObjectKind.allCases.count)
    #expect(json["limits"].number == 1_000_000 && json["usage"].number == 1_000_000)
    let total = try #require(json["total"].number)
    #expect(total >= 300)
    for way in ["queryAll", "queryAllIter", "bulk", "downloaded"] { #expect(json[way].number == total, "\(way)") }
    #expect(json["downloadedFiles"].number == (total + 199) / 200)
    #expect(json["includingDeleted"].number == all)
    #expect(json["bulkDiffersFromREST"].list.compactMap { $0.text } == [])
    #expect(json["getByID"].truth == true)
    #expect(json["updated"].number == 204 && json["readBack"].text == "Dr")
    #expect(json["collection"].list.map(\.truth) == [true, false])
    #expect(json["collectionCode"].text == "INVALID_EMAIL_ADDRESS")
    #expect(json["badUpdate"].text == "INVALID_EMAIL_ADDRESS")
    #expect(json["ingest"].list.map(\.number) == [200, 1, 200] && json["ingestUpdated"].number == 199)
    #expect(json["ingestFailed"].list.count == 1 && json["ingestFailed"][0][0].truth == true)
    #expect(
      json["ingestFailed"][0][1].text
        == "INVALID_EMAIL_ADDRESS:Email: invalid email address: nobody:PersonEmail --")
    #expect(json["ingestUnprocessed"].number == 0 && json["ingestShuffled"].truth == true)
    #expect(json["ingestReadBack"].list.map(\.text) == ["N\"\n, 0", nil, "p0@x.example"])
    #expect(json["ingestBadField"].text?.contains("Field name not found : Nothing__c") == true)
    #expect(json["badField"].text == "INVALID_FIELD" && json["expired"].text == "INVALID_SESSION_ID")
  }
}

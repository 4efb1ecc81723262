import Foundation
import Testing
import TestSupport

@testable import Simulator

@Suite("Marketo: identity, tokens and limits")
struct MarketoGateTests {
  @Test("a token stays the same until it expires, with less life each time; wrong credentials are an HTTP 401")
  func identity() async throws {
    try await RunningMarketo.serving { marketo in
      let target = "/identity/oauth/token?\(marketo.credentials)"
      try await marketo.admin("clock", #"{"advanceSeconds":100}"#)
      let second = JSON(try await marketo.send("POST", target).body)
      #expect(second["access_token"].text == marketo.token)
      let left = try #require(second["expires_in"].number)
      #expect((3400...3500).contains(left) && second["token_type"].text == "bearer")
      try await marketo.admin("clock", #"{"advanceSeconds":3501}"#)
      #expect(try await marketo.get("leads/describe.json").code == "602")
      let fresh = try await marketo.newToken()
      #expect(fresh != marketo.token)
      #expect(try await marketo.get("leads/describe.json", token: fresh)["success"].truth == true)
      for wrong in ["client_secret=no", "client_id=no", "grant_type=password"] {
        let name = wrong.prefix { $0 != "=" }
        let query = marketo.credentials.split(separator: "&").filter { !$0.hasPrefix(name) }.joined(separator: "&")
        let refused = try await marketo.send("GET", "/identity/oauth/token?\(query)&\(wrong)")
        #expect(refused.status == 401 && JSON(refused.body)["error"].text == "unauthorized")
      }
    }
  }

  @Test("a call is checked in one order: path, method, size, token, permission, content type, JSON")
  func order() async throws {
    try await RunningMarketo.serving({ $0.withheldPermissions = [.readWriteLead] }) { marketo in
      let json = [("Content-Type", "application/json")]
      let large = [UInt8](repeating: 0x20, count: 1 << 20 | 1)
      func code(_ method: String, _ target: String, token: String? = nil, body: [UInt8] = []) async throws -> String {
        let answer = try await marketo.send(method, target, token: token, headers: json, body: body)
        return answer.status == 200 ? JSON(answer.body).code ?? "ok" : String(answer.status)
      }
      #expect(try await code("GET", "/rest/v1/nothing.json", token: "no") == "610")
      #expect(try await code("GET", "/rest//v1/leads/describe.json") == "610")
      #expect(try await code("GET", "/rest/v1/leads/describe") == "610")
      #expect(try await code("GET", "/rest/bulk/v1/leads/batch/1.json") == "610")
      #expect(try await code("POST", "/rest/v1/leads/describe.json", token: "no") == "605")
      #expect(try await code("POST", "/rest/v1/leads.json", token: "no", body: large) == "413")
      let long = String(repeating: "a", count: 8200)
      #expect(try await code("GET", "/rest/v1/leads.json?filterValues=\(long)", token: "no") == "414")
      #expect(try await code("POST", "/rest/v1/leads.json", token: "no", body: [0x7B]) == "601")
      #expect(try await code("POST", "/rest/v1/leads.json", body: [0x7B]) == "603")
      #expect(try await code("GET", "/rest/v1/leads/describe.json") == "ok")
      try await marketo.admin("settings", #"{"withheldPermissions":[]}"#)
      #expect(try await code("POST", "/rest/v1/leads.json", body: [0x7B]) == "609")
      #expect(try await code("POST", "/rest/v1/leads.json", body: Array("[]".utf8)) == "609")
      #expect(try await code("POST", "/rest/v1/leads.json", body: Array("{}".utf8)) == "1002")
      #expect(try await code("POST", "/rest/v1/leads.json", body: Array("{\"input\":[]}".utf8)) == "1002")
      let plain = try await marketo.send("POST", "/rest/v1/leads.json", body: Array("{}".utf8))
      #expect(JSON(plain.body).code == "612")
    }
  }

  @Test("a token is taken from the header alone; none is 600, an unknown one 601")
  func token() async throws {
    try await RunningMarketo.serving { marketo in
      let inQuery = "/rest/v1/leads/describe.json?access_token=\(marketo.token)"
      let answer = try RawHTTP.send(port: marketo.port, "GET", inQuery)
      #expect(answer.status == 200 && JSON(answer.body).code == "600" && JSON(answer.body)["success"].truth == false)
      #expect(try await marketo.get("leads/describe.json", token: "no").code == "601")
      try await marketo.admin("tokens/expire", "")
      #expect(try await marketo.get("leads/describe.json").code == "602")
      try await marketo.admin("tokens/invalidate", "")
      #expect(try await marketo.get("leads/describe.json").code == "601")
    }
  }

  @Test("each permission opens its calls and no others")
  func permissions() async throws {
    try await RunningMarketo.serving { marketo in
      let calls: [(String, String, [MarketoPermission])] = [
        ("GET", "leads/describe.json", [.readOnlyLead, .readWriteLead]),
        ("POST", "leads.json", [.readWriteLead]), ("POST", "leads/delete.json", [.readWriteLead]),
        ("GET", "companies/describe.json", [.readWriteCompany]),
        ("GET", "salespersons/describe.json", [.readWriteSalesPerson]),
        ("GET", "customobjects.json", [.readWriteCustomObject]),
        ("GET", "customobjects/schema.json", [.readOnlyCustomObjectType, .readWriteCustomObjectType]),
        ("POST", "customobjects/schema.json", [.readWriteCustomObjectType]),
        ("GET", "leads/schema/fields.json", [.readWriteSchemaStandardField, .readWriteSchemaCustomField]),
        ("POST", "leads/schema/fields.json", [.readWriteSchemaCustomField]),
        ("GET", "activities/types.json", [.readOnlyActivity, .readWriteActivity]),
        ("POST", "activities/external.json", [.readWriteActivity]),
        ("GET", "activities/external/types.json", [.readWriteActivityMetadata]),
      ]
      func answer(_ method: String, _ path: String) async throws -> String? {
        method == "GET" ? try await marketo.get(path).code : try await marketo.post(path, "{}").code
      }
      for (method, path, needed) in calls {
        let others = MarketoPermission.allCases.filter { !needed.contains($0) }
        for withheld in [others] + needed.map({ kept in needed.filter { $0 != kept } }) {
          let names = String(decoding: JSONValue.strings(withheld.map(\.rawValue)).encoded, as: UTF8.self)
          try await marketo.admin("settings", "{\"withheldPermissions\":\(names)}")
          #expect(try await answer(method, path) != "603", "\(method) \(path) without \(withheld)")
        }
        let names = String(decoding: JSONValue.strings(needed.map(\.rawValue)).encoded, as: UTF8.self)
        try await marketo.admin("settings", "{\"withheldPermissions\":\(names)}")
        #expect(try await answer(method, path) == "603", "\(method) \(path)")
      }
    }
  }

  @Test("too many calls in the window are refused with 606, and refused calls keep the window full")
  func rate() async throws {
    try await RunningMarketo.serving({
      $0.callsPerWindow = 5
      // Long enough that it passes only when the clock is moved.
      $0.window = .seconds(3600)
      $0.tokenLifetime = .seconds(86_400)
    }) { marketo in
      for _ in 0..<5 { #expect(try await marketo.get("leads/partitions.json")["success"].truth == true) }
      #expect(try await marketo.get("leads/partitions.json").code == "606")
      try await marketo.admin("clock", #"{"advanceSeconds":4000}"#)
      #expect(try await marketo.get("leads/partitions.json")["success"].truth == true)
      try await marketo.admin("limits", #"{"callsOfOthers":4}"#)
      #expect(try await marketo.get("leads/partitions.json").code == "606")
      let limits = try await marketo.admin("limits")
      #expect(limits["refused"]["606"].number == 2 && limits["inWindow"].number == 6)
      #expect(try await marketo.get("leads/partitions.json", token: "no").code == "601")
      #expect(try await marketo.admin("limits")["inWindow"].number == 6, "601 costs nothing")
    }
  }

  @Test("a call beyond those allowed at a time is refused with 615")
  func concurrency() async throws {
    try await RunningMarketo.serving({ $0.concurrentCalls = 2 }) { marketo in
      try await marketo.admin("hold", #"{"leadWrites":true}"#)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2 {
          group.addTask {
            _ = try await marketo.post("leads.json", "{\"input\":[{\"email\":\"a\(number)@example.org\"}]}")
          }
        }
        try await until("two calls running", within: .seconds(60)) {
          try await marketo.admin("limits")["running"].number == 2
        }
        #expect(try await marketo.get("leads/partitions.json").code == "615")
        try await marketo.admin("hold", #"{"leadWrites":false}"#)
        try await group.waitForAll()
      }
      #expect(try await marketo.get("leads/partitions.json")["success"].truth == true)
      #expect(try await marketo.admin("limits")["mostRunning"].number == 2)
    }
  }

  @Test("the day's quota is refused with 607 until midnight US Central, which daylight saving moves")
  func quota() async throws {
    // 2026-03-07 05:00 UTC: the evening before in Chicago.
    try await RunningMarketo.serving({
      $0.callsPerDay = 3; $0.startsAt = 1_772_859_600
    }) { marketo in
      for _ in 0..<3 { #expect(try await marketo.get("leads/partitions.json")["success"].truth == true) }
      #expect(try await marketo.get("leads/partitions.json").code == "607")
      try await marketo.admin("clock", #"{"setSeconds":1772863100}"#)
      let token = try await marketo.newToken()
      #expect(try await marketo.get("leads/partitions.json", token: token).code == "607")
      try await marketo.admin("clock", #"{"setSeconds":1772863201}"#)
      let next = try await marketo.newToken()
      #expect(try await marketo.get("leads/partitions.json", token: next)["success"].truth == true)
      let usage = try await marketo.get("stats/usage.json", token: next)
      #expect(usage["result"][0]["total"].number == 2 && usage["result"][0]["users"][0]["count"].number == 2)
      #expect(usage["result"][0]["date"].text == "2026-03-07")
    }
    let gate = MarketoGate(
      .init(concurrent: 1, perWindow: 1, windowSeconds: 1, perDay: 1), zone: "America/Chicago")
    // 2026-03-08 06:00 UTC is midnight in winter, 2026-03-09 05:00 UTC in summer.
    let (winter, summer) = (1_772_949_600.0, 1_773_032_400.0)
    #expect(gate.day(winter - 1) + 1 == gate.day(winter) && gate.day(summer - 1) == gate.day(winter))
    #expect(gate.day(summer) == gate.day(winter) + 1)
  }

  @Test("errors of the day are counted by code")
  func errors() async throws {
    try await RunningMarketo.serving { marketo in
      _ = try await marketo.get("leads/describe.json", token: "no")
      _ = try await marketo.post("leads.json", "{}")
      let errors = try await marketo.get("stats/errors.json")["result"][0]
      #expect(errors["total"].number == 2 && errors["errors"].list.map { $0["errorCode"].text } == ["1002", "601"])
      #expect(try await marketo.get("stats/errors/last7days.json")["success"].truth == true)
      let requests = try await marketo.admin("requests")
      #expect(requests["endpoints"]["POST leads"].number == 1 && requests["endpoints"]["GET leadDescribe"].number == 1)
    }
  }

  @Test("large answers are compressed on request, those of bulk calls never")
  func compression() async throws {
    try await RunningMarketo.serving { marketo in
      let gzip = [("Accept-Encoding", "gzip")]
      let large = try await marketo.send("GET", "/rest/v1/leads/describe.json", headers: gzip)
      #expect(large.headers["content-encoding"] == "gzip" && JSON(large.body)["success"].truth == true)
      let small = try await marketo.send("GET", "/rest/v1/leads/partitions.json", headers: gzip)
      #expect(small.headers["content-encoding"] == nil)
      let rows = (0..<200).map { "nobody \($0)" }.joined(separator: "\n")
      let batch = JSON(try await marketo.upload("leads.json?format=csv", "firstName\n\(rows)").body)["result"][0]
      let id = try #require(batch["batchId"].number)
      try await until("the import to end", within: .seconds(60)) {
        try await marketo.admin("imports")[0]["status"].text == "Complete"
      }
      let file = try await marketo.send("GET", "/bulk/v1/leads/batch/\(id)/failures.json", headers: gzip)
      #expect(file.wireBody.count > 2000 && file.headers["content-encoding"] == nil)
    }
  }
}

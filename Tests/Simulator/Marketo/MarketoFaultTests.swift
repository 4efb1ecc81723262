import Foundation
import Testing

@testable import Simulator

@Suite("Marketo: troubles on purpose")
struct MarketoFaultTests {
  private static let lead = #"{"input":[{"email":"a@example.org"}]}"#

  @Test("codes come by path, as often as told, and only some of them cost a call")
  func codes() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.inject(
        #"{"kind":"code","code":608,"message":"later","path":"/leads.json","after":1,"count":2}"#)
      var codes: [String] = []
      for _ in 0..<4 { codes.append(try await marketo.post("leads.json", Self.lead).code ?? "ok") }
      #expect(codes == ["ok", "608", "608", "ok"])
      #expect(try await marketo.get("leads/describe.json")["success"].truth == true)
      #expect(try await marketo.admin("limits")["usedToday"].number == 3)
      try await marketo.inject(#"{"kind":"code","code":606,"count":1}"#)
      #expect(try await marketo.post("leads.json", Self.lead).code == "606")
      #expect(try await marketo.admin("limits")["usedToday"].number == 4)
      #expect(try await marketo.admin("faults")[0]["fired"].number == 1)
    }
  }

  @Test("a call can be carried out though its answer says otherwise, or never comes")
  func executed() async throws {
    try await RunningMarketo.serving { marketo in
      for (number, fault) in [
        #"{"kind":"code","code":604,"executed":true,"count":1}"#,
        #"{"kind":"status","status":502,"html":true,"executed":true,"count":1}"#,
        #"{"kind":"cut","executed":true,"count":1}"#, #"{"kind":"cutBody","bytes":3,"count":1}"#,
        #"{"kind":"truncatedBody","count":1}"#,
      ].enumerated() {
        try await marketo.inject(fault)
        let body = "{\"input\":[{\"email\":\"a\(number)@example.org\"}]}"
        let answer = try? await marketo.send(
          "POST", "/rest/v1/leads.json", headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        switch number {
        case 0: #expect(JSON(answer?.body ?? []).code == "604")
        case 1: #expect(answer?.status == 502 && answer?.text.hasPrefix("<html>") == true)
        case 2: #expect(answer == nil)
        case 3: #expect(answer?.isComplete == false && answer?.wireBody.count == 3)
        default: #expect(answer?.isComplete == true && JSON(answer?.body ?? []).isNull)
        }
        #expect(try await marketo.admin("counts")["leads"].number == number + 1)
      }
      for fault in [
        #"{"kind":"code","code":604,"count":1}"#, #"{"kind":"status","count":1}"#, #"{"kind":"cut","count":1}"#,
      ] {
        try await marketo.inject(fault)
        _ = try? await marketo.post("leads.json", #"{"input":[{"email":"never@example.org"}]}"#)
        #expect(try await marketo.admin("counts")["leads"].number == 5)
      }
    }
  }

  @Test("tokens end in the middle")
  func tokens() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.inject(#"{"kind":"expireTokens","after":1,"count":1}"#)
      #expect(try await marketo.get("leads/describe.json")["success"].truth == true)
      #expect(try await marketo.get("leads/describe.json").code == "602")
      try await marketo.inject(#"{"kind":"invalidateTokens","count":1}"#)
      let token = try await marketo.newToken()
      let second = try await marketo.newToken()
      #expect(token == second)
      #expect(try await marketo.get("leads/describe.json", token: token)["success"].truth == true)
    }
  }

  @Test("single records fail within a call that succeeds")
  func records() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.inject(#"{"kind":"record","code":1008,"message":"no","place":1,"count":1}"#)
      let leads = try await marketo.post(
        "leads.json", #"{"input":[{"email":"a@example.org"},{"email":"b@example.org"}]}"#)
      #expect(leads.outcomes == ["created", "1008"])
      try await marketo.inject(#"{"kind":"record","code":1008,"message":"no","place":0,"count":1}"#)
      let companies = try await marketo.post(
        "companies.json", #"{"input":[{"externalCompanyId":"a"},{"externalCompanyId":"b"}]}"#)
      #expect(companies.outcomes == ["1008", "created"])
    }
  }

  @Test("answers deviate in form: reversed results, unknown members, codes as numbers")
  func quirks() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.inject(#"{"kind":"reversedResults"},{"kind":"extraMembers"},{"kind":"numericCodes"}"#)
      let answer = try await marketo.post(
        "companies.json", #"{"input":[{"externalCompanyId":"a"},{"externalCompanyId":"b"},{"x":1}]}"#)
      #expect(answer["result"].list.map { $0["seq"].number } == [2, 1, 0])
      #expect(answer["result"][0]["reasons"][0]["code"].number == 1006)
      #expect(answer["simulatedExtra"].isNull == false)
      #expect(try await marketo.get("companies.json")["errors"][0]["code"].number == 1002)
    }
  }

  @Test("a delayed call counts as running")
  func latency() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.inject(#"{"kind":"latency","milliseconds":300,"count":1}"#)
      let started = ContinuousClock.now
      _ = try await marketo.get("leads/describe.json")
      #expect(started.duration(to: .now) >= .milliseconds(290))
    }
  }
}

import Foundation
import Testing

@testable import Simulator

@Suite("Faults")
struct FaultTests {
  private static let sobjects = "/services/data/v62.0/sobjects"
  private static let query = "/services/data/v62.0/query?q=SELECT%20Id,Name%20FROM%20Account%20LIMIT%20200"

  private static func fired(_ org: RunningOrg) async throws -> [Int] {
    JSON(try await org.send("GET", "/simulator/faults").body).list.compactMap { $0["fired"].number }
  }

  private static func inject(_ org: RunningOrg, _ json: String) async throws {
    _ = try await org.send("DELETE", "/simulator/faults")
    #expect(try await org.post("/simulator/faults", json: json).status == 200)
  }

  @Test("refusals come as told, as often as told, and are counted")
  func refusals() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      for (fault, status, code) in [
        ("\"kind\":\"status\"", 500, "UNKNOWN_EXCEPTION"),
        ("\"kind\":\"status\",\"status\":503", 503, "SERVER_UNAVAILABLE"),
        ("\"kind\":\"requestLimit\"", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("\"kind\":\"concurrentLimit\"", 403, "REQUEST_LIMIT_EXCEEDED"),
      ] {
        try await Self.inject(org, "[{\(fault),\"path\":\"/sobjects\",\"after\":1,\"count\":2}]")
        var statuses: [Int] = []
        for _ in 0..<5 {
          let answer = try await org.get(Self.sobjects, token: token)
          statuses.append(answer.status)
          if answer.status == status { #expect(JSON(answer.body)[0]["errorCode"].text == code) }
        }
        #expect(statuses == [200, status, status, 200, 200])
        #expect(try await org.send("GET", "/services/data").status == 200)
        #expect(try await Self.fired(org) == [2])
      }
      try await Self.inject(org, "[{\"kind\":\"status\",\"status\":502,\"html\":true,\"method\":\"GET\"}]")
      let page = try await org.get(Self.sobjects, token: token)
      #expect(page.status == 502 && page.text.hasPrefix("<html>") && page.headers["content-type"] == "text/html")
      try await Self.inject(org, "[{\"kind\":\"concurrentLimit\"}]")
      #expect(try await org.get(Self.sobjects, token: token).text.contains("ConcurrentRequests"))
      #expect(try await org.post("/simulator/faults", json: "[{\"kind\":\"nothing\"}]").status == 400)
    }
  }

  @Test("a rate hits the same requests for the same seed")
  func rate() {
    func hits(_ seed: UInt64) -> [Bool] {
      let board = FaultBoard([SimulatedFault(.status, rate: 0.2)], seed: seed)
      return (0..<500).map { _ in !board.fire(method: "GET", target: "/x").isEmpty }
    }
    #expect(hits(1) == hits(1) && hits(1) != hits(2))
    #expect((60..<140).contains(hits(1).filter { $0 }.count))
  }

  @Test("latency and slow bodies delay, by request or for all")
  func latency() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      func seconds(_ target: String) async throws -> Double {
        let started = ContinuousClock.now
        #expect(try await org.get(target, token: token).status == 200)
        return started.duration(to: .now).seconds
      }
      try await Self.inject(org, "[{\"kind\":\"latency\",\"milliseconds\":400,\"count\":1}]")
      #expect(try await seconds(Self.sobjects) > 0.39)
      try await Self.inject(org, "[{\"kind\":\"slowBody\",\"milliseconds\":200,\"count\":1}]")
      #expect(try await seconds(Self.query) > 0.19)
      _ = try await org.post("/simulator/settings", json: "{\"latencyMilliseconds\":300}")
      #expect(try await seconds(Self.sobjects) > 0.29)
      #expect(try await Self.fired(org) == [1])
    }
  }

  @Test("a cut body ends the connection before all promised bytes came", arguments: [false, true])
  func cut(gzip: Bool) async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let headers = gzip ? [("Accept-Encoding", "gzip")] : []
      for bytes in [0, 1, 777] {
        try await Self.inject(org, "[{\"kind\":\"cutBody\",\"bytes\":\(bytes),\"count\":1}]")
        let broken = try await org.get(Self.query, token: token, headers: headers)
        #expect(!broken.isComplete && broken.wireBody.count == bytes)
        #expect(try await org.get(Self.query, token: token, headers: headers).isComplete)
        #expect(try await Self.fired(org) == [1])
      }
      let id = try #require(JSON(try await org.createJob("SELECT Id, Name FROM Account", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let target = "/services/data/v62.0/jobs/query/\(id)/results"
      for bytes in [0, 20, 3000] {
        try await Self.inject(org, "[{\"kind\":\"cutBody\",\"bytes\":\(bytes),\"path\":\"/results\"}]")
        let broken = try await org.get(target, token: token, headers: headers)
        #expect(!broken.isComplete && broken.wireBody.count == bytes)
      }
    }
  }

  @Test("truncated gzip, truncated CSV and wrong counts look complete until they are read")
  func truncated() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let id = try #require(JSON(try await org.createJob("SELECT Id, Name FROM Account", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let target = "/services/data/v62.0/jobs/query/\(id)/results"
      let gzip = [("Accept-Encoding", "gzip")]
      let whole = try await org.get(target, token: token)
      let count = CSV.rows(whole.body).count - 1
      try await Self.inject(org, "[{\"kind\":\"truncatedGzip\",\"count\":1}]")
      let short = try await org.get(target, token: token, headers: gzip)
      #expect(short.isComplete && short.headers["content-encoding"] == "gzip")
      #expect(throws: Gunzip.Failure.self) { try Gunzip.member(short.wireBody) }
      for headers in [gzip, []] {
        try await Self.inject(org, "[{\"kind\":\"truncatedBody\",\"count\":1,\"bytes\":5000}]")
        let cut = try await org.get(target, token: token, headers: headers)
        #expect(cut.isComplete && cut.status == 200 && cut.body == Array(whole.body.prefix(5000)))
        #expect(cut.headers["sforce-numberofrecords"] == String(count))
        #expect(CSV.rows(cut.body).count - 1 < count)
      }
      try await Self.inject(org, "[{\"kind\":\"wrongCount\",\"difference\":-3,\"count\":1}]")
      let wrong = try await org.get(target, token: token)
      #expect(wrong.headers["sforce-numberofrecords"] == String(count - 3) && wrong.body == whole.body)
      #expect(try await org.get(target, token: token).headers["sforce-numberofrecords"] == String(count))
      try await Self.inject(org, "[{\"kind\":\"truncatedBody\",\"path\":\"/query?\"}]")
      let json = try await org.get(Self.query, token: token, headers: gzip)
      #expect(json.isComplete && JSON(json.body).isNull)
    }
  }

  @Test("sessions and locators expire in the middle")
  func expiry() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      try await Self.inject(org, "[{\"kind\":\"expireSessions\",\"after\":1,\"count\":1}]")
      #expect(try await org.get(Self.sobjects, token: token).status == 200)
      #expect(try await org.get(Self.sobjects, token: token).status == 401)
      let fresh = try await org.token()
      #expect(try await org.get(Self.sobjects, token: fresh).status == 200)
      let hint = [("Sforce-Query-Options", "batchSize=200")]
      let page = JSON(try await org.query("SELECT Id FROM Account", token: fresh, headers: hint).body)
      let next = try #require(page["nextRecordsUrl"].text)
      try await Self.inject(org, "[{\"kind\":\"expireLocator\",\"path\":\"/query/\",\"count\":1}]")
      for _ in 0..<2 {
        #expect(JSON(try await org.get(next, token: fresh).body)[0]["errorCode"].text == "INVALID_QUERY_LOCATOR")
      }
      #expect(try await Self.fired(org) == [1])
    }
  }

  @Test("bulk jobs fail, are aborted and take long, by their statement")
  func jobs() async throws {
    try await RunningOrg.serving({
      $0.faults = [
        SimulatedFault(.jobFailed, path: "FROM User", count: 1),
        SimulatedFault(.jobAborted, path: "FROM Lead", count: 1),
        SimulatedFault(.slowJob, path: "FROM Campaign", milliseconds: 500),
      ]
    }) { org in
      let token = try await org.token()
      for (object, states) in [
        ("User", ["Failed", "JobComplete"]), ("Lead", ["Aborted", "JobComplete"]), ("Campaign", ["JobComplete"]),
      ] {
        for expected in states {
          let started = ContinuousClock.now
          let created = JSON(try await org.createJob("SELECT Id FROM \(object)", token: token).body)
          let job = try await org.finishedJob(try #require(created["id"].text), token: token)
          #expect(job["state"].text == expected)
          #expect((expected == "Failed") == (job["errorMessage"].text != nil))
          if object == "Campaign" { #expect(started.duration(to: .now) > .milliseconds(490)) }
        }
      }
      #expect(try await Self.fired(org) == [1, 1, 1])
    }
  }

  @Test("a field and an object vanish in mid-run")
  func schema() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      try await Self.inject(
        org,
        "[{\"kind\":\"hideField\",\"field\":\"Account.Name\",\"path\":\"/query\",\"after\":1,\"count\":1},"
          + "{\"kind\":\"hideObject\",\"object\":\"Lead\",\"path\":\"/query\",\"after\":1,\"count\":1}]")
      #expect(try await org.get(Self.query, token: token).status == 200)
      #expect(JSON(try await org.get(Self.query, token: token).body)[0]["errorCode"].text == "INVALID_FIELD")
      #expect(try await org.get(Self.sobjects + "/Lead/describe", token: token).status == 404)
      #expect(try await Self.fired(org) == [1, 1])
    }
  }

  @Test("requests are counted by endpoint and status")
  func counted() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      _ = try await org.get(Self.sobjects, token: token)
      _ = try await org.get(Self.query, token: token)
      _ = try await org.get("/services/data/v62.0/query?q=nonsense", token: token)
      let report = JSON(try await org.send("GET", "/simulator/requests").body)
      #expect(report["total"].number == 4 && report["endpoints"]["GET query"].number == 2)
      #expect(report["statuses"]["400"].number == 1 && report["rows"].number == 200)
      #expect(report["apiUsage"]["used"].number == 3)
      #expect(try await org.send("GET", "/simulator/nothing").status == 404)
      let objects = JSON(try await org.send("GET", "/simulator/objects").body)
      #expect(objects[0]["name"].text == "Account" && (objects[0]["live"].number ?? 0) >= 500)
    }
  }
}

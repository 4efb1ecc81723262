import Testing

@testable import Simulator

/// Updates by Bulk API 2.0 ingest jobs.
@Suite("Bulk ingest jobs", .timeLimit(.minutes(5)))
struct IngestTests {
  private static let jobs = "/services/data/v62.0/jobs/ingest"

  /// A job in the org and what to do with it.
  private struct Ingest {
    let org: RunningOrg
    let token: String
    let id: String

    init(_ org: RunningOrg, _ token: String, extra: String = "") async throws {
      (self.org, self.token) = (org, token)
      let created = try await org.post(
        jobs, token: token, json: #"{"object":"account","operation":"update","contentType":"CSV"\#(extra)}"#)
      try #require(created.status == 200, "\(created.text)")
      id = try #require(JSON(created.body)["id"].text)
    }

    func put(_ csv: String) async throws -> RawHTTP.Answer {
      try await org.send(
        "PUT", "\(jobs)/\(id)/batches", token: token, headers: [("Content-Type", "text/csv")], body: Array(csv.utf8))
    }

    func set(_ state: String) async throws -> RawHTTP.Answer {
      try await org.send(
        "PATCH", "\(jobs)/\(id)", token: token, headers: [("Content-Type", "application/json")],
        body: Array("{\"state\":\"\(state)\"}".utf8))
    }

    func run(_ csv: String) async throws -> JSON {
      try #require(try await put(csv).status == 201)
      try #require(try await set("UploadComplete").status == 200)
      return try await finished()
    }

    func state() async throws -> JSON { JSON(try await org.get("\(jobs)/\(id)", token: token).body) }

    /// The requests themselves pace the loop.
    func finished() async throws -> JSON {
      let deadline = ContinuousClock.now + .seconds(60)
      while true {
        let state = try await state()
        if ["JobComplete", "Failed", "Aborted"].contains(state["state"].text) { return state }
        try #require(ContinuousClock.now < deadline, "waited for ingest job \(id) to end")
      }
    }

    func results(_ name: String) async throws -> [[String]] {
      let answer = try await org.get("\(jobs)/\(id)/\(name)", token: token)
      try #require(answer.status == 200, "\(answer.text)")
      return CSV.rows(answer.body)
    }
  }

  private static func persons(_ org: RunningOrg, _ token: String) async throws -> [String] {
    try await org.records("SELECT Id FROM Account WHERE IsPersonAccount = true", token: token).compactMap {
      $0["Id"].text
    }
  }

  private static func only(_ org: RunningOrg, _ token: String, _ id: String, _ fields: String) async throws -> JSON {
    try #require(try await org.records("SELECT \(fields) FROM Account WHERE Id = '\(id)'", token: token).first)
  }

  @Test("a job is created, takes its file once, runs when it is closed, and is deleted when it has ended")
  func life() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let ids = try await Self.persons(org, token)
      let job = try await Ingest(org, token)
      let open = try await job.state()
      #expect(open["state"].text == "Open" && open["jobType"].text == "V2Ingest" && job.id.hasPrefix("750"))
      #expect(open["contentUrl"].text == "services/data/v62.0/jobs/ingest/\(job.id)/batches")
      #expect(open["object"].text == "Account")
      #expect(try await org.get("\(Self.jobs)/\(job.id)/failedResults", token: token).status == 400)
      let csv = "Id,LastName\n\(ids[0]),Neu\n"
      #expect(try await job.put(csv).status == 201)
      let again = try await job.put(csv)
      #expect(again.status == 400 && again.text.contains("Found multiple contents for job"))
      #expect(try await Self.only(org, token, ids[0], "LastName")["LastName"].text != "Neu")
      #expect(JSON(try await job.set("UploadComplete").body)["state"].text == "UploadComplete")
      let done = try await job.finished()
      #expect(done["state"].text == "JobComplete" && done["numberRecordsProcessed"].number == 1)
      #expect(done["numberRecordsFailed"].number == 0)
      #expect(try await Self.only(org, token, ids[0], "LastName")["LastName"].text == "Neu")
      for state in ["UploadComplete", "Aborted", "Open"] { #expect(try await job.set(state).status == 400) }
      #expect(JSON(try await org.get(Self.jobs, token: token).body)["records"].list.count == 1)
      #expect(try await org.send("DELETE", "\(Self.jobs)/\(job.id)", token: token).status == 204)
      #expect(try await org.get("\(Self.jobs)/\(job.id)", token: token).status == 404)
    }
  }

  @Test("an empty cell leaves a field, #N/A clears it, and results name every record in another order")
  func results() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let ids = Array(try await Self.persons(org, token).prefix(260))
      let last = try await Self.only(org, token, ids[1], "LastName")["LastName"].text
      var csv = "\"Id\";LastName;PersonTitle;PersonHasOptedOutOfEmail;PersonEmail\r\n"
      for (place, id) in ids.enumerated() {
        let last = place % 2 == 0 ? "\"N\"\"\n;\(place)\"" : ""
        let title = place % 3 == 0 ? "#N/A" : "T"
        csv += "\(id);\(last);\(title);\(place % 2 == 0);\(place % 5 == 4 ? "nobody" : "p\(place)@x.example")\r\n"
      }
      let job = try await Ingest(org, token, extra: #","columnDelimiter":"SEMICOLON","lineEnding":"CRLF""#)
      let state = try await job.run(csv)
      #expect(state["numberRecordsProcessed"].number == 260 && state["numberRecordsFailed"].number == 52)
      for (name, said) in [("successfulResults", "sf__Created"), ("failedResults", "sf__Error")] {
        let answer = try await org.get("\(Self.jobs)/\(job.id)/\(name)", token: token)
        let first = answer.text.split(separator: "\r\n").first.map(String.init)
        #expect(
          first
            == "\"sf__Id\";\"\(said)\";\"Id\";\"LastName\";\"PersonTitle\";\"PersonHasOptedOutOfEmail\";\"PersonEmail\""
        )
      }
      let answer = try await org.get("\(Self.jobs)/\(job.id)/successfulResults", token: token)
      let order = ids.filter { answer.text.contains($0) }
      #expect(order.count == 208)
      let positions = order.compactMap { answer.text.firstRange(of: $0)?.lowerBound }
      #expect(positions != positions.sorted())
      let even = try await Self.only(org, token, ids[6], "LastName, PersonTitle, PersonHasOptedOutOfEmail")
      #expect(even["LastName"].text == "N\"\n;6" && even["PersonTitle"].isNull)
      #expect(even["PersonHasOptedOutOfEmail"].truth == true)
      let odd = try await Self.only(org, token, ids[1], "LastName, PersonTitle")
      #expect(odd["LastName"].text == last && odd["PersonTitle"].text == "T")
    }
  }

  @Test("records are refused one by one, with code, message and fields in sf__Error")
  func refusals() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let ids = try await Self.persons(org, token)
      _ = try await org.change(#"{"op":"delete","object":"Account","ids":["\#(ids[2])"]}"#)
      let job = try await Ingest(org, token)
      let long = String(repeating: "x", count: 41)
      _ = try await job.run(
        "Id,FirstName,PersonHasOptedOutOfEmail\n\(ids[0]),\(long),\n\(ids[1]),A,maybe\n\(ids[2]),A,\n,A,\n"
          + "\(ids[3]),A,TRUE\n\(ids[3]),B,\n")
      let failed = Dictionary(
        try await job.results("failedResults").dropFirst().map { ("\($0[2])\($0[3].prefix(1))", $0[1]) },
        uniquingKeysWith: { "\($0)|\($1)" })
      #expect(failed[ids[0] + "x"]?.hasPrefix("STRING_TOO_LONG:") == true)
      #expect(failed[ids[0] + "x"]?.hasSuffix(":FirstName --") == true)
      #expect(failed[ids[1] + "A"]?.hasPrefix("INVALID_TYPE_ON_FIELD_IN_RECORD:") == true)
      #expect(failed[ids[2] + "A"] == "ENTITY_IS_DELETED:entity is deleted:--")
      #expect(failed["A"] == "MISSING_ARGUMENT:Id not specified in an update call:--")
      #expect(failed[ids[3] + "B"]?.hasPrefix("DUPLICATE_VALUE:") == true)
      #expect(failed.count == 5)
    }
  }

  @Test(
    "a file that is no table of the object's fields fails the job, and nothing of it is done",
    arguments: [
      ("Id,Nothing__c\nX,1\n", "Field name not found : Nothing__c"),
      ("Id,LastName\r\nX,1\r\n", "LineEnding is invalid"),
      ("", "no content"), ("Id,LastName\nX,\"1\n", "not closed"),
    ])
  func badFile(csv: String, words: String) async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let id = try #require(try await Self.persons(org, token).first)
      let job = try await Ingest(org, token)
      let state = try await job.run(csv.replacing("X", with: id))
      #expect(state["state"].text == "Failed" && state["errorMessage"].text?.contains(words) == true)
      #expect(state["numberRecordsProcessed"].number == 0)
      #expect(try await job.results("successfulResults").count <= 1)
    }
  }

  @Test("what is no job of updates, and a file that is too large, are refused")
  func refused() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      for (body, code) in [
        (#"{"object":"Account","operation":"delete"}"#, "INVALIDJOB"),
        (#"{"object":"Nothing","operation":"update"}"#, "INVALIDENTITY"),
        (#"{"object":"Legacy_Note_vod__c","operation":"update"}"#, "INVALIDENTITY"),
        (#"{"object":"Account","operation":"update","lineEnding":"CR"}"#, "INVALIDJOB"), ("{", "JSON_PARSER_ERROR"),
      ] {
        let answer = try await org.post(Self.jobs, token: token, json: body)
        #expect(answer.status == 400 && JSON(answer.body)[0]["errorCode"].text == code, "\(answer.text)")
      }
      _ = try await org.post("/simulator/settings", json: "{\"uploadBytes\":20}")
      let job = try await Ingest(org, token)
      #expect(try await job.put(String(repeating: "x", count: 21)).status == 413)
      #expect(try await job.put(String(repeating: "x", count: 20)).status == 201)
    }
  }

  @Test(
    "a job that fails or is aborted half way has done half of its records, and names the others",
    arguments: [SimulatedFault.Kind.jobFailed, .jobAborted])
  func halfWay(kind: SimulatedFault.Kind) async throws {
    try await RunningOrg.serving({
      $0.faults = [SimulatedFault(kind, path: "update Account", count: 1)]
    }) { org in
      let token = try await org.token()
      let ids = Array(try await Self.persons(org, token).prefix(40))
      let job = try await Ingest(org, token)
      let state = try await job.run("Id,LastName\n" + ids.map { "\($0),Neu\n" }.joined())
      #expect(state["state"].text == (kind == .jobFailed ? "Failed" : "Aborted"))
      let done = try await job.results("successfulResults").dropFirst().map { $0[0] }
      let rest = try await job.results("unprocessedrecords").dropFirst().map { $0[0] }
      #expect(Set(done) == Set(ids.prefix(20)) && Set(rest) == Set(ids.suffix(20)) && rest.count == 20)
      #expect(try await Self.only(org, token, ids[39], "LastName")["LastName"].text != "Neu")
    }
  }

  @Test("a job can be aborted while it is open and while it is at work, and not deleted before")
  func abort() async throws {
    try await RunningOrg.serving({
      $0.faults = [SimulatedFault(.slowJob, path: "update", milliseconds: 600_000)]
    }) { org in
      let token = try await org.token()
      let id = try #require(try await Self.persons(org, token).first)
      let open = try await Ingest(org, token)
      #expect(try await open.put("Id,LastName\n\(id),Neu\n").status == 201)
      #expect(try await org.send("DELETE", "\(Self.jobs)/\(open.id)", token: token).status == 400)
      #expect(try await open.set("Aborted").status == 200)
      #expect(try await open.results("unprocessedRecords").last == [id, "Neu"])

      let job = try await Ingest(org, token)
      #expect(try await job.put("Id,LastName\n\(id),Neu\n").status == 201)
      #expect(try await job.set("UploadComplete").status == 200)
      while try await job.state()["state"].text == "UploadComplete" {}
      #expect(try await job.state()["state"].text == "InProgress")
      #expect(try await org.send("DELETE", "\(Self.jobs)/\(job.id)", token: token).status == 400)
      #expect(try await job.set("Aborted").status == 200)
      #expect(try await job.finished()["state"].text == "Aborted")
    }
  }
}

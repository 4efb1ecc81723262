import Foundation
import TestSupport
import Testing

@testable import Simulator

@Suite("Bulk query jobs")
struct BulkJobTests {
  private let jobs = "/services/data/v62.0/jobs/query"

  @Test("a job goes through its states and is deleted only when it has ended")
  func life() async throws {
    try await RunningOrg.serving({
      $0.concurrentJobs = 1
      $0.faults = [SimulatedFault(.slowJob, path: "Campaign", milliseconds: 600_000)]
    }) { org in
      let token = try await org.token()
      let blocker = try #require(
        JSON(try await org.createJob("SELECT Id FROM Campaign", token: token).body)["id"].text)
      let created = JSON(try await org.createJob("SELECT Id FROM Account", token: token).body)
      let id = try #require(created["id"].text)
      #expect(created["state"].text == "UploadComplete" && created["object"].text == "Account" && id.hasPrefix("750"))
      #expect(id.count == 18 && created["concurrencyMode"].text == "Parallel")
      let early = try await org.get("\(jobs)/\(id)/results", token: token)
      #expect(early.status == 400 && JSON(early.body)[0]["errorCode"].text == "INVALIDJOBSTATE")
      #expect(try await org.send("DELETE", "\(jobs)/\(id)", token: token).status == 400)
      let abort = Array("{\"state\":\"Aborted\"}".utf8)
      #expect(try await org.send("PATCH", "\(jobs)/\(blocker)", token: token, body: abort).status == 200)
      let done = try await org.finishedJob(id, token: token)
      #expect(done["state"].text == "JobComplete" && done["jobType"].text == "V2Query")
      let records = try await org.records("SELECT Id FROM Account", token: token)
      #expect(done["numberRecordsProcessed"].number == records.count)
      #expect(JSON(try await org.get(jobs, token: token).body)["records"].list.count == 2)
      #expect(try await org.send("PATCH", "\(jobs)/\(id)", token: token, body: abort).status == 400)
      #expect(try await org.send("DELETE", "\(jobs)/\(id)", token: token).status == 204)
      for target in ["\(jobs)/\(id)", "\(jobs)/\(id)/results", "\(jobs)/\(id)/resultPages"] {
        let gone = try await org.get(target, token: token)
        #expect(gone.status == 404 && JSON(gone.body)[0]["errorCode"].text == "NOT_FOUND")
      }
    }
  }

  @Test("what Bulk 2.0 does not support is refused when the job is created")
  func refused() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      for (soql, code, text) in [
        ("SELECT COUNT() FROM Account", "API_ERROR", "Aggregate"),
        ("SELECT Id FROM Account OFFSET 5", "API_ERROR", "OFFSET"),
        (
          "SELECT Id, BillingAddress FROM Account", "FUNCTIONALITY_NOT_ENABLED",
          "Selecting compound data not supported in Bulk Query"
        ),
        ("SELECT Clinic_Location__c FROM Account", "FUNCTIONALITY_NOT_ENABLED", "compound"),
        ("SELECT Id, Portrait__c FROM Account", "FUNCTIONALITY_NOT_ENABLED", "base64"),
        (
          "SELECT Id FROM Legacy_Note_vod__c", "INVALIDENTITY",
          "Entity 'Legacy_Note_vod__c' is not supported by the Bulk API."
        ),
        ("SELECT Id FROM Account GROUP BY Id", "MALFORMED_QUERY", "GROUP"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY", "("),
        ("SELECT Foo FROM Account", "INVALID_FIELD", "Foo"),
      ] {
        let answer = try await org.createJob(soql, token: token)
        #expect(answer.status == 400 && JSON(answer.body)[0]["errorCode"].text == code, "\(soql): \(answer.text)")
        #expect(JSON(answer.body)[0]["message"].text?.contains(text) == true)
      }
      for body in [
        "", "{", "{\"operation\":\"insert\",\"query\":\"SELECT Id FROM Account\"}", "{\"operation\":\"query\"}",
      ] {
        #expect(try await org.post(jobs, token: token, json: body).status == 400)
      }
      #expect(try await org.createJob("SELECT Id FROM Account ORDER BY Name LIMIT 5", token: token).status == 200)
    }
  }

  @Test("results need the version of the creation")
  func version() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let id = try #require(JSON(try await org.createJob("SELECT Id FROM User", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      #expect(try await org.get("/services/data/v61.0/jobs/query/\(id)/results", token: token).status == 409)
      let wrong = try await org.get("\(jobs)/\(id)/results?locator=nonsense", token: token)
      #expect(JSON(wrong.body)[0]["errorCode"].text == "INVALID_QUERY_LOCATOR")
    }
  }

  @Test("results outlive the session and are gone after their retention")
  func retention() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let id = try #require(JSON(try await org.createJob("SELECT Id FROM User", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":518400}")
      let later = try await org.token()
      #expect(try await org.get("\(jobs)/\(id)/results", token: later).status == 200)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":90000}")
      #expect(try await org.get("\(jobs)/\(id)/results", token: try await org.token()).status == 404)
    }
  }

  @Test("no more jobs run at once than the org allows; the others wait as UploadComplete")
  func queueing() async throws {
    try await RunningOrg.serving({
      $0.concurrentJobs = 1
      $0.faults = [SimulatedFault(.slowJob, path: "Campaign", milliseconds: 600_000)]
    }) { org in
      let token = try await org.token()
      var ids: [String] = []
      for object in ["Campaign", "User", "Lead"] {
        ids.append(
          try #require(JSON(try await org.createJob("SELECT Id FROM \(object)", token: token).body)["id"].text))
      }
      for id in ids.dropFirst() {
        #expect(JSON(try await org.get("\(jobs)/\(id)", token: token).body)["state"].text == "UploadComplete")
      }
      let abort = Array("{\"state\":\"Aborted\"}".utf8)
      #expect(try await org.send("PATCH", "\(jobs)/\(ids[0])", token: token, body: abort).status == 200)
      for id in ids.dropFirst() {
        #expect(try await org.finishedJob(id, token: token)["state"].text == "JobComplete")
      }
    }
  }

  @Test("an aborted job stays visible, unless the org forgets at once", arguments: [false, true])
  func abort(forgets: Bool) async throws {
    try await RunningOrg.serving({
      $0.jobDelay = .seconds(30)
      $0.forgetsFinishedJobs = forgets
    }) { org in
      let token = try await org.token()
      let id = try #require(JSON(try await org.createJob("SELECT Id FROM User", token: token).body)["id"].text)
      let answer = try await org.send(
        "PATCH", "\(jobs)/\(id)", token: token, body: Array("{\"state\":\"Aborted\"}".utf8))
      #expect(JSON(answer.body)["state"].text == "Aborted")
      #expect(try await org.get("\(jobs)/\(id)", token: token).status == (forgets ? 404 : 200))
    }
  }

  @Test("an org that forgets drops the results' file with the job, and a locator with its last page")
  func forgets() async throws {
    try await RunningOrg.serving({ $0.forgetsFinishedJobs = true }) { org in
      let token = try await org.token()
      func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: org.options.spoolDirectory ?? "")
      }
      let id = try #require(JSON(try await org.createJob("SELECT Id FROM User", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      #expect(try files().count == 1)
      #expect(try await org.send("DELETE", "\(jobs)/\(id)", token: token).status == 204)
      #expect(try files().isEmpty)
      let first = JSON(
        try await org.query(
          "SELECT Id FROM Account LIMIT 300", token: token, headers: [("Sforce-Query-Options", "batchSize=200")]
        ).body)
      let next = try #require(first["nextRecordsUrl"].text)
      #expect(try await org.get(next, token: token).status == 200)
      #expect(try await org.get(next, token: token).status == 400)
    }
  }

  @Test("results are made once for a statement, also over restarts")
  func reuse() async throws {
    let folder = NSTemporaryDirectory() + "simulator-spool-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    @Sendable func run(seed: UInt64) async throws -> ([[String]], [String: UInt64]) {
      try await RunningOrg.serving({
        $0.spoolDirectory = folder
        $0.seed = seed
      }) { org in
        let rows = try await org.bulkRows("SELECT Id, Name FROM Account", token: try await org.token())
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let files = try names.map { name in
          let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
          return (name, (attributes[.systemFileNumber] as? UInt64) ?? 0)
        }
        return (rows, Dictionary(uniqueKeysWithValues: files))
      }
    }
    let first = try await run(seed: 1)
    let second = try await run(seed: 1)
    #expect(second.0 == first.0 && second.1 == first.1 && first.1.count == 1)
    let other = try await run(seed: 2)
    #expect(other.0 != first.0 && other.1.count == 2)
  }

  @Test("when the spool is full the longest unused results leave, and are made again when asked for")
  func eviction() async throws {
    try await RunningOrg.serving({ $0.spoolLimitBytes = 1 }) { org in
      let token = try await org.token()
      let first = try await org.bulkRows("SELECT Id, Name FROM Account", token: token)
      _ = try await org.bulkRows("SELECT Id, Name, Phone FROM Account", token: token)
      let names = try FileManager.default.contentsOfDirectory(atPath: org.options.spoolDirectory ?? "")
      #expect(names.count == 1)
      #expect(try await org.bulkRows("SELECT Id, Name FROM Account", token: token) == first)
    }
  }

  @Test("a spool file of another statement, seed or version is not taken for one's own")
  func index() throws {
    let path = NSTemporaryDirectory() + "simulator-index-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let piece = SpoolFile.Piece(offset: 0, length: 3, rawLength: 3, crc: 4_000_000_000, rows: 2)
    #expect(FileManager.default.createFile(atPath: path, contents: Data([1, 2, 3])))
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try SpoolIndex.append(to: handle.fileDescriptor, at: 3, pieces: [piece], key: Array("key".utf8))
    let file = try #require(SpoolIndex.open(path, key: Array("key".utf8)))
    #expect(file.rows == 2 && file.pieces.count == 1 && file.pieces[0].crc == 4_000_000_000)
    #expect(try file.read(0) == [1, 2, 3])
    #expect(SpoolIndex.open(path, key: Array("kez".utf8)) == nil)
    #expect(SpoolIndex.open(path, key: Array("longer".utf8)) == nil)
    #expect(SpoolIndex.open(path + "-absent", key: []) == nil)
    for length in 0..<40 {
      try Data((try Data(contentsOf: URL(fileURLWithPath: path))).prefix(length)).write(
        to: URL(fileURLWithPath: path + "-cut"))
      #expect(SpoolIndex.open(path + "-cut", key: Array("key".utf8)) == nil)
    }
    try? FileManager.default.removeItem(atPath: path + "-cut")
  }

  @Test("pieces in a row are one gzip member whose content is theirs")
  func gzip() throws {
    var chance = Chance.fresh()
    for _ in 0..<50 {
      let deflater = try Deflater()
      var whole: [UInt8] = []
      var body = Deflater.head
      var crc: UInt = 0
      for _ in 0..<chance.below(6) {
        let length = [0, 1, 100, 70_000].randomElement(using: &chance) ?? 0
        let bytes = (0..<length).map { _ in UInt8(chance.below(4) * 60) }
        let piece = try bytes.withUnsafeBufferPointer { try deflater.piece($0) }
        #expect(try Inflater.raw(piece.bytes, length: length) == bytes)
        crc = Deflater.combined(crc, piece.crc, secondLength: length)
        body += piece.bytes
        whole += bytes
      }
      #expect(try Gunzip.member(body + Deflater.tail(crc: crc, rawLength: whole.count)) == whole)
    }
  }
}

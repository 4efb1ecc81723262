import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Simulator

/// An org that serves while a test runs, and a client for it.
struct RunningOrg: Sendable {
  let port: Int
  let options: SimulatedOrgOptions

  /// Runs an org around a test; its spool is a folder of its own, removed afterwards, unless the test names one.
  static func serving<Result: Sendable>(
    _ change: (inout SimulatedOrgOptions) -> Void = { _ in },
    _ test: @escaping @Sendable (RunningOrg) async throws -> Result
  ) async throws -> Result {
    var options = SimulatedOrgOptions()
    options.accounts = 500
    options.asOf = 1_764_000_000 / 86_400 * 86_400
    let folder = NSTemporaryDirectory() + "simulator-test-\(UUID().uuidString)"
    options.spoolDirectory = folder
    change(&options)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (ports, listening) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let org = SimulatedOrg(options: options, logger: logger) { port in listening.yield(port) }
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: org, failureTerminationBehavior: .cancelGroup)], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      let running = RunningOrg(port: port, options: options)
      do {
        let result = try await test(running)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
    }
  }

  /// Sends a request from a thread of its own.
  func send(
    _ method: String, _ target: String, token: String? = nil, headers: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> RawHTTP.Answer {
    let port = port
    let all = headers + (token.map { [("Authorization", "Bearer \($0)")] } ?? [])
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result { try RawHTTP.send(port: port, method, target, headers: all, body: body) })
      }
    }
  }

  func get(_ target: String, token: String, headers: [(String, String)] = []) async throws -> RawHTTP.Answer {
    try await send("GET", target, token: token, headers: headers)
  }

  func post(_ target: String, token: String? = nil, json: String) async throws -> RawHTTP.Answer {
    try await send(
      "POST", target, token: token, headers: [("Content-Type", "application/json")], body: Array(json.utf8))
  }

  func requestToken(_ form: [(String, String)]) async throws -> RawHTTP.Answer {
    let body = form.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
    return try await send(
      "POST", "/services/oauth2/token", headers: [("Content-Type", "application/x-www-form-urlencoded")],
      body: Array(body.utf8))
  }

  /// A fresh access token, by client credentials.
  func token() async throws -> String {
    let answer = try await requestToken([
      ("grant_type", "client_credentials"), ("client_id", options.credentials.clientID),
      ("client_secret", options.credentials.clientSecret),
    ])
    return try #require(JSON(answer.body)["access_token"].text)
  }

  static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }

  func query(_ soql: String, token: String, all: Bool = false, headers: [(String, String)] = []) async throws
    -> RawHTTP.Answer
  {
    try await get(
      "/services/data/v62.0/\(all ? "queryAll" : "query")?q=\(Self.encoded(soql))", token: token, headers: headers)
  }

  /// All records of a statement, through all pages.
  func records(_ soql: String, token: String, all: Bool = false) async throws -> [JSON] {
    var records: [JSON] = []
    var page = JSON(try await query(soql, token: token, all: all).body)
    while true {
      records += page["records"].list
      guard let next = page["nextRecordsUrl"].text else { return records }
      page = JSON(try await get(next, token: token).body)
    }
  }

  /// Changes the org by operations, each given as JSON.
  /// - Returns: what each did.
  func change(_ operations: String...) async throws -> JSON {
    let answer = try await post("/simulator/changes", json: "[\(operations.joined(separator: ","))]")
    try #require(answer.status == 200, "\(answer.text)")
    return JSON(answer.body)
  }

  /// Creates a bulk query job.
  func createJob(_ soql: String, token: String, operation: String = "query", extra: String = "") async throws
    -> RawHTTP.Answer
  {
    let quoted = String(decoding: JSONValue.string(soql).encoded, as: UTF8.self)
    return try await post(
      "/services/data/v62.0/jobs/query", token: token,
      json: "{\"operation\":\"\(operation)\",\"query\":\(quoted)\(extra)}"
    )
  }

  /// Asks for a job's state until it has ended; the requests themselves pace the loop.
  func finishedJob(_ id: String, token: String) async throws -> JSON {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      let answer = try await get("/services/data/v62.0/jobs/query/\(id)", token: token)
      try #require(answer.status == 200, "bulk job \(id): \(answer.text)")
      let state = JSON(answer.body)
      if ["JobComplete", "Failed", "Aborted"].contains(state["state"].text) { return state }
      try #require(ContinuousClock.now < deadline, "waited for bulk job \(id) to end")
    }
  }

  /// Rows of a bulk job, header rows left out, by following its locators.
  func bulkRows(
    _ soql: String, token: String, operation: String = "query", maxRecords: Int? = nil, gzip: Bool = false
  ) async throws -> [[String]] {
    let created = try await createJob(soql, token: token, operation: operation)
    let id = try #require(JSON(created.body)["id"].text, "\(created.text)")
    let state = try await finishedJob(id, token: token)
    #expect(state["state"].text == "JobComplete")
    return try await pages(id, token: token, maxRecords: maxRecords, gzip: gzip).flatMap { $0.dropFirst() }
  }

  /// The pages of a finished job, each with its header row.
  func pages(_ id: String, token: String, maxRecords: Int? = nil, gzip: Bool = false) async throws -> [[[String]]] {
    var pages: [[[String]]] = []
    var locator: String?
    repeat {
      var target = "/services/data/v62.0/jobs/query/\(id)/results?"
      if let maxRecords { target += "maxRecords=\(maxRecords)&" }
      if let locator { target += "locator=\(locator)" }
      let answer = try await get(target, token: token, headers: gzip ? [("Accept-Encoding", "gzip")] : [])
      #expect(answer.status == 200 && answer.isComplete)
      #expect(answer.headers["content-encoding"] == (gzip ? "gzip" : nil))
      let rows = CSV.rows(answer.body)
      #expect(answer.headers["sforce-numberofrecords"] == String(rows.count - 1))
      pages.append(rows)
      locator = answer.headers["sforce-locator"]
    } while locator != "null"
    return pages
  }
}

import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Simulator

/// A Marketo instance that serves while a test runs, and a client for it.
struct RunningMarketo: Sendable {
  let port: Int
  let options: SimulatedMarketoOptions
  /// The token that calls carry unless they say otherwise.
  let token: String

  /// Runs an instance around a test. Leads are written at once unless the test wants a gap.
  static func serving<Result: Sendable>(
    _ change: (inout SimulatedMarketoOptions) -> Void = { _ in },
    _ test: @escaping @Sendable (RunningMarketo) async throws -> Result
  ) async throws -> Result {
    var options = SimulatedMarketoOptions()
    options.processingTime = .zero
    options.callsPerWindow = 10_000
    change(&options)
    let final = options
    let (ports, listening) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let instance = SimulatedMarketo(options: options, logger: logger) { port in listening.yield(port) }
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: instance, failureTerminationBehavior: .cancelGroup)], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      do {
        let first = RunningMarketo(port: port, options: final, token: "")
        let result = try await test(RunningMarketo(port: port, options: final, token: try await first.newToken()))
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
    let all = headers + [("Authorization", "Bearer \(token ?? self.token)")]
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result { try RawHTTP.send(port: port, method, target, headers: all, body: body) })
      }
    }
  }

  var credentials: String {
    "grant_type=client_credentials&client_id=\(options.clientID)&client_secret=\(options.clientSecret)"
  }

  func newToken() async throws -> String {
    let answer = try await send("GET", "/identity/oauth/token?\(credentials)")
    return try #require(JSON(answer.body)["access_token"].text)
  }

  /// A call of the REST API, by what follows `/rest/v1/`.
  func get(_ path: String, token: String? = nil) async throws -> JSON {
    JSON(try await send("GET", "/rest/v1/\(path)", token: token).body)
  }

  /// A call of the REST API with JSON.
  func post(_ path: String, _ json: String) async throws -> JSON {
    JSON(
      try await send(
        "POST", "/rest/v1/\(path)", headers: [("Content-Type", "application/json")], body: Array(json.utf8)
      ).body)
  }

  /// A query whose parameters go into the body.
  func query(_ path: String, _ form: String) async throws -> JSON {
    JSON(
      try await send(
        "POST", "/rest/v1/\(path)?_method=GET", headers: [("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(form.utf8)
      ).body)
  }

  /// What tests look at and change.
  @discardableResult
  func admin(_ path: String, _ json: String? = nil, method: String? = nil) async throws -> JSON {
    JSON(
      try await send(
        method ?? (json == nil ? "GET" : "POST"), "/simulator/\(path)", body: Array((json ?? "").utf8)
      ).body)
  }

  /// Makes trouble in place of the former one.
  func inject(_ json: String) async throws {
    try await admin("faults", method: "DELETE")
    try #require(try await admin("faults", "[\(json)]").list.isEmpty == false)
  }

  /// Creates the lead fields that tests use.
  func makeFields() async throws {
    let made = try await post(
      "leads/schema/fields.json",
      """
      {"input":[{"name":"veevaId","displayName":"Veeva Id","dataType":"string"},
      {"name":"veevaTier","displayName":"Veeva Tier","dataType":"integer"},
      {"name":"veevaSince","displayName":"Veeva Since","dataType":"date"},
      {"name":"veevaIsDeleted","displayName":"Veeva Is Deleted","dataType":"boolean"}]}
      """)
    try #require(made["result"].list.allSatisfy { $0["status"].text == "created" })
  }

  /// Makes and approves a type of calls that are linked to a lead.
  func makeCallType() async throws {
    for (path, body) in [
      ("schema.json", #"{"apiName":"veevaCall_c","displayName":"Veeva Call"}"#),
      (
        "schema/veevaCall_c/addField.json",
        """
        {"input":[{"name":"callId","displayName":"Call Id","dataType":"string","isDedupeField":true},
        {"name":"leadId","displayName":"Lead Id","dataType":"link","relatedTo":{"name":"lead","field":"id"}},
        {"name":"callDate","displayName":"Call Date","dataType":"datetime"},
        {"name":"duration","displayName":"Duration","dataType":"integer"},
        {"name":"notes","displayName":"Notes","dataType":"text"}]}
        """
      ), ("schema/veevaCall_c/approve.json", ""),
    ] {
      let answer = try await post("customobjects/\(path)", body)
      try #require(answer["success"].truth == true, "\(path): \(answer)")
    }
  }

  /// Sends a file for import.
  func upload(_ target: String, _ file: String, headers: [(String, String)]? = nil) async throws -> RawHTTP.Answer {
    let boundary = "crmsync7f3c"
    let body =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"part.csv\"\r\n"
      + "Content-Type: text/csv\r\n\r\n\(file)\r\n--\(boundary)--\r\n"
    return try await send(
      "POST", "/bulk/v1/\(target)",
      headers: headers ?? [("Content-Type", "multipart/form-data; boundary=\(boundary)")], body: Array(body.utf8))
  }
}

extension JSON {
  /// Code of the first error of a call.
  var code: String? { self["errors"][0]["code"].text }

  /// What became of each record: its status, or the code of its first reason.
  var outcomes: [String] {
    self["result"].list.map { $0["reasons"][0]["code"].text ?? $0["errors"][0]["code"].text ?? $0["status"].text ?? "" }
  }
}

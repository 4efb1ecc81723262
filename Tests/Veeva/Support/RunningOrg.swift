import Foundation
import HTTP
import Logging
import ServiceLifecycle
import Simulator
import Testing

@testable import Veeva

/// A simulated org that serves while a test runs, and a client for it.
struct RunningOrg: Sendable {
  let port: Int
  let credentials: SimulatedOrgOptions.Credentials
  let http = HTTPClient()
  let sessions = InMemorySessionStore()
  let observer = RecordingObserver()

  var url: String { "http://127.0.0.1:\(port)" }

  /// Runs an org around a test.
  static func serving(
    _ change: (inout SimulatedOrgOptions) -> Void = { _ in },
    _ test: @escaping @Sendable (RunningOrg, VeevaClient) async throws -> Void
  ) async throws {
    var options = SimulatedOrgOptions()
    options.accounts = 800
    options.asOf = 1_764_000_000 / 86_400 * 86_400
    let folder = NSTemporaryDirectory() + "veeva-test-\(UUID().uuidString)"
    options.spoolDirectory = folder
    change(&options)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (ports, listening) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let org = SimulatedOrg(options: options, logger: logger) { port in listening.yield(port) }
    let group = ServiceGroup(configuration: .init(services: [.init(service: org)], logger: logger))
    let credentials = options.credentials
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      let running = RunningOrg(port: try #require(await iterator.next()), credentials: credentials)
      let result = await Result { () async throws in try await test(running, running.client()) }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      try result.get()
    }
  }

  /// A client that logs in with a flow.
  func client(_ flow: VeevaCredentials? = nil) -> VeevaClient {
    VeevaClient(
      loginURL: url, apiVersion: "62.0",
      credentials: flow
        ?? .clientCredentials(clientID: credentials.clientID, clientSecret: credentials.clientSecret),
      http: http, sessions: sessions, limits: observer)
  }

  /// Asks the org for trouble.
  func cause(_ faults: SimulatedFault...) async throws {
    let body = Array(try JSONEncoder().encode(faults))
    let answer = try await http.send(
      HTTPRequest(
        method: "POST", url: url + "/simulator/faults", headers: [(name: "Content-Type", value: "application/json")],
        body: body))
    #expect(answer.status == 200)
  }

  /// How often the troubles were met.
  func fired() async throws -> [Int] {
    struct Entry: Decodable { let fired: Int }
    let answer = try await http.send(HTTPRequest(url: url + "/simulator/faults"))
    return try JSONDecoder().decode([Entry].self, from: Data(answer.body)).map(\.fired)
  }
}

extension Result where Failure == any Error {
  init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}

extension VeevaClient {
  /// A complete bulk job; the requests themselves pace the loop.
  func completeJob(_ statement: String, object: String, includeDeleted: Bool = false) async throws -> String {
    let job = try await createQueryJob(statement, object: object, includeDeleted: includeDeleted)
    let deadline = ContinuousClock.now + .seconds(60)
    while try await jobState(job.id, object: object) != .jobComplete {
      try #require(ContinuousClock.now < deadline, "waited for bulk job \(job.id) to complete")
    }
    return job.id
  }

  /// All records of a bulk job, following its locators.
  func rows(of job: String, object: String, fields: [String], maxRecords: Int) async throws -> [[String]] {
    var rows: [[String]] = []
    var locator: String?
    repeat {
      let page = try await results(
        of: job, object: object, fields: fields, locator: locator, maxRecords: maxRecords)
      while let batch = try await page.nextBatch() { rows += batch.texts }
      locator = page.nextLocator
    } while locator != nil
    return rows
  }
}

import Checkpoints
import Delivery
import Foundation
import HTTP
import Logging
import Marketo
import PostgreSQL
import PostgresDestination
import ServiceLifecycle
import Simulator
import SyncModel
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
  static var server: Self {
    .enabled(if: DeliveryWorld.url != nil, "CRMSYNC_TEST_POSTGRES_URL names no PostgreSQL server")
  }
}

/// A database with a mirror and checkpoints, and a simulated Marketo instance.
struct DeliveryWorld: Sendable {
  static let url = ProcessInfo.processInfo.environment["CRMSYNC_TEST_POSTGRES_URL"]
  static let schema = "mirror"

  let databaseURL: String
  let pool: PostgresPool
  let checkpoints: CheckpointStore
  let http: HTTPClient
  let baseURL: String
  let credentials: MarketoCredentials

  var store: DeliveryStore { DeliveryStore(pool: pool, schema: Self.schema) }
  var client: MarketoClient { MarketoClient(credentials: credentials, http: http) }

  /// Clients as separate processes have them, which share nothing but the database.
  func processes(_ count: Int, limits: MarketoBudget.Limits) throws -> [MarketoClient] {
    (0..<count).map { _ in
      let checkpoints = CheckpointStore(pool: PostgresPool(PostgresConfiguration(url: databaseURL), size: 4))
      return MarketoClient(
        credentials: credentials, http: HTTPClient(),
        limits: SharedMarketoBudget(instance: "marketo", limits: limits, checkpoints: checkpoints))
    }
  }

  @discardableResult
  func admin(_ path: String, _ json: String? = nil) async throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(try await answer(path, json))) as? [String: Any] ?? [:]
  }

  func list(_ path: String) async throws -> [[String: Any]] {
    try JSONSerialization.jsonObject(with: Data(try await answer(path, nil))) as? [[String: Any]] ?? []
  }

  private func answer(_ path: String, _ json: String?) async throws -> [UInt8] {
    try await http.send(
      HTTPRequest(
        method: json == nil ? "GET" : "POST", url: "\(baseURL)/simulator/\(path)", body: json.map { Array($0.utf8) })
    ).body
  }

  func run(_ statement: String) async throws {
    try await pool.withConnection { _ = try await $0.execute(statement) }
  }

  func number(_ statement: String) async throws -> Int {
    let rows = try await pool.withConnection { try await $0.query("select (\(statement)) as number") }
    return Int(try rows.first?.int("number") ?? -1)
  }
}

/// Lends a test a world of its own.
func withDeliveryWorld(
  _ change: (inout SimulatedMarketoOptions) -> Void = { _ in },
  _ body: @escaping @Sendable (DeliveryWorld) async throws -> Void
) async throws {
  try await withFreshDatabase { databaseURL in
    let pool = PostgresPool(PostgresConfiguration(url: databaseURL), size: 8)
    let checkpoints = CheckpointStore(pool: pool)
    let outcome: Result<Void, any Error>
    do {
      try await checkpoints.migrate()
      var options = SimulatedMarketoOptions()
      options.processingTime = .zero
      change(&options)
      try await withMarketo(options) { baseURL, credentials in
        try await body(
          DeliveryWorld(
            databaseURL: databaseURL, pool: pool, checkpoints: checkpoints, http: HTTPClient(), baseURL: baseURL,
            credentials: credentials))
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await pool.close()
    try outcome.get()
  }
}

private func withMarketo(
  _ options: SimulatedMarketoOptions, _ body: @escaping @Sendable (String, MarketoCredentials) async throws -> Void
) async throws {
  let (ports, listening) = AsyncStream<Int>.makeStream()
  var logger = Logger(label: "test")
  logger.logLevel = .error
  let instance = SimulatedMarketo(options: options, logger: logger) { listening.yield($0) }
  let group = ServiceGroup(
    configuration: .init(
      services: [.init(service: instance, failureTerminationBehavior: .cancelGroup)], logger: logger))
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let baseURL = "http://127.0.0.1:\(try #require(await iterator.next()))"
    do {
      try await body(
        baseURL,
        MarketoCredentials(baseURL: baseURL, clientID: options.clientID, clientSecret: options.clientSecret))
    } catch {
      await group.triggerGracefulShutdown()
      throw error
    }
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
  }
}

import Checkpoints
import Foundation
import HTTP
import Logging
import PostgreSQL
import PostgresDestination
import ServiceLifecycle
import Simulator
import SyncConfiguration
import SyncModel
import Tenants
import TestSupport
import Testing
import Veeva
import WriteBack

extension Trait where Self == ConditionTrait {
  static var server: Self {
    .enabled(if: WriteBackWorld.serverURL != nil, "CRMSYNC_TEST_POSTGRES_URL names no PostgreSQL server")
  }
}

/// A tenant whose persons were copied from a simulated org, and that writes back.
struct WriteBackWorld: Sendable {
  static let serverURL = ProcessInfo.processInfo.environment["CRMSYNC_TEST_POSTGRES_URL"]
  static let name = "acme"

  let tenant: Tenant
  let checkpoints: CheckpointStore
  let orgURL: String
  private let http = HTTPClient()
  /// Ids of the persons that were copied.
  let persons: [String]

  fileprivate init(tenant: Tenant, checkpoints: CheckpointStore, orgURL: String, persons: [String]) {
    (self.tenant, self.checkpoints, self.orgURL, self.persons) = (tenant, checkpoints, orgURL, persons)
  }

  /// Lets the errand run once, to its end.
  func writeBack(isStopping: @escaping @Sendable () -> Bool = { false }) async throws {
    let errand = try #require(tenant.errands.first { $0.kind == .writeBack })
    try await errand.run(isStopping: isStopping)
  }

  func demand() async throws -> ErrandDemand {
    let errand = try #require(tenant.errands.first { $0.kind == .writeBack })
    return try await errand.demand()
  }

  @discardableResult
  func post(_ path: String, _ json: String) async throws -> [UInt8] {
    let answer = try await http.send(
      HTTPRequest(
        method: "POST", url: "\(orgURL)/simulator/\(path)",
        headers: [(name: "Content-Type", value: "application/json")],
        body: Array(json.utf8)))
    try #require(answer.status < 300, "\(String(decoding: answer.body, as: UTF8.self))")
    return answer.body
  }

  /// Lets the errand run until nothing is due, without the waits between.
  func writeBackAll() async throws {
    for _ in 0..<50 {
      try await run("update copy.crmsync_bulk_update set busy_until = now()")
      try await run("update copy.crmsync_capture set due = now() where due < now() + interval '1 second'")
      try await writeBack()
      guard try await isWriting() else { return }
    }
    Issue.record("write-back does not come to an end")
  }

  /// Whether something is due, or a bulk job is open.
  func isWriting() async throws -> Bool {
    let jobs = try await rows(["1"], from: "copy.crmsync_bulk_update where job is not null")
    let due = try await rows(["count(*)"], from: "copy.crmsync_capture where due < now() + interval '1 second'")
    return !jobs.isEmpty || due != ["0"]
  }

  /// Brings what Veeva holds of persons, as a delta does.
  func delta(_ ids: [String]) async throws {
    let mapping = try await SchemaOfTest.read(self)
    for start in stride(from: 0, to: ids.count, by: VeevaClient.mostRetrieved) {
      let some = Array(ids[start..<min(ids.count, start + VeevaClient.mostRetrieved)])
      let (records, _) = try await tenant.veeva.retrieve(some, of: "Account", fields: mapping.fields)
      try await tenant.withPageWriter(for: mapping, mode: .merge(.none)) { writer in
        try await writer.write(records)
        _ = try await writer.commit { _, _ in true }
      }
    }
  }

  /// API calls so far.
  func calls() async -> Int { await tenant.budget.requests.values.reduce(0, +) }

  /// Updates that the org has taken: ids with the fields that were set.
  func updates() async throws -> [(id: String, fields: [String])] {
    struct Update: Decodable {
      let id: String
      let set: [String: Value]
      struct Value: Decodable { init(from decoder: any Decoder) {} }
    }
    let answer = try await http.send(HTTPRequest(method: "GET", url: "\(orgURL)/simulator/updates"))
    return try JSONDecoder().decode([Update].self, from: Data(answer.body)).map { ($0.id, $0.set.keys.sorted()) }
  }

  /// Asks the org for trouble.
  func cause(_ faults: SimulatedFault...) async throws {
    try await post("faults", String(decoding: try JSONEncoder().encode(faults), as: UTF8.self))
  }

  /// Changes a person in Veeva.
  func changeInVeeva(_ id: String, _ set: String) async throws {
    try await post("changes", #"[{"op":"update","object":"Account","ids":["\#(id)"],"set":\#(set)}]"#)
  }

  /// Changes a person here, as a marketer.
  func edit(_ id: String, _ set: String) async throws {
    try await run("update copy.person set \(set) where veeva_id = '\(id)'")
  }

  func run(_ statement: String) async throws {
    try await tenant.destinationPool.withConnection { _ = try await $0.execute(statement) }
  }

  /// Rows as texts, columns joined by `|`, null being `∅`.
  func rows(_ columns: [String], from table: String) async throws -> [String] {
    let list = columns.map { "coalesce(\($0)::text, '∅')" }.joined(separator: " || '|' || ")
    return try await tenant.destinationPool.withConnection {
      try await $0.query("select \(list) as row from \(table) order by 1")
    }.compactMap { try $0.string("row") }
  }

  /// What Veeva holds of some fields of a person.
  func inVeeva(_ id: String, _ fields: String...) async throws -> [String?] {
    let (records, _) = try await tenant.veeva.retrieve([id], of: "Account", fields: fields)
    return fields.indices.map { records.text(row: 0, column: $0) }
  }

  /// Calls of the sync so far that wrote.
  func updateCalls() async -> Int { await tenant.budget.requests["update"] ?? 0 }

  func needsSchema() async throws -> Bool {
    let rows = try await checkpoints.pool.withConnection {
      try await $0.query("select needs_schema from crmsync.object_sync where object = 'Account'")
    }
    return try rows.first?.bool("needs_schema") ?? false
  }
}

/// Lends a test a world of its own.
func withWriteBackWorld(
  sync: String = "pause: 0s", accounts: Int = 400, persons: Int = 250,
  _ body: @escaping @Sendable (WriteBackWorld) async throws -> Void
) async throws {
  try await withFreshDatabase { url in
    let folder = NSTemporaryDirectory() + "writeback_" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = SimulatedOrgOptions()
    options.accounts = accounts
    options.spoolDirectory = folder
    try await withOrg(options) { orgURL in
      try await withTenant(orgURL, database: url, sync: sync, folder: folder, persons: persons, body)
    }
  }
}

private func withOrg(_ options: SimulatedOrgOptions, _ body: @escaping @Sendable (String) async throws -> Void)
  async throws
{
  let (ports, listening) = AsyncStream<Int>.makeStream()
  var logger = Logger(label: "test")
  logger.logLevel = .error
  let org = SimulatedOrg(options: options, logger: logger) { listening.yield($0) }
  let group = ServiceGroup(
    configuration: .init(services: [.init(service: org, failureTerminationBehavior: .cancelGroup)], logger: logger))
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    do {
      try await body("http://127.0.0.1:\(port)")
    } catch {
      await group.triggerGracefulShutdown()
      throw error
    }
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
  }
}

private func withTenant(
  _ orgURL: String, database: String, sync: String, folder: String, persons count: Int,
  _ body: @Sendable (WriteBackWorld) async throws -> Void
) async throws {
  let text = """
    postgres: { url: "\(database)" }
    rabbitmq: { url: "amqp://crmsync@127.0.0.1:5672/none" }
    sync: { \(sync), backoff: { first: 1ms, longest: 1ms } }
    tenants:
      \(WriteBackWorld.name):
        veeva:
          loginURL: \(orgURL)
          auth: { flow: client-credentials, clientID: crmsync-client, clientSecret: crmsync-secret }
        destination: { postgres: { url: "\(database)", schema: copy } }
        objects: { personAccounts: { writeBack: true } }
    """
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  let file = folder + "/crmsync.yaml"
  try text.write(toFile: file, atomically: true, encoding: .utf8)
  let configuration = try Configuration.load(path: file, environment: [:])
  let checkpoints = CheckpointStore(pool: PostgresPool(PostgresConfiguration(url: database), size: 4))
  let settings = try #require(configuration.tenants[WriteBackWorld.name])
  let tenant = Tenant(
    name: WriteBackWorld.name, settings: settings, checkpoints: checkpoints, connections: 4,
    writeBack: .init(
      lease: .seconds(60),
      retry: RetryPolicy(maxFailures: 3, backoff: Backoff(first: .milliseconds(1), longest: .milliseconds(1)))),
    live: LiveSelections(configuration))
  try await checkpoints.migrate()
  try await checkpoints.register(tenant: tenant.name, destination: tenant.destinationIdentity)
  let term = try #require(try await checkpoints.lead(as: "test", lease: .seconds(600)))
  let leader = LeaderStamp(holder: "test", term: term)
  try await checkpoints.select([.personAccounts], tenant: tenant.name, leader: leader)
  let described = try await SchemaReader(tenant: tenant).read(.personAccounts)
  try await tenant.prepareTables(for: described.mapping)
  try await checkpoints.store(described.stored, tenant: tenant.name, leader: leader)
  let persons = try await copy(described, tenant, count)
  try await body(WriteBackWorld(tenant: tenant, checkpoints: checkpoints, orgURL: orgURL, persons: persons))
  await tenant.destinationPool.close()
  await checkpoints.pool.close()
}

/// Copies some persons.
private func copy(_ described: DescribedObject, _ tenant: Tenant, _ count: Int) async throws -> [String] {
  let mapping = described.mapping
  var all: [String] = []
  while all.count < count {
    let after = all.last.map { ["Id > '\($0)'"] } ?? []
    let ids = try await tenant.veeva.queryPage(
      SOQL.select(["Id"], from: "Account", where: described.conditions + after, orderBy: ["Id"])
        + " LIMIT \(min(count - all.count, VeevaClient.mostRetrieved))",
      object: "Account", fields: ["Id"])
    try #require(ids.rowCount > 0)
    let some = (0..<ids.rowCount).compactMap { ids.text(row: $0, column: 0) }
    let (records, _) = try await tenant.veeva.retrieve(some, of: "Account", fields: mapping.fields)
    try await tenant.withPageWriter(for: mapping, mode: .insert) { writer in
      try await writer.write(records)
      _ = try await writer.commit { _, _ in true }
    }
    all += some
  }
  return all
}

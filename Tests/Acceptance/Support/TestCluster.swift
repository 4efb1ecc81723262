import Foundation
import PostgreSQL
import Synchronization

/// A cluster of real processes on a database and queues of its own, with a simulated org.
final class TestCluster: Sendable {
  let environment: TestEnvironment
  /// Also the name of the database and of the queues, so that tests cannot meet.
  let tenant: String
  let configuration: String
  let database: PostgresConnection
  let org: Child
  let orgURL: String
  /// Orgs of further tenants.
  private let furtherOrgs = Mutex<[Child]>([])
  private struct Started { weak var child: Child? }
  private let started = Mutex<[Started]>([])

  /// Small pages and short leases, so that crashes cost tests little time.
  static let quick = """
    sync: { pageRows: 10000, partitionRows: 20000, lease: 2s, backoff: { first: 100ms, longest: 1s } }
    coordinator: { term: 2s }
    worker: { shutdown: 20s }
    log: { level: trace }
    """

  /// Results of bulk jobs of this run: another run may have another generator.
  private static let spool = FileManager.default.temporaryDirectory
    .appendingPathComponent("crmsync-test-\(ProcessInfo.processInfo.processIdentifier)").path

  /// Starts an org and prepares an empty database.
  init(
    records: Int, org orgOptions: [String] = [], objects: String = "{ personAccounts: {}, users: {} }",
    settings: String = TestCluster.quick
  ) async throws {
    environment = try TestEnvironment()
    tenant = "t" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let administrator = PostgresConnection(PostgresConfiguration(url: environment.postgresURL))
    try await administrator.connect()
    try await administrator.execute("create database \(tenant)")
    await administrator.close()
    let url =
      environment.postgresURL.split(separator: "/").dropLast().joined(separator: "/")
      .replacing("postgresql:/", with: "postgresql://") + "/" + tenant
    database = PostgresConnection(PostgresConfiguration(url: url))
    try await database.connect()
    (org, orgURL) = try await Self.startOrg(records, orgOptions, binary: environment.binary)
    configuration = FileManager.default.temporaryDirectory.appendingPathComponent("\(tenant).yaml").path
    try """
    postgres: { url: "\(url)" }
    rabbitmq: { url: "\(environment.rabbitmqURL)" }
    \(settings)
    tenants:
    \(Self.entry(tenant, orgURL, url, schema: "copy", objects: objects))
    """.write(toFile: configuration, atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: configuration) }

  private static func startOrg(_ records: Int, _ options: [String], binary: String) async throws -> (Child, String) {
    let org = try Child(
      "org", binary,
      ["simulate", "veeva", "--listen", "127.0.0.1:0", "--records", "\(records)", "--spool", Self.spool] + options)
    try await org.waitFor("listening on http://")
    guard let line = org.text.split(separator: "\n").last(where: { $0.hasPrefix("listening on ") }) else {
      throw Unexpected("the org does not say where it listens")
    }
    return (org, String(line.dropFirst("listening on ".count)))
  }

  private static func entry(
    _ tenant: String, _ orgURL: String, _ database: String, schema: String, objects: String,
    secret: String = "crmsync-secret"
  ) -> String {
    """
      \(tenant):
        veeva:
          loginURL: \(orgURL)
          auth: { flow: client-credentials, clientID: crmsync-client, clientSecret: \(secret) }
        destination: { postgres: { url: "\(database)", schema: \(schema) } }
        objects: \(objects)
    """
  }

  /// Adds a tenant with an org of its own, for processes that are started from now on.
  /// - Returns: its name.
  func addTenant(
    _ name: String, records: Int, org options: [String] = [], secret: String = "crmsync-secret"
  ) async throws -> String {
    let (org, orgURL) = try await Self.startOrg(
      records, ["--seed", "\(UInt32.random(in: 2 ... .max))"] + options, binary: environment.binary)
    furtherOrgs.withLock { $0.append(org) }
    let further = tenant + name
    let text = try String(contentsOfFile: configuration, encoding: .utf8)
    let url = await database.url(of: environment, database: tenant)
    let entry = Self.entry(
      further, orgURL, url, schema: name, objects: "{ personAccounts: {}, users: {} }", secret: secret)
    try (text + "\n" + entry).write(toFile: configuration, atomically: true, encoding: .utf8)
    return further
  }

  /// Starts a role.
  /// - Parameters:
  ///   - haltAt: the marker at which it does nothing more.
  ///   - abortAt: the marker at which it crashes.
  func start(
    _ verb: String, _ arguments: [String] = [], haltAt: String? = nil, abortAt: String? = nil
  ) throws -> Child {
    var variables = ["CRMSYNC_CONFIG": configuration]
    variables["CRMSYNC_HALT_AT"] = haltAt
    variables["CRMSYNC_ABORT_AT"] = abortAt
    let child = try Child(verb, environment.binary, [verb] + arguments, environment: variables)
    started.withLock { $0.append(Started(child: child)) }
    return child
  }

  /// What each process that still matters has printed last, and how it ended: for reports of failures.
  private var lastWords: String {
    started.withLock { $0.compactMap(\.child) }
      .map { child in
        let end = child.hasEnded ? ", ended" : ""
        return "— \(child.name) \(child.identifier)\(end)\n\(child.text.suffix(1500))"
      }
      .joined(separator: "\n")
  }

  /// Runs a verb to its end.
  func run(_ verb: String, _ arguments: [String] = [], within limit: Duration = .seconds(120)) async throws -> (
    status: Int32, text: String
  ) {
    let child = try start(verb, arguments)
    let status = try await child.waitForExit(within: limit)
    return (status, child.text)
  }

  /// Waits until everything was copied once.
  /// - Parameter patience: how long no page may be committed anywhere while there is runnable work: at least twice the
  ///   lease.
  func waitUntilSynced(within limit: Duration = .seconds(120), patience: Duration = .seconds(60)) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let (status, text) = try await self.run("status", ["--until-synced"], within: limit)
        guard status == 0 else {
          throw Unexpected("the copy did not complete:\n\(text.suffix(3000))\n\(self.lastWords)")
        }
      }
      group.addTask { try await self.watchLiveness(patience: patience) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Throws when no page is committed for long though there is work that could be done.
  private func watchLiveness(patience: Duration) async throws {
    let look = """
      select coalesce((select sum(rows_committed) + count(*) filter (where state = 'done') from crmsync.job), 0)::text
          as progress,
        exists (select from crmsync.job where state in ('queued', 'leased')
          or state in ('runnable', 'extracting') and due_at <= clock_timestamp()) as is_runnable
      """
    var (progress, since) = ("", ContinuousClock.now)
    while true {
      // Before the first migration, or while the server restarts, there is nothing to be seen.
      if let row = try? await database.query(look).first {
        let now = try row.string("progress") ?? ""
        let isIdle = try row.bool("is_runnable") != true
        if isIdle || now != progress { (progress, since) = (now, .now) }
      }
      guard ContinuousClock.now - since < patience else {
        let shown = try await run("status").text
        throw Unexpected(
          "no page was committed for \(patience) though there was work:\n\(shown.suffix(3000))\n\(lastWords)")
      }
      try await Task.sleep(for: .milliseconds(250))
    }
  }

  /// Compares every row and every column with what the org holds, by a script that shares no code with the product.
  func expectEqualToOrg() async throws {
    let schema = try await run("schema", [tenant, "--json"])
    let mapping = FileManager.default.temporaryDirectory.appendingPathComponent("\(tenant).json").path
    try schema.text.write(toFile: mapping, atomically: true, encoding: .utf8)
    let script = TestEnvironment.folder.appendingPathComponent("compare.py").path
    defer { try? FileManager.default.removeItem(atPath: mapping) }
    let child = try Child(
      "compare.py", "/usr/bin/env",
      ["python3", script, orgURL, mapping, await database.url(of: environment, database: tenant)])
    let status = try await child.waitForExit(within: .seconds(300))
    guard status == 0 else { throw Unexpected("the copy differs from the org:\n\(child.text.suffix(3000))") }
  }

  /// One number from the database.
  func number(_ statement: String) async throws -> Int64 {
    let rows = try await database.query("select (\(statement))::bigint as number")
    return try rows.first?.int("number") ?? 0
  }

  /// Makes the org cause trouble from now on.
  func cause(_ faults: String) async throws {
    let child = try Child(
      "curl", "/usr/bin/env",
      ["curl", "-sf", "-X", "POST", "-H", "Content-Type: application/json", "-d", faults, orgURL + "/simulator/faults"])
    guard try await child.waitForExit() == 0 else { throw Unexpected("the org refuses the faults \(faults)") }
  }

  /// Changes the org's clock, profile or settings.
  func tell(_ endpoint: String, _ change: String) async throws {
    let child = try Child(
      "curl", "/usr/bin/env",
      [
        "curl", "-sf", "-X", "POST", "-H", "Content-Type: application/json", "-d", change,
        orgURL + "/simulator/" + endpoint,
      ])
    guard try await child.waitForExit() == 0 else { throw Unexpected("the org refuses \(endpoint) \(change)") }
  }

  /// How often the faults have fired, as the org counts them.
  func faults() async throws -> String {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", orgURL + "/simulator/faults"])
    _ = try await child.waitForExit()
    return child.text
  }
}

extension PostgresConnection {
  /// The URL of a database on the test server.
  func url(of environment: TestEnvironment, database: String) -> String {
    let parts = environment.postgresURL.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.joined(separator: "/") + "/" + database
  }
}

/// An org that changes, and is synced again.
extension TestCluster {
  /// A cluster whose org has been copied.
  static func copied(
    _ records: Int, org: [String] = [], objects: String = "{ personAccounts: {}, users: {} }",
    settings: String = TestCluster.quick
  ) async throws -> TestCluster {
    let cluster = try await TestCluster(records: records, org: org, objects: objects, settings: settings)
    try await cluster.syncOnce()
    return cluster
  }

  /// One cycle of every object.
  func syncOnce() async throws {
    let (status, text) = try await run("run", ["--once"])
    guard status == 0 else { throw Unexpected("the sync failed:\n\(text.suffix(3000))") }
  }

  /// Changes the org, and lets so much of its time go by that the next delta reaches the change.
  func change(_ operations: String) async throws {
    try await post("changes", operations)
    try await advanceClock(60)
  }

  func advanceClock(_ seconds: Int) async throws { try await post("clock", #"{"advanceSeconds": \#(seconds)}"#) }

  /// Tells the org something that no client of a real one could.
  @discardableResult
  func post(_ path: String, _ body: String) async throws -> String {
    let child = try Child(
      "curl", "/usr/bin/env",
      [
        "curl", "-s", "-f", "-X", "POST", "-H", "Content-Type: application/json", "-d", body,
        orgURL + "/simulator/" + path,
      ])
    guard try await child.waitForExit() == 0 else { throw Unexpected("the org refuses \(path): \(body)") }
    return child.text
  }

  func forgetRequests() async throws { try await post("limits", #"{"used": 0}"#) }

  /// API requests since the org last forgot them, as it counts them against the daily allowance.
  func apiRequests() async throws -> Int {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", orgURL + "/simulator/requests"])
    _ = try await child.waitForExit()
    guard let match = child.text.firstMatch(of: #/"used"\s*:\s*(\d+)/#), let count = Int(match.1) else {
      throw Unexpected("the org does not count its requests: \(child.text)")
    }
    return count
  }

  /// Waits until a condition holds, looking often.
  func wait(_ what: String, within limit: Duration = .seconds(60), _ isTrue: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try await !isTrue() {
      guard ContinuousClock.now < end else { throw Unexpected("waited \(limit) in vain for \(what)") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Lets what the mapping has gained be filled.
  func waitForBackfill() async throws {
    let open = """
      select (select count(*) from crmsync.object_sync where backfill is not null)
        + (select count(*) from crmsync.cycle where kind = 'backfill' and phase not in ('done', 'failed'))
      """
    let child = try start("run")
    try await wait("the back-fill") { try await number(open) == 0 }
    child.signal(15)
    _ = try await child.waitForExit(within: .seconds(30))
  }
}

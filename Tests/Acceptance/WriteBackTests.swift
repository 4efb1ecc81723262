import Foundation
import PostgreSQL
import TestSupport
import Testing

/// Marketers' changes that travel back, as people on both sides see them.
@Suite("Write-back", .serialized, .timeLimit(.minutes(30)))
struct WriteBackTests {
  /// Seconds for which both sides change; `CRMSYNC_TEST_SCALE` multiplies them.
  private static let seconds = 15

  private static let persons = "{ personAccounts: { writeBack: true } }"

  @Test("edits on both sides, with workers killed, settle: Veeva wins, every loser is named, nothing is written twice")
  func bothSides() async throws {
    var chance = Chance.fresh("edits on both sides")
    // A worker that is slow for once shall not lose its claims: the second one would write the same once more.
    let cluster = try await TestCluster(
      records: 600, objects: Self.persons,
      settings: TestCluster.quick.replacing("lease: 2s", with: "lease: 10s, pause: 0s, lag: 1s, overlap: 5m"))
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    var sides = EditedSides(try await cluster.texts("select veeva_id from copy.person order by 1 limit 40"))
    let coordinator = try cluster.start("coordinator")
    var workers = try (0..<2).map { _ in try cluster.start("worker") }
    let end = ContinuousClock.now + .seconds(Self.seconds * cluster.environment.scale)
    var rounds = 0
    while ContinuousClock.now < end {
      rounds += 1
      for _ in 0..<(1 + chance.below(4)) { try await cluster.database.execute(sides.edit(&chance)) }
      if rounds % 3 == 0 { try await cluster.post("changes", sides.changeInVeeva(&chance)) }
      if rounds % 40 == 0 {
        try await workers[0].kill9()
        workers[0] = try cluster.start("worker")
        workers.swapAt(0, 1)
      }
      // A pace, not a wait: people do not change a thousand persons a second.
      try await Task.sleep(for: .milliseconds(50))
    }
    try await cluster.advanceClock(120)
    try await cluster.wait("both sides to agree", within: .seconds(120)) {
      try await cluster.number(EditedSides.pending) == 0
    }
    for child in workers + [coordinator] { child.signal(15) }
    for child in workers + [coordinator] { _ = try await child.waitForExit(within: .seconds(60)) }
    try await cluster.advanceClock(120)
    try await cluster.syncOnce()
    try await cluster.expectEqualToOrg()
    try await cluster.waitForEvents()
    let lost = try await cluster.texts(
      "select veeva_id || ' ' || field || ' ' || value from copy.person_activity where kind = 'overruled'")
    #expect(rounds > 10)
    sides.check(written: try await cluster.updates(), lost: lost, events: try await reader.read())
  }

  @Test("a score travels to Veeva and is put right there again; a change of another field leaves it alone")
  func owned() async throws {
    let cluster = try await TestCluster(
      records: 100, objects: Self.persons,
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 1s, overlap: 5m,"))
    try await cluster.syncOnce()
    #expect(try await cluster.run("schema", [cluster.tenant]).text.contains("← lead_score"))
    let id = try await cluster.texts("select veeva_id from copy.person order by 1 limit 1")[0]
    let running = try cluster.start("run")
    func scores() async throws -> [String] {
      try await cluster.updates().filter { $0.id == id }.compactMap { $0.set["mkto71_Lead_Score__pc"]?.plain }
    }
    try await cluster.database.execute("update copy.person set lead_score = 77 where veeva_id = '\(id)'")
    try await cluster.wait("the score to be written") { try await scores().count == 1 }
    try await cluster.post(
      "changes", #"[{"op":"update","object":"Account","ids":["\#(id)"],"set":{"mkto71_Lead_Score__pc":"5"}}]"#)
    try await cluster.wait("the score to be put right") { try await scores().count == 2 }
    try await cluster.post(
      "changes", #"[{"op":"update","object":"Account","ids":["\#(id)"],"set":{"FirstName":"Veeva"}}]"#)
    try await cluster.wait("Veeva's change to arrive, and the echo") {
      try await cluster.number(
        """
        select count(*) from copy.person where veeva_id = '\(id)' and first_name = 'Veeva' and lead_score = 77
          and not exists (select from copy.crmsync_capture)
        """) == 1
    }
    running.signal(15)
    _ = try await running.waitForExit(within: .seconds(30))
    let written = try await scores()
    #expect(written.count == 2 && Set(written).count == 1)
    #expect(try await cluster.number("select count(*) from copy.person_activity") == 0)
    try await cluster.expectEqualToOrg()
  }

  @Test("workers that are stopped or killed while a bulk job runs lose nothing of it, and write nothing twice")
  func largeSet() async throws {
    let cluster = try await TestCluster(
      records: 2600, objects: Self.persons,
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 1s, overlap: 5m,"))
    try await cluster.syncOnce()
    try await cluster.post("settings", #"{"jobDelayMilliseconds":600000}"#)
    let coordinator = try cluster.start("coordinator")
    let (stopped, killed) = (try cluster.start("worker"), try cluster.start("worker"))
    try await cluster.database.execute("update copy.person set title = 'M1', first_name = 'M2'")
    let persons = try await cluster.number("select count(*) from copy.person")
    try #require(persons > 2000)
    try await cluster.wait("a bulk job to be under way") {
      try await cluster.number("select count(*) from copy.crmsync_bulk_update where job is not null") == 1
    }
    stopped.signal(15)
    #expect(try await stopped.waitForExit(within: .seconds(30)) == 0)
    try await killed.kill9()
    let last = try cluster.start("worker")
    try await cluster.post("settings", #"{"jobDelayMilliseconds":0}"#)
    try await cluster.wait("all edits to be in Veeva", within: .seconds(120)) {
      try await cluster.number(EditedSides.pending) == 0
    }
    let writes = try await cluster.updates().map(\.id)
    #expect(writes.count == persons && Set(writes).count == persons, "\(writes.count) writes of \(persons) persons")
    #expect(try await cluster.number("select count(*) from copy.person_activity") == 0)
    for child in [last, coordinator] { child.signal(15) }
    for child in [last, coordinator] { _ = try await child.waitForExit(within: .seconds(60)) }
    try await cluster.advanceClock(120)
    try await cluster.syncOnce()
    try await cluster.expectEqualToOrg()
    #expect(try await cluster.number("select count(*) from copy.crmsync_capture") == 0)
  }

  @Test("switched on while the cluster runs, edits travel; a refused one stays, is listed, and can be given up")
  func switchedOn() async throws {
    let cluster = try await TestCluster(
      records: 200, objects: "{ personAccounts: {} }",
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 1s, overlap: 5m,"))
    try await cluster.syncOnce()
    #expect(try await !cluster.run("schema", [cluster.tenant]).text.contains("↔"))
    let id = try await cluster.texts("select veeva_id from copy.person order by 1 limit 1")[0]
    let running = try cluster.start("run")
    let text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    try text.replacing("personAccounts: {}", with: "personAccounts: { writeBack: true }")
      .write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
    try await cluster.wait("changes to be captured") {
      try await cluster.number("select count(*) from pg_trigger where tgname = 'crmsync_capture_edit'") == 1
    }
    #expect(try await cluster.run("schema", [cluster.tenant]).text.contains("↔"))
    try await cluster.database.execute(
      "update copy.person set email = 'bad', first_name = 'Ann' where veeva_id = '\(id)'")
    try await cluster.wait("the edit to be written") {
      try await cluster.updates().contains { $0.id == id && $0.set["FirstName"] == .text("Ann") }
    }
    let name = "\(cluster.tenant)/\(id)/email"
    try await cluster.wait("the refusal to be told") {
      try await cluster.run("rejects", ["list", cluster.tenant]).text.contains("\(name)  not written to Veeva")
    }
    #expect(try await cluster.run("status").text.contains("1 change was refused by Veeva"))
    #expect(try await cluster.run("rejects", ["show", name]).text.contains("INVALID_EMAIL_ADDRESS"))
    let verified = try await cluster.run("verify", [cluster.tenant, "--all-columns"])
    #expect(verified.status == 0, "\(verified.text)")
    #expect(try await cluster.run("rejects", ["discard", name]).text.contains("1 reject(s) discarded"))
    #expect(try await cluster.run("rejects", ["list", cluster.tenant]).text.contains("No rejects."))
    running.signal(15)
    _ = try await running.waitForExit(within: .seconds(30))
  }
}

/// What people change on both sides. Each value is used once, and tells who has set it.
private struct EditedSides {
  /// A field as both sides know it, and what makes a value of a number.
  private static let fields: [(column: String, field: String, suffix: String)] = [
    ("email", "PersonEmail", "@x.example"), ("first_name", "FirstName", ""), ("title", "PersonTitle", ""),
  ]
  /// Changes that Veeva does not have.
  static let pending = """
    select count(*) from copy.crmsync_capture c join copy.person p on p.veeva_id = c.veeva_id
    where to_jsonb(p) -> c.column_name is distinct from c.agreed
    """

  private struct Key: Hashable {
    let id: String
    let column: String
  }
  private let ids: [String]
  private var last = 0
  private var edits: [Key: [String]] = [:]

  init(_ ids: [String]) { self.ids = ids }

  private mutating func value(_ side: String, _ suffix: String) -> String {
    last += 1
    return "\(side)\(last)\(suffix)"
  }

  /// A marketer's edit of some columns of a person.
  mutating func edit(_ chance: inout Chance) -> String {
    let id = ids[chance.below(ids.count)]
    var set: [String] = []
    for (column, _, suffix) in Self.fields where set.isEmpty || chance.below(3) == 0 {
      let value = value("m", suffix)
      set.append("\(column) = '\(value)'")
      edits[Key(id: id, column: column), default: []].append(value)
    }
    return "update copy.person set \(set.joined(separator: ", ")) where veeva_id = '\(id)'"
  }

  /// A change that somebody in Veeva makes.
  mutating func changeInVeeva(_ chance: inout Chance) -> String {
    let (_, field, suffix) = Self.fields[chance.below(Self.fields.count)]
    return #"""
      [{"op":"update","object":"Account","ids":["\#(ids[chance.below(ids.count)])"],
        "set":{"\#(field)":"\#(value("v", suffix))"}}]
      """#
  }

  /// Each edit was written once, lost and named as lost, or followed by another; no echo raised an event.
  func check(written: [SeenUpdate], lost: [String], events: [SeenEvent]) {
    let writes = written.flatMap { update in
      Self.fields.compactMap { entry in update.set[entry.field].map { "\(update.id) \(entry.column) \($0.plain)" } }
    }
    let twice = Dictionary(grouping: writes) { $0 }.filter { $1.count > 1 }.keys
    #expect(twice.isEmpty, "written twice: \(twice.prefix(5))")
    let made = Set(edits.flatMap { key, values in values.map { "\(key.id) \(key.column) \($0)" } })
    #expect(Set(writes).isSubset(of: made), "\(Set(writes).subtracting(made).prefix(5))")
    #expect(!writes.isEmpty && !lost.isEmpty, "\(writes.count) writes, \(lost.count) lost")
    for (key, values) in edits {
      guard let value = values.last, case let edit = "\(key.id) \(key.column) \(value)" else { continue }
      #expect(writes.contains(edit) || lost.contains(edit), "nobody knows what became of \(edit)")
    }
    for event in events where event.entity == "person" {
      for (column, _, _) in Self.fields {
        let (before, after) = (event.data.before?[column], event.data.after?[column])
        guard before != after, case .text(let value)? = after, value.hasPrefix("m") else { continue }
        // What was written over a change of the same moment was named as lost before it came back.
        #expect(lost.contains("\(event.subject) \(column) \(value)"), "the echo of \(value) raised an event")
      }
    }
  }
}

/// An update that the org has taken from the sync.
struct SeenUpdate: Decodable {
  let id: String
  let set: [String: JSONText]
}

extension JSONText {
  var plain: String { if case .text(let text) = self { text } else { "\(self)" } }
}

extension TestCluster {
  /// Updates that the org has taken from clients of its API.
  func updates() async throws -> [SeenUpdate] {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", orgURL + "/simulator/updates"])
    guard try await child.waitForExit() == 0 else { throw Unexpected("the org does not tell its updates") }
    return try JSONDecoder().decode([SeenUpdate].self, from: Data(child.text.utf8))
  }

  /// Texts from the database.
  func texts(_ statement: String) async throws -> [String] {
    try await database.query("select one::text as one from (\(statement)) as t (one)").compactMap {
      try $0.string("one")
    }
  }
}

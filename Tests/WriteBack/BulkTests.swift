import Checkpoints
import PostgresDestination
import Simulator
import SyncModel
import Tenants
import Testing
import Veeva

/// What becomes of more changes than composite calls should carry.
@Suite("Write-back of large sets", .server, .timeLimit(.minutes(10)))
struct BulkTests {
  private static let count = 2_400
  /// Lets a job stop half way, until it is let go on.
  private static let slow = #"{"jobDelayMilliseconds":600000}"#
  private static let quick = #"{"jobDelayMilliseconds":0}"#

  /// A marketer changes all persons at once.
  private func editAll(_ world: WriteBackWorld, _ title: String = "Dr") async throws {
    try await world.run(
      """
      update copy.person set title = '\(title)',
        first_name = case when right(veeva_id, 1) < 'M' then 'Ann' else first_name end
      """)
  }

  private func titles(_ world: WriteBackWorld) async throws -> [String: Int] {
    var titles: [String: Int] = [:]
    for start in stride(from: 0, to: world.persons.count, by: VeevaClient.mostRetrieved) {
      let ids = Array(world.persons[start...].prefix(VeevaClient.mostRetrieved))
      let (records, _) = try await world.tenant.veeva.retrieve(ids, of: "Account", fields: ["PersonTitle"])
      for row in 0..<records.rowCount { titles[records.text(row: row, column: 0) ?? "∅", default: 0] += 1 }
    }
    return titles
  }

  /// No field of a record was written more than once.
  private func expectNoneTwice(_ world: WriteBackWorld) async throws {
    let fields = try await world.updates().flatMap { update in update.fields.map { "\(update.id) \($0)" } }
    #expect(Set(fields).count == fields.count)
  }

  @Test("5,000 persons take few calls; Veeva wins, what is refused is named, and echoes change nothing")
  func manyPersons() async throws {
    try await withWriteBackWorld(accounts: 6_000, persons: 5_000) { world in
      let ids = world.persons
      let (conflicts, bad, rule) = (ids[0..<20], ids[100..<110], ids[200])
      let (locked, deleted, literal) = (ids[300], ids[400], ids[500])
      try await world.run(
        """
        update copy.person set email = 'm' || substr(veeva_id, 8, 8) || '@x.example', title = null,
          hobbies__pc = case when veeva_id < '\(ids[2500])' then '{Chess}'::text[] else hobbies__pc end
        """)
      let list = bad.map { "'\($0)'" }.joined(separator: ", ")
      try await world.run("update copy.person set email = 'bad' where veeva_id in (\(list))")
      try await world.edit(literal, "email = email, first_name = '#N/A'")
      for id in conflicts { try await world.changeInVeeva(id, #"{"PersonEmail":"v@x.example"}"#) }
      try await world.cause(
        SimulatedFault(.refuseUpdate, path: rule, message: "Nein"),
        SimulatedFault(.refuseUpdate, path: locked, count: 1, code: "UNABLE_TO_LOCK_ROW"))
      try await world.post("changes", #"[{"op":"delete","object":"Account","ids":["\#(deleted)"]}]"#)
      #expect(try await world.demand() == ErrandDemand(workers: 1, askAgain: .seconds(5)))
      let before = await world.calls()
      try await world.writeBackAll()
      // Composite calls for 5,000 persons would be 50.
      let calls = await world.calls() - before
      #expect(calls <= 25, "\(calls) calls")
      let shown = try await world.inVeeva(ids[1000], "PersonEmail", "PersonTitle", "Hobbies__pc")
      #expect(shown[0]?.hasPrefix("m") == true && shown[1] == nil && shown[2] == "Chess")
      #expect(try await world.inVeeva(literal, "FirstName") == ["#N/A"])
      #expect(try await world.inVeeva(conflicts[3], "PersonEmail", "PersonTitle") == ["v@x.example", nil])
      #expect(try await world.inVeeva(bad[100], "Hobbies__pc") == ["Chess"])
      #expect(try await world.inVeeva(locked, "PersonTitle") == [nil])
      try await expectNoneTwice(world)
      try await world.delta(ids.filter { $0 != deleted })
      let log = Dictionary(
        grouping: try await world.rows(["kind", "veeva_id", "reason"], from: "copy.person_activity")
      ) { $0.prefix { $0 != "|" } }
      #expect(log["overruled"]?.count == 20)
      let refused = log["refused"] ?? []
      #expect(refused.count { $0.contains("INVALID_EMAIL_ADDRESS") } == 10)
      #expect(refused.count { $0.contains("|\(rule)|FIELD_CUSTOM_VALIDATION_EXCEPTION: Nein") } >= 1)
      #expect(log["gone"]?.allSatisfy { $0.contains(deleted) } == true && log.count == 3)
      let left = try await world.rows(["veeva_id", "column_name"], from: "copy.crmsync_capture where refused is null")
      #expect(left.isEmpty, "nothing but what was refused is left")
      let after = await world.calls()
      try await world.writeBackAll()
      #expect(await world.calls() == after)
    }
  }

  @Test("whoever looks at a job may be another process than its maker; who is asked to stop leaves it alone")
  func stopped() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      try await world.post("settings", Self.slow)
      try await editAll(world)
      try await world.writeBack()
      #expect(try await world.rows(["job is not null"], from: "copy.crmsync_bulk_update") == ["true"])
      try await world.run("update copy.crmsync_bulk_update set busy_until = 'epoch'")
      let calls = await world.calls()
      try await world.writeBack { true }
      #expect(await world.calls() == calls)
      #expect(try await world.demand().workers == 1)
      // A look at a job that runs is one call, and gives the slot back until the next one is due.
      try await world.writeBack()
      #expect(await world.calls() == calls + 1)
      #expect(try await world.rows(["(busy_until > opened_at)"], from: "copy.crmsync_bulk_update") == ["true"])
      #expect(
        try await world.rows(["count(*)"], from: "copy.crmsync_capture where claimed_until = 'infinity'") != ["0"])
    }
  }

  @Test("single edits are written while a job runs; those of persons that it carries wait for its end")
  func meanwhile() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count + 1) { world in
      let (first, last) = (world.persons[0], world.persons[Self.count])
      try await world.post("settings", Self.slow)
      try await world.run("update copy.person set title = 'Dr' where veeva_id < '\(last)'")
      try await world.writeBack()
      // However slow this machine is, no look at the job comes first.
      try await world.run("update copy.crmsync_bulk_update set busy_until = now() + interval '1 hour'")
      try await world.edit(last, "title = 'Prof'")
      try await world.edit(first, "title = 'Prof'")
      try await world.writeBack()
      #expect(try await world.inVeeva(last, "PersonTitle") == ["Prof"])
      #expect(try await world.inVeeva(first, "PersonTitle") != ["Prof"])
      try await world.post("settings", Self.quick)
      try await ended(world)
      try await world.writeBackAll()
      #expect(try await world.inVeeva(first, "PersonTitle") == ["Prof"])
    }
  }

  /// Waits until the org has done its job.
  private func ended(_ world: WriteBackWorld) async throws {
    let job = try #require(try await world.rows(["job"], from: "copy.crmsync_bulk_update").first)
    while try await !world.tenant.veeva.bulkUpdate(job, of: "Account").state.isEnd {
      // The org tells nobody when it is done.
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test("Veeva's change that a running job writes over is known from a delta, and is written again")
  func overwritten() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      let id = world.persons[Self.count - 1]
      try await world.post("settings", Self.slow)
      try await editAll(world)
      try await world.writeBack()
      try await world.changeInVeeva(id, #"{"PersonTitle":"Veeva"}"#)
      try await world.delta([id])
      #expect(try await world.rows(["title"], from: "copy.person where veeva_id = '\(id)'") == ["Veeva"])
      // Of two versions of one second, a page takes the later for the one that it knows.
      try await world.post("clock", #"{"advanceSeconds":5}"#)
      try await world.post("settings", Self.quick)
      try await ended(world)
      #expect(try await world.inVeeva(id, "PersonTitle") == ["Dr"])
      try await world.writeBackAll()
      #expect(try await world.inVeeva(id, "PersonTitle") == ["Veeva"])
      try await world.delta(world.persons)
      #expect(try await world.rows(["title"], from: "copy.person where veeva_id = '\(id)'") == ["Veeva"])
      #expect(try await world.rows(["kind", "value"], from: "copy.person_activity") == ["overruled|Dr"])
      #expect(try await world.rows(["1"], from: "copy.crmsync_capture").isEmpty)
    }
  }

  @Test("a worker that dies with a job loses nothing: what the job has written is known, and is not written again")
  func died() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      try await editAll(world)
      try await world.writeBack()
      try await ended(world)
      // As if the worker had died before it could remember the job.
      try await world.run("update copy.crmsync_bulk_update set job = null, busy_until = now()")
      try await world.writeBackAll()
      #expect(try await titles(world) == ["Dr": Self.count])
      try await expectNoneTwice(world)
      #expect(try await world.rows(["1"], from: "copy.crmsync_bulk_change").isEmpty)
    }
  }

  @Test("a job that was never begun is aborted by whoever finds it, and its changes are written otherwise")
  func neverBegun() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      try await world.cause(
        SimulatedFault(.status, method: "PUT", path: "/batches", count: 1, status: 503),
        SimulatedFault(.status, method: "PATCH", path: "jobs/ingest", count: 1, status: 503))
      try await editAll(world)
      await #expect(throws: VeevaError.self) { try await world.writeBack() }
      #expect(try await titles(world)["Dr"] == nil)
      try await world.writeBackAll()
      #expect(try await titles(world) == ["Dr": Self.count])
      try await expectNoneTwice(world)
    }
  }

  @Test("a job whose results the org no longer has leaves its changes to the next reading")
  func resultsGone() async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      try await editAll(world)
      try await world.writeBack()
      try await ended(world)
      let job = try #require(try await world.rows(["job"], from: "copy.crmsync_bulk_update").first)
      try await world.tenant.veeva.deleteBulkUpdate(job, of: "Account")
      try await world.run("update copy.crmsync_bulk_update set busy_until = now()")
      await #expect(throws: VeevaError.self) { try await world.writeBack() }
      try await world.writeBackAll()
      #expect(try await titles(world) == ["Dr": Self.count])
      try await expectNoneTwice(world)
    }
  }

  @Test(
    "a job that fails half way, or that the org does not permit, leaves the rest to composite calls",
    arguments: [
      SimulatedFault(.jobFailed, path: "update Account"), SimulatedFault(.jobAborted, path: "update Account"),
      SimulatedFault(.status, method: "POST", path: "jobs/ingest", status: 400, code: "FUNCTIONALITY_NOT_ENABLED"),
    ])
  func failed(fault: SimulatedFault) async throws {
    try await withWriteBackWorld(accounts: 3_000, persons: Self.count) { world in
      try await world.cause(fault)
      try await editAll(world)
      // The trouble is told, once.
      await #expect(throws: VeevaError.self) { try await world.writeBackAll() }
      try await world.writeBackAll()
      #expect(await world.updateCalls() >= 6)
      #expect(try await titles(world) == ["Dr": Self.count])
      try await expectNoneTwice(world)
      #expect(try await world.rows(["1"], from: "copy.person_activity").isEmpty)
    }
  }
}

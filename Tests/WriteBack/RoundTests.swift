import Checkpoints
import PostgresDestination
import Simulator
import SyncModel
import Tenants
import Testing
import Veeva

/// What a round does with the org, from a marketer's edit to its end.
@Suite("Rounds of write-back", .server, .timeLimit(.minutes(5)))
struct RoundTests {
  private static let activity = ["kind", "field", "value"]

  @Test("edits of many persons are written in two calls, in every type, and not once more")
  func written() async throws {
    try await withWriteBackWorld { world in
      let ids = Array(world.persons.prefix(150))
      try await world.run(
        """
        update copy.person set email = 'm' || substr(veeva_id, 10, 6) || '@x.example', unsubscribed = not unsubscribed,
          date_of_birth = '1970-02-03', hobbies__pc = '{Chess,Sailing}', first_name = E' Ann "\\\\" Lee '
        where veeva_id in (\(ids.map { "'\($0)'" }.joined(separator: ", ")))
        """)
      #expect(try await world.demand().workers == 1)
      let before = await world.tenant.budget.requests.values.reduce(0, +)
      try await world.writeBack()
      #expect(await world.tenant.budget.requests.values.reduce(0, +) - before == 2)
      for id in [ids[0], ids[149]] {
        let row = try await world.rows(["email", "unsubscribed"], from: "copy.person where veeva_id = '\(id)'")
        let shown = try await world.inVeeva(
          id, "PersonEmail", "PersonHasOptedOutOfEmail", "PersonBirthdate", "FirstName")
        #expect(row == ["\(shown[0] ?? "")|\(shown[1] ?? "")"])
        #expect(shown[2] == "1970-02-03" && shown[3] == "Ann \"\\\" Lee")
        let hobbies = try await world.inVeeva(id, "Hobbies__pc")[0]?.split(separator: ";").sorted()
        #expect(hobbies == ["Chess", "Sailing"])
      }
      #expect(try await world.demand().workers == 0)
      try await world.writeBack()
      #expect(await world.updateCalls() == 1)
      #expect(try await world.rows(Self.activity, from: "copy.person_activity").isEmpty)
    }
  }

  @Test("what Veeva has changed, too, is not written over; what it has already is not written again")
  func veevaWins() async throws {
    try await withWriteBackWorld { world in
      let (a, b) = (world.persons[0], world.persons[1])
      try await world.edit(a, "email = 'm@x.example', unsubscribed = not unsubscribed")
      try await world.edit(b, "email = 'same@x.example'")
      try await world.changeInVeeva(a, #"{"PersonEmail":"v@x.example"}"#)
      try await world.changeInVeeva(b, #"{"PersonEmail":"same@x.example"}"#)
      try await world.writeBack()
      #expect(try await world.inVeeva(a, "PersonEmail") == ["v@x.example"])
      let shown = try await world.inVeeva(a, "PersonHasOptedOutOfEmail")[0] ?? ""
      #expect(
        try await world.rows(["email", "unsubscribed"], from: "copy.person where veeva_id = '\(a)'")
          == ["m@x.example|\(shown)"])
      #expect(await world.updateCalls() == 1)
      // The delta brings Veeva's value; until then, or until a pause is over, nothing is tried.
      #expect(try await world.demand().workers == 0)
      #expect(
        try await world.rows(["column_name"], from: "copy.crmsync_capture where due > now() and due < 'infinity'")
          == ["email"])
    }
  }

  @Test("what marketing owns is written whatever Veeva shows, unless it shows that already")
  func owned() async throws {
    try await withWriteBackWorld { world in
      let (a, b) = (world.persons[0], world.persons[1])
      try await world.edit(a, "lead_score = 77, email = 'm@x.example'")
      try await world.edit(b, "lead_score = 78")
      try await world.changeInVeeva(a, #"{"mkto71_Lead_Score__pc":"5","PersonEmail":"v@x.example"}"#)
      try await world.changeInVeeva(b, #"{"mkto71_Lead_Score__pc":"78"}"#)
      try await world.writeBack()
      #expect(try await world.inVeeva(a, "PersonEmail")[0] == "v@x.example")
      #expect(try await world.inVeeva(a, "mkto71_Lead_Score__pc")[0].flatMap(Double.init) == 77)
      #expect(await world.updateCalls() == 1)
      #expect(
        try await world.rows(["veeva_id"], from: "copy.crmsync_capture where is_owned and due < 'infinity'").isEmpty)
      #expect(try await world.rows(Self.activity, from: "copy.person_activity").isEmpty)
    }
  }

  @Test("one bad field of a record keeps no other back; the org's words are in the activity log")
  func oneBadField() async throws {
    try await withWriteBackWorld { world in
      let id = world.persons[0]
      try await world.edit(id, "email = 'bad', unsubscribed = not unsubscribed")
      try await world.writeBack()
      let shown = try await world.inVeeva(id, "PersonHasOptedOutOfEmail")[0] ?? ""
      #expect(
        try await world.rows(["unsubscribed"], from: "copy.person where veeva_id = '\(id)'") == [shown])
      #expect(await world.updateCalls() == 2)
      #expect(try await world.rows(Self.activity, from: "copy.person_activity") == ["refused|email|bad"])
      let refused = try await world.tenant.refusedChanges()
      #expect(refused.count == 1 && refused[0].reason?.hasPrefix("INVALID_EMAIL_ADDRESS: ") == true)
      #expect(try await world.tenant.writeBackStatus()?.refused == 1)
      try await world.writeBack()
      #expect(await world.updateCalls() == 2)
    }
  }

  @Test("a record that is refused without the name of a field goes field by field")
  func fieldByField() async throws {
    try await withWriteBackWorld { world in
      let (a, b) = (world.persons[0], world.persons[1])
      try await world.cause(SimulatedFault(.refuseUpdate, path: a, count: 1, message: "Nein"))
      try await world.edit(a, "email = 'm@x.example', first_name = 'Ann', title = 'Dr'")
      try await world.edit(b, "email = 'n@x.example'")
      try await world.writeBack()
      #expect(try await world.inVeeva(a, "PersonEmail", "FirstName", "PersonTitle") == ["m@x.example", "Ann", "Dr"])
      #expect(try await world.inVeeva(b, "PersonEmail") == ["n@x.example"])
      #expect(await world.updateCalls() == 4)
      try await world.cause(SimulatedFault(.refuseUpdate, path: b, message: "Nein"))
      try await world.edit(b, "email = 'o@x.example', first_name = 'Bo'")
      try await world.writeBack()
      #expect(
        try await world.rows(Self.activity + ["reason"], from: "copy.person_activity")
          == [
            "refused|email|o@x.example|FIELD_CUSTOM_VALIDATION_EXCEPTION: Nein",
            "refused|first_name|Bo|FIELD_CUSTOM_VALIDATION_EXCEPTION: Nein",
          ])
    }
  }

  @Test("a locked row is tried again after a pause, and is refused after enough tries")
  func locked() async throws {
    try await withWriteBackWorld { world in
      let id = world.persons[0]
      try await world.cause(SimulatedFault(.refuseUpdate, path: id, count: 2, code: "UNABLE_TO_LOCK_ROW"))
      try await world.edit(id, "email = 'm@x.example'")
      for _ in 0..<3 {
        try await world.run("update copy.crmsync_capture set due = now() where due < 'infinity'")
        try await world.writeBack()
      }
      #expect(try await world.inVeeva(id, "PersonEmail") == ["m@x.example"])
      try await world.cause(SimulatedFault(.refuseUpdate, path: id, code: "UNABLE_TO_LOCK_ROW"))
      try await world.edit(id, "email = 'n@x.example'")
      for _ in 0..<3 {
        try await world.run("update copy.crmsync_capture set due = now() where due < 'infinity'")
        try await world.writeBack()
      }
      #expect(try await world.rows(Self.activity, from: "copy.person_activity") == ["refused|email|n@x.example"])
      #expect(try await world.tenant.refusedChanges().first?.reason?.contains("3 times") == true)
    }
  }

  @Test("a change of a deleted account is void")
  func deleted() async throws {
    try await withWriteBackWorld { world in
      let id = world.persons[0]
      try await world.edit(id, "email = 'm@x.example', first_name = 'Ann'")
      try await world.post("changes", #"[{"op":"delete","object":"Account","ids":["\#(id)"]}]"#)
      try await world.writeBack()
      #expect(
        try await world.rows(Self.activity, from: "copy.person_activity")
          == ["gone|email|m@x.example", "gone|first_name|Ann"])
      #expect(try await world.rows(["veeva_id"], from: "copy.crmsync_capture").isEmpty)
    }
  }

  @Test("a field that may no longer be written waits for the schema to be read again; the others are written")
  func permission() async throws {
    try await withWriteBackWorld { world in
      let id = world.persons[0]
      try await world.edit(id, "email = 'm@x.example', first_name = 'Ann'")
      try await world.post("profile", #"{"readOnlyFields":["Account.PersonEmail"]}"#)
      try await world.writeBack()
      #expect(try await world.inVeeva(id, "FirstName") == ["Ann"])
      #expect(try await world.needsSchema())
      let described = try await SchemaOfTest.read(world)
      try await world.tenant.prepareTables(for: described)
      #expect(
        try await world.rows(Self.activity + ["reason"], from: "copy.person_activity")
          == ["dropped|email|m@x.example|the field is no longer two-way"])
    }
  }

  @Test("a field that cannot be seen any more makes the schema be read again, and the changes be tried again")
  func hidden() async throws {
    try await withWriteBackWorld { world in
      try await world.edit(world.persons[0], "email = 'm@x.example'")
      try await world.post("profile", #"{"hiddenFields":["Account.PersonEmail"]}"#)
      await #expect(throws: (any Error).self) { try await world.writeBack() }
      #expect(try await world.needsSchema())
      #expect(try await world.demand().workers == 1)
    }
  }

  @Test("a call that fails gives its changes back; one whose answer is lost is not made again")
  func failedCalls() async throws {
    try await withWriteBackWorld { world in
      let id = world.persons[0]
      try await world.edit(id, "email = 'm@x.example'")
      try await world.cause(SimulatedFault(.status, method: "PATCH", count: 1, status: 503))
      await #expect(throws: (any Error).self) { try await world.writeBack() }
      #expect(try await world.demand().workers == 1)
      try await world.cause(SimulatedFault(.cutBody, method: "PATCH", count: 1, bytes: 0))
      await #expect(throws: (any Error).self) { try await world.writeBack() }
      #expect(try await world.inVeeva(id, "PersonEmail") == ["m@x.example"])
      let calls = await world.updateCalls()
      try await world.writeBack()
      #expect(await world.updateCalls() == calls)
      #expect(try await world.tenant.writeBackStatus()?.pending == 0)
    }
  }

  @Test("a value that fails its whole call is found; the others of the call are written")
  func wholeCall() async throws {
    try await withWriteBackWorld { world in
      let ids = Array(world.persons.prefix(4))
      try await world.cause(SimulatedFault(.status, method: "PATCH", count: 2, status: 400, code: "JSON_PARSER_ERROR"))
      for id in ids { try await world.edit(id, "first_name = 'Ann'") }
      try await world.writeBack()
      for id in ids { #expect(try await world.inVeeva(id, "FirstName") == ["Ann"]) }
      #expect(await world.updateCalls() == 5)
      try await world.cause(SimulatedFault(.status, method: "PATCH", count: 2, status: 400, code: "JSON_PARSER_ERROR"))
      try await world.edit(ids[0], "first_name = 'Bo', title = 'Dr'")
      try await world.writeBack()
      #expect(try await world.inVeeva(ids[0], "FirstName", "PersonTitle")[1] == "Dr")
      #expect(try await world.rows(Self.activity, from: "copy.person_activity") == ["refused|first_name|Bo"])
    }
  }

  @Test("a round that is asked to stop gives its changes back at once")
  func stopped() async throws {
    try await withWriteBackWorld { world in
      try await world.edit(world.persons[0], "first_name = 'Ann'")
      let looks = Looks()
      try await world.writeBack { looks.next() > 1 }
      #expect(await world.updateCalls() == 0)
      #expect(try await world.demand().workers == 1)
    }
  }

  @Test("an id that no account can have stands in nobody's way")
  func foreignID() async throws {
    try await withWriteBackWorld { world in
      try await world.run(
        "insert into copy.person (veeva_id, veeva_system_modstamp, last_name) values ('mine', now(), 'A')")
      try await world.edit("mine", "last_name = 'B'")
      try await world.edit(world.persons[0], "first_name = 'Ann'")
      try await world.writeBack()
      #expect(try await world.inVeeva(world.persons[0], "FirstName") == ["Ann"])
      #expect(try await world.rows(Self.activity, from: "copy.person_activity") == ["gone|last_name|B"])
    }
  }
}

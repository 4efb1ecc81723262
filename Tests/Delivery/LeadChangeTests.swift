import Foundation
import Marketo
import Simulator
import Synchronization
import SyncModel
import TestSupport
import Testing

@testable import Delivery

@Suite("Marketers' changes of leads in the simulated Marketo", .server, .timeLimit(.minutes(4)))
struct LeadChangeTests {
  private struct Crash: Error {}

  /// A reader whose process ends between reading a page and taking it in.
  private static func dying(_ reader: LeadChangeReader) -> LeadChangeReader {
    var reader = reader
    reader.afterPage = { throw Crash() }
    return reader
  }

  @Test("what was delivered comes back in the feed and changes nothing, by call and by file")
  func echoes() async throws {
    // As many as make a file worth its calls.
    try await withLeadChanges(persons: 2000) { changes in
      let world = changes.world
      #expect(try await changes.edited() == nil)
      for person in ["A1", "A2", "A3"] {
        try await changes.page(person, "first_name = 'Bo', email = null, hobby__pc = '{c}'")
      }
      _ = try await changes.runner.round()
      let summary = try await changes.reader.read()
      #expect(summary == LeadChangeSummary(unchanged: 9))
      #expect(try await changes.edited() == nil)
      #expect(try await changes.column("first_name", of: "A1") == "Bo")
      #expect(try await world.number("select count(*) from mirror.crmsync_delivery_sent where ended is null") == 0)
    }
  }

  @Test("a marketer's change is taken into the person as an ordinary update, in the column's type")
  func edits() async throws {
    try await withLeadChanges(persons: 30) { changes in
      try await changes.edit(
        "A1", #"{"firstName": "Zoë", "email": null, "dateOfBirth": "1990-02-03", "Hobby__pc": "x;y", "phone": "1"}"#)
      try await changes.edit("A2", #"{"lastName": "A"}"#)
      try await changes.edit("A2", #"{"lastName": "B"}"#)
      try await changes.world.admin("leads", #"{"firstName": "Nobody's"}"#)
      let summary = try await changes.reader.read()
      #expect(summary == LeadChangeSummary(taken: 6))
      #expect(try await changes.column("first_name", of: "A1") == "Zoë")
      #expect(try await changes.column("email", of: "A1") == nil)
      #expect(try await changes.column("date_of_birth", of: "A1") == "1990-02-03")
      #expect(try await changes.column("hobby__pc", of: "A1") == "{x,y}")
      #expect(try await changes.column("last_name", of: "A2") == "B")
      #expect(try await changes.edited() == "A1, A2")
      #expect(try await changes.reader.read() == LeadChangeSummary())
      // A later delivery of the person brings what it took, which is no change.
      try await changes.page("A1", "veeva_is_deleted = true")
      #expect(try await changes.runner.round().accepted > 0)
      #expect(try await changes.lead("A1")["firstName"] as? String == "Zoë")
      #expect(try await changes.reader.read().taken == 0)
    }
  }

  @Test("a crash after a page was read loses nothing and does nothing twice, and two readers share the feed")
  func crash() async throws {
    try await withLeadChanges(persons: 30) { changes in
      for n in 1...9 { try await changes.edit("A\(n)", #"{"firstName": "F\#(n)"}"#) }
      await #expect(throws: Crash.self) { _ = try await Self.dying(changes.reader).read() }
      #expect(try await changes.column("first_name", of: "A1") == "Ana")
      async let first = changes.reader.read()
      async let second = changes.reader.read()
      let taken = try await (first.taken, second.taken)
      #expect(taken.0 + taken.1 == 9)
      // A page counts where the feed goes on, and nowhere else.
      let token = try await changes.store.token()
      #expect(try await changes.store.take([], from: "elsewhere", next: "on", readAt: nil) == nil)
      #expect(try await changes.store.token() == token)
      #expect(try await changes.world.number("select count(*) from mirror.person where first_name like 'F%'") == 9)
    }
  }

  @Test("where Veeva has changed the field meanwhile its value wins, and the marketer's is recorded")
  func veevaWins() async throws {
    try await withLeadChanges(persons: 30) { changes in
      try await changes.edit("A1", #"{"firstName": "Marketer"}"#)
      try await changes.page("A1", "first_name = 'Veeva'")
      let summary = try await changes.reader.read()
      #expect(summary == LeadChangeSummary(overruled: 1, deliveredAgain: 1))
      #expect(try await changes.column("first_name", of: "A1") == "Veeva")
      #expect(
        try await changes.text(
          "select concat_ws('|', veeva_id, kind, field, value, other_value) from mirror.person_activity")
          == "A1|overruled|first_name|Marketer|Veeva")
      _ = try await changes.runner.round()
      #expect(try await changes.lead("A1")["firstName"] as? String == "Veeva")
      #expect(try await changes.reader.read() == LeadChangeSummary(unchanged: 1))
      #expect(try await changes.edited() == nil)
    }
  }

  @Test("what marketing owns is taken whatever the mirror has, waits for Veeva, and is never delivered")
  func owned() async throws {
    try await withLeadChanges(persons: 3, owned: true) { changes in
      try await changes.edit("A1", #"{"leadScore": 15, "inferredCity": "Bern"}"#)
      // Whatever Veeva says meanwhile.
      try await changes.page("A1", "lead_score = 99, first_name = 'Veeva'")
      try await changes.page("A2", "lead_score = 98")
      #expect(try await changes.reader.read() == LeadChangeSummary(taken: 2))
      #expect(try await changes.column("lead_score", of: "A1") == "15")
      #expect(try await changes.column("inferred_city", of: "A1") == "Bern")
      #expect(try await changes.column("lead_score", of: "A2") == nil)
      let due = """
        select string_agg(concat_ws(' ', veeva_id, column_name, agreed), ', ' order by veeva_id, column_name)
        from mirror.crmsync_capture
        """
      #expect(
        try await changes.text(due)
          == "A1 inferred_city null, A1 lead_score 99, A2 lead_score 98")
      _ = try await changes.runner.round()
      #expect(try await changes.lead("A1")["leadScore"] as? Int == 15)
      #expect(try await changes.lead("A1")["firstName"] as? String == "Veeva")
      #expect(try await changes.lead("A2")["leadScore"] == nil)
      #expect(try await changes.reader.read().taken == 0)
      try await changes.edit("A1", #"{"leadScore": null}"#)
      #expect(try await changes.reader.read() == LeadChangeSummary(taken: 1))
      #expect(try await changes.column("lead_score", of: "A1") == nil)
      #expect(try await changes.text("select count(*) from mirror.person_activity") == "0")
    }
  }

  @Test("a delivery that was under way and undid a marketer's change brings it back")
  func undone() async throws {
    try await withLeadChanges(persons: 30) { changes in
      try await changes.page("A1", "veeva_is_deleted = true")
      try await changes.world.admin("hold", #"{"leadWrites": true}"#)
      async let round = changes.runner.round()
      try await until("the delivery to be under way", within: .seconds(60)) {
        try await changes.world.admin("hold")["leadWritesWaiting"] as? Int == 1
      }
      try await changes.edit("A1", #"{"firstName": "Marketer"}"#)
      try await changes.world.admin("hold", #"{"leadWrites": false}"#)
      _ = try await round
      #expect(try await changes.lead("A1")["firstName"] as? String == "Ana")
      #expect(try await changes.reader.read() == LeadChangeSummary(taken: 1, deliveredAgain: 1))
      #expect(try await changes.column("first_name", of: "A1") == "Marketer")
      _ = try await changes.runner.round()
      #expect(try await changes.lead("A1")["firstName"] as? String == "Marketer")
      #expect(try await changes.reader.read() == LeadChangeSummary(unchanged: 1))
    }
  }

  @Test("a value that the column cannot hold is a reject, and keeps no other change back")
  func rejects() async throws {
    try await withLeadChanges(
      persons: 30,
      before: { world in
        // Made by hand, as another type than the sync would give it.
        _ = try await world.client.createLeadFields([
          NewLeadField(name: "Tier__c", displayName: "Tier", dataType: "string")
        ])
      }
    ) { changes in
      try await changes.edit("A1", #"{"Tier__c": "many", "firstName": "Bo"}"#)
      let told = Mutex<[Reject]>([])
      let summary = try await changes.reader.read(rejected: { rejects in told.withLock { $0 += rejects } })
      #expect(summary.taken == 1 && summary.rejects.map(\.recordID) == ["A1"])
      #expect(told.withLock { $0 } == summary.rejects && summary.rejects.first?.field == "Tier__c")
      #expect(try await changes.column("tier__c", of: "A1") == "1")
      #expect(try await changes.text("select kind from mirror.person_activity") == "rejected")
      try await changes.edit("A1", #"{"Tier__c": "7"}"#)
      #expect(try await changes.reader.read().taken == 1)
      #expect(try await changes.column("tier__c", of: "A1") == "7")
    }
  }

  @Test("whatever happens in which order, Marketo and the mirror come to have the same")
  func convergence() async throws {
    try await withLeadChanges(persons: 4) { changes in
      var chance = Chance.fresh("lead changes converge")
      var history: [String] = []
      for step in 0..<40 {
        let person = "A\(1 + chance.below(4))"
        let field = chance.below(2) == 0 ? ("firstName", "first_name") : ("lastName", "last_name")
        switch chance.below(6) {
        case 0, 1: try await changes.edit(person, "{\"\(field.0)\": \"m\(step)\"}")
        case 2: try await changes.page(person, "\(field.1) = 'v\(step)'")
        case 3: _ = try await changes.runner.round()
        case 4: _ = try await changes.reader.read()
        default:
          _ = try? await Self.dying(changes.reader).read()
        }
        history.append("\(step) \(person) \(field.0)")
      }
      for _ in 0..<6 {
        _ = try await changes.reader.read()
        _ = try await changes.runner.round()
      }
      for person in 1...4 {
        let lead = try await changes.lead("A\(person)")
        for (name, column) in [("firstName", "first_name"), ("lastName", "last_name")] {
          #expect(
            lead[name] as? String == (try await changes.column(column, of: "A\(person)")),
            "A\(person) \(name); \(history)")
        }
      }
    }
  }
}

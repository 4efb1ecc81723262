import TestSupport
import Testing

@testable import Simulator

/// Streams of changes, and changes that become visible late.
@Suite("Streams of changes")
struct ChangeStreamTests {
  private static let now = 1_764_100_000
  private static let stamp = "2025-11-25T19:46:40.000Z"

  private static func small(_ options: inout SimulatedOrgOptions) {
    options.accounts = 900
    options.calls = 400
    options.callKeyMessages = 500
    options.activities = 200
    options.activityLines = 300
  }

  @Test("a random stream does what a naive model of the same operations does")
  func model() async throws {
    var chance = Chance.fresh()
    let first = Int(chance.next() >> 24)
    try await RunningOrg.serving(Self.small) { org in
      _ = try await org.post("/simulator/clock", json: "{\"setSeconds\": \(Self.now), \"stopped\": true}")
      let token = try await org.token()
      var model = NaiveOrg(try await OrgRows.read(org, token: token), stamp: Self.stamp)
      var kinds: Set<String> = []
      for seed in first..<(first + 400) {
        let done = try await org.change(#"{"op":"random","seed":\#(seed),"count":1}"#)
        for report in done.list {
          kinds.insert(report["op"].text ?? "")
          let object = report["object"].text ?? ""
          guard object != "Legacy_Note_vod__c" else { continue }
          var inserted: NaiveOrg.Record?
          if report["op"].text == "insert", let id = report["ids"][0].text {
            inserted = try await OrgRows.read(object, org, token: token, condition: " WHERE Id = '\(id)'")[id]
            if object == "Account" {
              let contacts = try await OrgRows.read(
                "Contact", org, token: token, condition: " WHERE AccountId = '\(id)'")
              model.rows.objects["Contact"]?.merge(contacts) { $1 }
            }
          }
          try model.perform(report, inserted: inserted)
        }
      }
      #expect(kinds.isSuperset(of: ["insert", "update", "touch", "delete", "undelete", "recordType"]))
      let rows = try await OrgRows.read(org, token: token)
      let differences = rows.differences(model.rows)
      #expect(differences.isEmpty, "\(differences.count) differences, such as \(differences.prefix(5))")
      for (object, records) in model.rows.objects where object != "RecordType" {
        let live = records.filter { $0.value["IsDeleted"] != "true" }.keys.sorted {
          $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        #expect(
          try await org.records("SELECT Id FROM \(object)", token: token).compactMap { $0["Id"].text } == live,
          "\(object)")
      }
    }
  }

  @Test("two orgs with the same seed and the same operations hold the same rows")
  func determinism() async throws {
    @Sendable func run(seed: Int) async throws -> OrgRows {
      try await RunningOrg.serving(Self.small) { org in
        _ = try await org.post("/simulator/clock", json: "{\"setSeconds\": \(Self.now), \"stopped\": true}")
        _ = try await org.change(
          #"{"op":"random","seed":\#(seed),"count":300}"#, #"{"op":"touch","object":"Account","sample":40,"seed":2}"#,
          #"{"op":"merge","object":"Account","sample":3,"seed":8}"#)
        return try await OrgRows.read(org, token: try await org.token())
      }
    }
    let first = try await run(seed: 7)
    let second = try await run(seed: 7)
    #expect(first.differences(second).isEmpty)
    #expect(try await !run(seed: 8).differences(first).isEmpty)
  }

  @Test("a change becomes visible at its commit, with the stamp of its beginning")
  func lateCommit() async throws {
    try await RunningOrg.serving { org in
      _ = try await org.post("/simulator/clock", json: "{\"setSeconds\": \(Self.now), \"stopped\": true}")
      _ = try await org.post("/simulator/settings", json: "{\"commitDelaySeconds\": 120}")
      let token = try await org.token()
      @Sendable func stamped() async throws -> [String?] {
        try await org.records(
          "SELECT Id, SystemModstamp FROM User WHERE SystemModstamp >= 2025-11-25T19:46:40Z ORDER BY Id", token: token
        ).map { $0["SystemModstamp"].text }
      }
      let done = try await org.change(
        #"{"op":"update","object":"User","sample":2,"set":{"Title":"Late"}}"#, #"{"op":"insert","object":"User"}"#)
      let id = try #require(done[1]["ids"][0].text)
      #expect(try await stamped() == [])
      #expect(try await org.get("/services/data/v62.0/sobjects/User/\(id)", token: token).status == 404)
      // Its own operations see what is not committed yet.
      _ = try await org.change(
        #"{"op":"update","object":"User","ids":["\#(id)"],"set":{"Title":"Later"},"visibleAfterSeconds":130}"#)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\": 60}")
      _ = try await org.change(
        #"{"op":"touch","object":"User","where":"Title != 'Late'","sample":1,"visibleAfterSeconds":0}"#)
      #expect(try await stamped() == ["2025-11-25T19:47:40.000+0000"])
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\": 59}")
      #expect(try await stamped().count == 1)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\": 1}")
      #expect(try await stamped().filter { $0 == "2025-11-25T19:46:40.000+0000" }.count == 3)
      #expect(
        JSON(try await org.get("/services/data/v62.0/sobjects/User/\(id)", token: token).body)["Title"].text != "Later")
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\": 10}")
      #expect(
        JSON(try await org.get("/services/data/v62.0/sobjects/User/\(id)", token: token).body)["Title"].text == "Later")
      let bulk = try await org.bulkRows("SELECT Id FROM User WHERE Title LIKE 'Late%'", token: token)
      #expect(bulk.count == 3)
    }
  }

  @Test("an org can change of itself")
  func live() async throws {
    try await RunningOrg.serving({ $0.changesPerSecond = 100 }) { org in
      let token = try await org.token()
      try await until("rows to change of themselves", within: .seconds(60)) {
        let answer = try await org.query(
          "SELECT COUNT() FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00Z", token: token, all: true)
        return (JSON(answer.body)["totalSize"].number ?? 0) > 3
      }
    }
  }

  @Test("runs of changed rows are those of a list of rows, whatever changes are laid over them")
  func runs() {
    var chance = Chance.fresh()
    for _ in 0..<300 {
      let rows = 1 + chance.below(60)
      var changes = ObjectChanges()
      var naive = [Int: (stamp: Int, text: Int?)]()
      for round in 0..<chance.below(30) {
        let chosen = Set((0..<chance.below(rows + 1)).map { _ in chance.below(rows) }).sorted()
        let slot = UInt64(chance.below(2))
        changes.apply(RowPatch(stamp: round, values: slot == 0 ? [7: .date(round)] : [:]), to: chosen.runs)
        for row in chosen { naive[row] = (round, slot == 0 ? round : naive[row]?.text) }
      }
      for row in 0..<rows {
        let state = changes.state(of: row)
        #expect(state?.stamp == naive[row]?.stamp)
        #expect(state?.values[7]?.integer == naive[row]?.text)
      }
      #expect(zip(changes.starts, changes.ends).allSatisfy { $0 < $1 })
      #expect(zip(changes.ends, changes.starts.dropFirst()).allSatisfy { $0 <= $1 })
    }
  }

  @Test("added rows are found by id, by position and by rank")
  func added() throws {
    var chance = Chance.fresh()
    for _ in 0..<100 {
      // Generated rows have even ids, added ones odd ids.
      let generated = chance.below(50)
      func id(_ number: Int) throws -> PackedID {
        let digits = String(number)
        return try #require(PackedID(Array((String(repeating: "0", count: 15 - digits.count) + digits).utf8)))
      }
      var rows = AddedRows()
      var numbers: [Int] = []
      for _ in 0..<chance.below(6) {
        let fresh = Set((0..<chance.below(12)).map { _ in chance.below(generated + 5) * 2 + 1 }).subtracting(numbers)
        let order = fresh.shuffled(using: &chance)
        rows.append(try order.map { (try id($0), min(generated, $0 / 2 + 1)) })
        numbers += order
      }
      let all = ((0..<generated).map { $0 * 2 } + numbers).sorted()
      for (position, number) in all.enumerated() {
        let index = rows.index(at: position, generated: generated)
        if number.isMultiple(of: 2) {
          #expect(index == number / 2)
          #expect(index + rows.count(below: index) == position)
        } else {
          let ordinal = try #require(numbers.firstIndex(of: number))
          #expect(index == generated + ordinal && rows.position(of: ordinal) == position)
          #expect(rows.ordinal(of: try id(number)) == ordinal)
        }
        #expect(rows.lowerBound(try id(number)) == numbers.filter { $0 < number }.count)
      }
    }
  }
}

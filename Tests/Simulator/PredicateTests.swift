import TestSupport
import Testing

@testable import Simulator

/// What conditions mean, compared with a slow evaluation on the values as they are written.
@Suite("Conditions")
struct PredicateTests {
  private static let data = DataSet(
    {
      var options = DataSet.Options()
      options.accounts = 900
      options.asOf = 1_764_000_000 / 86_400 * 86_400
      return options
    }())

  private static func rows(_ soql: String, all: Bool = false) throws -> [Int] {
    let query = try BoundQuery(SOQLParser.parse(soql), data: data, profile: Profile(), includeDeleted: all)
    let source = try RowSource(query, data: data)
    var rows: [Int] = []
    var place: Int? = query.range.isEmpty ? nil : source.start
    while let at = place { place = source.next(from: at, 100, into: &rows) }
    return rows
  }

  private static func text(_ kind: ObjectKind, _ name: String, _ index: Int) throws -> String? {
    let place = try #require(data.object(kind).field(name))
    var sink = ByteSink()
    let program = data.programs[Int(kind.rawValue)][place]
    let present = Renderer(data: data).value(program, data.row(kind, index), .raw, &sink)
    return present ? String(decoding: sink.bytes, as: UTF8.self) : nil
  }

  /// Rows of Account whose value of a field passes a test.
  private static func slow(_ name: String, all: Bool = false, _ test: (String?) -> Bool) throws -> [Int] {
    try (0..<data.rows(.account)).filter { index in
      guard all || !data.row(.account, index).isDeleted else { return false }
      return test(try text(.account, name, index))
    }
  }

  @Test("ranges and lists of ids choose the rows with these ids")
  func ids() throws {
    let ids = try (0..<Self.data.rows(.account)).map { try #require(try Self.text(.account, "Id", $0)) }
    var chance = Chance.fresh()
    for _ in 0..<60 {
      let a = ids[chance.below(ids.count)]
      let b = String(ids[chance.below(ids.count)].prefix(15))
      let invented = "001" + String((0..<12).map { _ in "0123ABCabcz".randomElement(using: &chance) ?? "0" })
      for (condition, test) in [
        ("Id >= '\(a)' AND Id < '\(b)'", { $0 >= a.prefix(15) && $0 < b }), ("Id > '\(a)'", { $0 > a.prefix(15) }),
        ("Id <= '\(b)'", { $0 <= b }), ("Id < '\(invented)'", { $0 < invented }),
        ("Id >= '\(invented)'", { $0 >= invented }),
        ("Id IN ('\(a)', '\(b)', '\(invented)')", { $0 == a.prefix(15) || $0 == b }),
        ("Id != '\(a)'", { $0 != a.prefix(15) }), ("NOT Id = '\(b)'", { $0 != b }),
      ] as [(String, (String) -> Bool)] {
        let expected = try Self.slow("Id", all: true) { value in test(String((value ?? "").prefix(15))) }
        #expect(try Self.rows("SELECT Id FROM Account WHERE \(condition)", all: true) == expected, "\(condition)")
      }
    }
  }

  @Test("comparisons of texts, numbers, dates and booleans mean what the written values say")
  func values() throws {
    let cases: [(String, String, (String?) -> Bool)] = [
      ("Name = 'anna SMITH'", "Name", { $0?.lowercased() == "anna smith" }),
      ("LastName LIKE 'o\\'%'", "LastName", { $0?.lowercased().hasPrefix("o'") == true }),
      ("LastName LIKE '%er'", "LastName", { $0?.lowercased().hasSuffix("er") == true }),
      ("FirstName = null", "FirstName", { $0 == nil }), ("FirstName != null", "FirstName", { $0 != nil }),
      ("FirstName != 'Anna'", "FirstName", { $0?.lowercased() != "anna" }),
      ("Salutation IN ('dr.', 'Prof.')", "Salutation", { $0 == "Dr." || $0 == "Prof." }),
      ("Salutation NOT IN ('Dr.')", "Salutation", { $0 != "Dr." }),
      ("NumberOfEmployees > 20000", "NumberOfEmployees", { ($0.flatMap { Int($0) } ?? 0) > 20_000 }),
      ("Beds__c = null", "Beds__c", { $0 == nil }),
      ("Beds__c <= 10", "Beds__c", { ($0.flatMap { Double($0) } ?? 99) <= 10 }),
      ("PersonBirthdate < 1960-01-01", "PersonBirthdate", { $0.map { $0 < "1960-01-01" } ?? false }),
      ("PersonBirthdate = null", "PersonBirthdate", { $0 == nil }),
      (
        "Last_Visit__c >= 2026-01-01T00:00:00Z", "Last_Visit__c",
        { $0.map { $0 >= "2026-01-01T00:00:00.000Z" } ?? false }
      ),
      ("CreatedDate < 2022-01-01T00:00:00Z", "CreatedDate", { ($0 ?? "") < "2022-01-01T00:00:00.000Z" }),
      ("LastModifiedDate > 2025-06-01T00:00:00Z", "LastModifiedDate", { ($0 ?? "") > "2025-06-01T00:00:00.000Z" }),
      ("SystemModstamp = 2025-11-14T03:00:00Z", "SystemModstamp", { $0 == "2025-11-14T03:00:00.000Z" }),
      ("PersonHasOptedOutOfEmail = true", "PersonHasOptedOutOfEmail", { $0 == "true" }),
      ("Newsletter__pc != true", "Newsletter__pc", { $0 == "false" }),
      (
        "Interests__c INCLUDES ('Congress;Trials')", "Interests__c",
        { value in
          ["Congress", "Trials"].allSatisfy { (value ?? "").split(separator: ";").map(String.init).contains($0) }
        }
      ),
      (
        "Interests__c EXCLUDES ('Samples')", "Interests__c",
        { !($0 ?? "").split(separator: ";").contains("Samples") }
      ),
      ("ParentId = null", "ParentId", { $0 == nil }), ("PersonContactId != null", "PersonContactId", { $0 != nil }),
    ]
    for (condition, field, test) in cases {
      let expected = try Self.slow(field, test)
      #expect(try Self.rows("SELECT Id FROM Account WHERE \(condition)") == expected, "\(condition)")
      #expect(!expected.isEmpty, "\(condition)")
    }
  }

  @Test("a condition on a parent is one on the parent's value")
  func parents() throws {
    let professional = try Self.rows("SELECT Id FROM Account WHERE RecordType.DeveloperName = 'professional_vod'")
    #expect(professional.count == 900)
    let owner = try #require(try Self.text(.account, "OwnerId", 3))
    let byID = try Self.rows("SELECT Id FROM Account WHERE OwnerId = '\(owner)'")
    #expect(byID == (try Self.slow("OwnerId") { $0 == owner }))
    let index = try #require(Self.data.shape(.user).pointee.layout.index(of: Array(owner.utf8.prefix(15))))
    let name = try #require(try Self.text(.user, "Username", index))
    #expect(try Self.rows("SELECT Id FROM Account WHERE Owner.Username = '\(name)'") == byID)
    let without = try Self.rows("SELECT Id FROM Account WHERE Parent.Name = null")
    #expect(Set(try Self.rows("SELECT Id FROM Account WHERE ParentId = null")).isSubset(of: without))
    let calls = try Self.rows("SELECT Id FROM Call2_vod__c WHERE Account_vod__r.CreatedDate < 2022-01-01T00:00:00Z")
    #expect(!calls.isEmpty && calls.count < Self.data.rows(.call))
  }

  @Test("queryAll shows deleted rows and query does not; the deleted ones are a known share")
  func deleted() throws {
    let live = try Self.rows("SELECT Id FROM Account")
    let all = try Self.rows("SELECT Id FROM Account", all: true)
    let gone = try Self.rows("SELECT Id FROM Account WHERE IsDeleted = true", all: true)
    #expect(all.count == Self.data.rows(.account))
    #expect(gone.count == all.count - live.count && !gone.isEmpty)
    #expect(try Self.rows("SELECT Id FROM Account WHERE IsDeleted = true") == [])
    let losers = try Self.rows("SELECT Id FROM Account WHERE MasterRecordId != null", all: true)
    #expect(Set(losers).isSubset(of: gone))
  }

  @Test("ORDER BY sorts by stamp and id, by text, downwards, and nulls first or last")
  func order() throws {
    func check(_ order: String, _ fields: [String], _ precedes: ([String?], [String?]) -> Bool) throws {
      let rows = try Self.rows("SELECT Id FROM Account ORDER BY \(order)")
      #expect(rows.sorted() == (try Self.rows("SELECT Id FROM Account")))
      for (a, b) in zip(rows, rows.dropFirst()) {
        let x = try fields.map { try Self.text(.account, $0, a) }
        let y = try fields.map { try Self.text(.account, $0, b) }
        if precedes(y, x) { Issue.record("\(order): \(x) before \(y)") }
      }
    }
    func less(_ a: String?, _ b: String?) -> Bool { (a ?? "").utf8.lexicographicallyPrecedes((b ?? "").utf8) }
    try check("SystemModstamp, Id", ["SystemModstamp", "Id"]) {
      $0[0] != $1[0] ? less($0[0], $1[0]) : less($0[1], $1[1])
    }
    try check("CreatedDate DESC, Id DESC", ["CreatedDate", "Id"]) {
      $0[0] != $1[0] ? less($1[0], $0[0]) : less($1[1], $0[1])
    }
    try check("Id DESC", ["Id"]) { less($1[0], $0[0]) }
    try check("FirstName", ["FirstName"]) { less($0[0]?.lowercased(), $1[0]?.lowercased()) }
    try check("FirstName NULLS LAST", ["FirstName"]) {
      $0[0] == nil || $1[0] == nil ? $0[0] != nil && $1[0] == nil : less($0[0]?.lowercased(), $1[0]?.lowercased())
    }
    try check("PersonBirthdate", ["PersonBirthdate"]) { less($0[0], $1[0]) }
  }

  @Test("LIKE is linear even for patterns made to be slow")
  func like() {
    let text = Array(String(repeating: "a", count: 4000).utf8)
    let pattern = Array(String(repeating: "%a", count: 500).utf8 + Array("b".utf8))
    let started = ContinuousClock.now
    #expect(!ValueTest.like(text, pattern))
    #expect(started.duration(to: .now) < .seconds(5))
    for (text, pattern, answer) in [
      ("abc", "a%", true), ("abc", "%c", true), ("abc", "a_c", true), ("abc", "a_", false), ("", "%", true),
      ("a%c", "a\\%c", true), ("abc", "a\\%c", false), ("aéc", "a_c", true), ("abcabc", "%abc", true),
    ] {
      #expect(ValueTest.like(Array(text.utf8), Array(pattern.utf8)) == answer, "\(text) LIKE \(pattern)")
    }
  }
}

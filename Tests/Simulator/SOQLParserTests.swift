import TestSupport
import Testing

@testable import Simulator

@Suite("The SOQL parser")
struct SOQLParserTests {
  private static let data = DataSet(
    {
      var options = DataSet.Options()
      options.accounts = 100
      options.asOf = 1_764_000_000
      return options
    }())

  private static func bind(_ soql: String) throws -> BoundQuery {
    try BoundQuery(SOQLParser.parse(soql), data: data, profile: Profile(), includeDeleted: false)
  }

  private static func refusal(_ soql: String) -> SalesforceError? {
    do {
      _ = try bind(soql)
      return nil
    } catch { return error as? SalesforceError }
  }

  @Test(
    "the client's kinds of statement are understood",
    arguments: [
      "SELECT Id FROM Account", "select id, name from account where ispersonaccount = TRUE",
      "SELECT Id, RecordType.DeveloperName FROM Account WHERE RecordType.DeveloperName IN ('Professional_vod', 'x')",
      "SELECT COUNT() FROM Call2_vod__c WHERE CreatedDate >= 2026-03-01T10:15:00Z",
      "SELECT Id FROM Account WHERE ((SystemModstamp > 2026-03-01T10:15:00Z) OR (SystemModstamp = "
        + "2026-03-01T10:15:00.000+01:00 AND Id > '001000000000000')) AND SystemModstamp < 2026-04-01T00:00:00Z "
        + "ORDER BY SystemModstamp, Id LIMIT 2000",
      "SELECT Id FROM Account WHERE NOT (Name LIKE 'A\\_%' AND Phone != null) ORDER BY Name DESC NULLS LAST OFFSET 2000",
      "SELECT Id FROM Account WHERE Interests__c INCLUDES ('Congress;Trials', 'Samples') AND Beds__c > 1.5E1",
      "SELECT Id FROM Account WHERE PersonBirthdate <= 1990-12-31 AND Name != 'O\\'Brien \\u00e9'",
      "SELECT FIELDS(ALL) FROM User LIMIT 200", "SELECT Id FROM User WHERE Manager.Manager.Name != 'x'",
      "SELECT Id FROM Account WHERE NOT IsDeleted = true AND Id NOT IN ('001000000000000AAA')",
    ])
  func accepted(_ soql: String) throws { _ = try Self.bind(soql) }

  @Test(
    "anything else is refused in the platform's words",
    arguments: [
      ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
      ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
      ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
      ("SELECT Id FROM Nothing__c", "INVALID_TYPE", "sObject type 'Nothing__c' is not supported."),
      ("SELECT Id, Foo__c FROM Account", "INVALID_FIELD", "No such column 'Foo__c' on entity 'Account'."),
      ("SELECT Id, IsDeleted FROM User", "INVALID_FIELD", "No such column 'IsDeleted' on entity 'User'."),
      ("SELECT Foo__r.Id FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo__r' in field path."),
      ("SELECT Id, iD FROM Account", "MALFORMED_QUERY", "duplicate field selected: Id"),
      (
        "SELECT Id FROM Account WHERE SystemModstamp >= '2026-03-01T10:15:00Z'", "INVALID_FIELD",
        "value of filter criterion for field 'SystemModstamp' must be of type dateTime and should not be enclosed in quotes"
      ),
      (
        "SELECT Id FROM Account WHERE SystemModstamp >= 2026-03-01", "INVALID_FIELD",
        "must be of type dateTime and should not be enclosed in quotes"
      ),
      (
        "SELECT Id FROM Account WHERE PersonBirthdate >= 2026-03-01T00:00:00Z", "INVALID_FIELD",
        "must be of type date and should not be enclosed in quotes"
      ),
      (
        "SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD",
        "must be of type string and should be enclosed in quotes"
      ),
      ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
      (
        "SELECT Id FROM Account WHERE IsDeleted = true AND Name = 'a' OR Name = 'b'", "MALFORMED_QUERY",
        "unexpected token: 'OR'"
      ),
      ("SELECT Id FROM Account GROUP BY Id", "MALFORMED_QUERY", "unexpected token: 'GROUP'"),
      ("SELECT MAX(CreatedDate) FROM Account", "MALFORMED_QUERY", "Aggregate functions are not supported"),
      ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY", "unexpected token: '('"),
      ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
      ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
      ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
      ("SELECT Id FROM Account ORDER BY Interests__c", "INVALID_FIELD", "can not be sorted in a query call"),
      ("SELECT Id FROM Account WHERE Tax_ID__c = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
      ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY", "mismatched character '<EOF>'"),
      ("SELECT Id FROM Account WHERE Name = 'a\\qb'", "MALFORMED_QUERY", "illegal character sequence"),
      ("SELECT Id FROM Account WHERE CreatedDate > 2026-02-30T00:00:00Z", "MALFORMED_QUERY", "unexpected token"),
      ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
      ("SELECT Id FROM Account; DROP", "MALFORMED_QUERY", "unexpected token: ';'"),
    ] as [(String, String, String)])
  func refused(_ soql: String, _ code: String, _ message: String) throws {
    let error = try #require(Self.refusal(soql), "accepted: \(soql)")
    #expect(error.code == code)
    #expect(error.status == 400)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test("an error points at the row and column of the trouble")
  func place() throws {
    let error = try #require(Self.refusal("SELECT Id,\n  Foo\nFROM Account"))
    #expect(error.message.hasPrefix("\n  Foo\n  ^\nERROR at Row:2:Column:3\nNo such column 'Foo'"))
  }

  @Test("a statement is at most 100,000 characters long, a literal 4,000, and nesting has an end")
  func lengths() throws {
    let names = "SELECT Id FROM Account WHERE Name IN ("
    func list(_ count: Int) -> String {
      names + Array(repeating: "'abcdefghij'", count: count).joined(separator: ",") + ")"
    }
    #expect(Self.refusal(list(7000)) == nil)
    #expect(Self.refusal(list(8000))?.message.contains("cannot be longer than 100000") == true)
    let literal = String(repeating: "x", count: 4001)
    #expect(Self.refusal("SELECT Id FROM Account WHERE Name = '\(literal)'")?.code == "MALFORMED_QUERY")
    for opening in ["(", "NOT "] {
      let deep = String(repeating: opening, count: 20_000)
      #expect(Self.refusal("SELECT Id FROM Account WHERE \(deep)Id = null")?.code == "QUERY_TOO_COMPLICATED")
    }
  }

  @Test("random and mutated statements give a result or an error, soon")
  func fuzz() {
    var chance = Chance.fresh()
    let words = [
      "SELECT", "FROM", "WHERE", "Account", "Id", "Name", "SystemModstamp", "RecordType.DeveloperName", "=", "!=", "<>",
      "<=", ">", "(", ")", ",", "'text'", "'\\'", "'\\u12'", "2026-03-01", "2026-03-01T10:15:00Z", "12.5", "-", "+",
      "null",
      "true", "AND", "OR", "NOT", "IN", "LIKE", "INCLUDES", "ORDER", "BY", "LIMIT", "OFFSET", "COUNT()", "FIELDS(ALL)",
      "\u{0}", "é", "😀", ".", "..", "a.b.c.d.e.f.g", "9999999999999999999999", "1E999", "%", "\\", "'", "\"", "\n",
    ]
    let seeds = [
      "SELECT Id, Name FROM Account WHERE SystemModstamp >= 2026-03-01T10:15:00Z ORDER BY SystemModstamp, Id LIMIT 20",
      "SELECT Id FROM Account WHERE Id IN ('001000000000000', '001000000000000AAA') AND NOT (Name LIKE '%a_' OR Beds__c > 3)",
    ]
    for round in 0..<6000 {
      var bytes: [UInt8]
      if round % 2 == 0 {
        let count = chance.below(30)
        bytes = Array((0..<count).map { _ in words[chance.below(words.count)] }.joined(separator: " ").utf8)
      } else {
        bytes = Array(seeds[chance.below(seeds.count)].utf8)
        for _ in 0...chance.below(4) where !bytes.isEmpty {
          let place = chance.below(bytes.count)
          switch chance.below(3) {
          case 0: bytes[place] = UInt8(chance.below(256))
          case 1: bytes.remove(at: place)
          default: bytes.insert(contentsOf: words[chance.below(words.count)].utf8, at: place)
          }
        }
      }
      let soql = String(decoding: bytes, as: UTF8.self)
      let started = ContinuousClock.now
      if let error = Self.refusal(soql) { #expect(error.status == 400 && !error.code.isEmpty) }
      #expect(started.duration(to: .now) < .seconds(2), "seed \(chance.seed): \(soql)")
    }
  }
}

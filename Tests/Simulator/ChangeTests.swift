import TestSupport
import Testing

@testable import Simulator

/// What each operation on the org does, seen by every way of reading.
@Suite("Changes of the org")
struct ChangeTests {
  private static let now = 1_764_100_000
  private static let stamp = "2025-11-25T19:46:40"

  /// Runs a test against an org whose clock stands still.
  private static func serving(
    _ change: @escaping (inout SimulatedOrgOptions) -> Void = { _ in },
    _ test: @escaping @Sendable (RunningOrg, String) async throws -> Void
  ) async throws {
    try await RunningOrg.serving({
      // Enough for every kind of account.
      $0.accounts = 900
      change(&$0)
    }) { org in
      _ = try await org.post("/simulator/clock", json: "{\"setSeconds\": \(now), \"stopped\": true}")
      try await test(org, try await org.token())
    }
  }

  /// The only record of a statement, deleted or not.
  private static func record(_ org: RunningOrg, _ token: String, _ soql: String) async throws -> JSON {
    let records = try await org.records(soql, token: token, all: true)
    try #require(records.count == 1, "\(soql)")
    return records[0]
  }

  private static func count(_ org: RunningOrg, _ token: String, _ rest: String, all: Bool = true) async throws -> Int {
    let answer = try await org.query("SELECT COUNT() FROM \(rest)", token: token, all: all)
    return try #require(JSON(answer.body)["totalSize"].number, "\(answer.text)")
  }

  private static func ids(_ org: RunningOrg, _ token: String, _ rest: String, all: Bool = false) async throws
    -> [String]
  {
    try await org.records("SELECT Id FROM \(rest)", token: token, all: all).compactMap { $0["Id"].text }
  }

  @Test("an update is seen by query, retrieve and bulk, with both stamps at the org's clock, the contact's too")
  func update() async throws {
    try await Self.serving { org, token in
      let done = try await org.change(
        #"{"op":"update","object":"Account","sample":3,"seed":5,"where":"IsPersonAccount = true","#
          + #""set":{"PersonEmail":"x@y.example","LastName":"O\"Neil","FirstName":"Ann","Beds__c":7,"PersonBirthdate":"#
          + #""1970-02-03","Newsletter__pc":true,"Last_Visit__c":"2025-01-02T03:04:05Z","Interests__c":null}}"#)
      let ids = done[0]["ids"].list.compactMap { $0.text }
      #expect(ids.count == 3 && done[0]["stamp"].text == Self.stamp + ".000+0000")
      let fields =
        "Id, Name, PersonEmail, Beds__c, PersonBirthdate, Newsletter__pc, Last_Visit__c, Interests__c, "
        + "SystemModstamp, LastModifiedDate, PersonContact.Email, PersonContact.Name, PersonContact.SystemModstamp"
      let soql = "SELECT \(fields) FROM Account WHERE SystemModstamp >= \(Self.stamp)Z"
      let records = try await org.records(soql, token: token)
      #expect(records.compactMap { $0["Id"].text } == ids)
      for record in records {
        #expect(record["Name"].text == "Ann O\"Neil" && record["PersonEmail"].text == "x@y.example")
        #expect((record["Beds__c"].value as? Double) == 7 && record["PersonBirthdate"].text == "1970-02-03")
        #expect(record["Newsletter__pc"].truth == true && record["Interests__c"].isNull)
        #expect(record["Last_Visit__c"].text == "2025-01-02T03:04:05.000+0000")
        #expect(record["LastModifiedDate"].text == Self.stamp + ".000+0000")
        #expect(record["PersonContact"]["Email"].text == "x@y.example")
        #expect(record["PersonContact"]["Name"].text == "Ann O\"Neil")
        #expect(record["PersonContact"]["SystemModstamp"].text == Self.stamp + ".000+0000")
      }
      let rows = try await org.bulkRows(soql, token: token)
      #expect(rows.map { $0[0] } == ids)
      #expect(
        rows.allSatisfy {
          $0[1...5] == ["Ann O\"Neil", "x@y.example", "7.0", "1970-02-03", "true"]
            && $0[6...8] == ["2025-01-02T03:04:05.000Z", "", Self.stamp + ".000Z"]
        })
      for condition in [
        "PersonEmail = 'X@y.example'", "PersonBirthdate = 1970-02-03 AND Beds__c = 7", "Name = 'ann o\\\"neil'",
        "Last_Visit__c = 2025-01-02T03:04:05Z", "Interests__c = null AND PersonEmail LIKE 'x@y%'",
      ] {
        #expect(try await Self.ids(org, token, "Account WHERE \(condition)") == ids, "\(condition)")
      }
    }
  }

  @Test("an update that keeps the stamps changes the value alone, as a formula does")
  func formula() async throws {
    try await Self.serving { org, token in
      let soql = "SELECT Id, SystemModstamp, Product_Name__c FROM Call2_Key_Message_vod__c ORDER BY Id LIMIT 1"
      let before = try await Self.record(org, token, soql)
      let id = try #require(before["Id"].text)
      _ = try await org.change(
        #"{"op":"update","object":"Call2_Key_Message_vod__c","ids":["\#(id)"],"keepsStamps":true,"#
          + #""set":{"Product_Name__c":"New name"}}"#)
      let after = try await Self.record(org, token, soql)
      #expect(after["Product_Name__c"].text == "New name")
      #expect(after["SystemModstamp"].text == before["SystemModstamp"].text)
    }
  }

  @Test("inserted rows stand at their ids, after all others and between them, and refer to live rows")
  func insert() async throws {
    try await Self.serving { org, token in
      for object in ["Account", "Call2_vod__c", "Call2_Key_Message_vod__c", "Lead"] {
        let before = try await Self.ids(org, token, object, all: true)
        let done = try await org.change(
          #"{"op":"insert","object":"\#(object)","count":20,"place":"between"}"#,
          #"{"op":"insert","object":"\#(object)","count":20,"place":"after"}"#)
        let between = done[0]["ids"].list.compactMap { $0.text }
        let after = done[1]["ids"].list.compactMap { $0.text }
        #expect(Set(between + after).count == 40)
        let last = try #require(before.last)
        #expect(after.allSatisfy { last.utf8.lexicographicallyPrecedes($0.utf8) })
        #expect(between.filter { $0.utf8.lexicographicallyPrecedes(last.utf8) }.count > 10)
        let expected = (before + between + after).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try await Self.ids(org, token, object, all: true) == expected)
        #expect(try await Self.ids(org, token, "\(object) ORDER BY Id DESC", all: true) == expected.reversed())
        let rows = try await org.bulkRows("SELECT Id FROM \(object)", token: token, operation: "queryAll")
        #expect(rows.map { $0[0] } == expected)
        let fresh = "\(object) WHERE CreatedDate >= \(Self.stamp)Z"
        #expect(Set(try await Self.ids(org, token, fresh)) == Set(between + after))
        for bound in [between[3], after[4], before[before.count / 2]] {
          #expect(
            try await Self.ids(org, token, "\(object) WHERE Id > '\(bound)'", all: true)
              == expected.filter { bound.utf8.lexicographicallyPrecedes($0.utf8) })
          #expect(
            try await Self.ids(org, token, "\(object) WHERE Id <= '\(bound)'", all: true)
              == expected.filter { !bound.utf8.lexicographicallyPrecedes($0.utf8) })
        }
        let listed = "\(object) WHERE Id IN ('\(after[0])', '\(between[0])', '\(before[7])')"
        #expect(
          try await Self.ids(org, token, listed, all: true)
            == expected.filter { [after[0], between[0], before[7]].contains($0) })
      }
      let accounts = try await org.records(
        "SELECT Id, RecordType.DeveloperName, PersonContact.AccountId, IsPersonAccount, External_ID_vod__c FROM Account "
          + "WHERE CreatedDate >= \(Self.stamp)Z", token: token)
      #expect(accounts.count == 40)
      for account in accounts {
        #expect(account["RecordType"]["DeveloperName"].text == "Professional_vod")
        #expect(account["PersonContact"]["AccountId"].text == account["Id"].text)
      }
      let messages = try await org.records(
        "SELECT Id, Account_vod__c, Call2_vod__r.Account_vod__c, Call2_vod__r.IsDeleted FROM Call2_Key_Message_vod__c "
          + "WHERE CreatedDate >= \(Self.stamp)Z", token: token)
      for message in messages {
        #expect(message["Call2_vod__r"]["IsDeleted"].truth == false)
        #expect(message["Call2_vod__r"]["Account_vod__c"].text == message["Account_vod__c"].text)
      }
    }
  }

  @Test("an inserted row takes values, record type and creation date")
  func insertValues() async throws {
    try await Self.serving { org, token in
      let done = try await org.change(
        #"{"op":"insert","object":"Account","to":"Hospital_vod","set":{"Name":"St. Elsewhere"}}"#,
        #"{"op":"insert","object":"Account","set":{"FirstName":"Ada","LastName":"Byron"}}"#)
      let hospital = try #require(done[0]["ids"][0].text)
      let ada = try #require(done[1]["ids"][0].text)
      let record = try await Self.record(
        org, token,
        "SELECT Name, IsPersonAccount, LastName, PersonContactId FROM Account WHERE Id = '\(hospital)'")
      #expect(record["Name"].text == "St. Elsewhere" && record["IsPersonAccount"].truth == false)
      #expect(record["LastName"].isNull && record["PersonContactId"].isNull)
      let call = try await org.change(
        #"{"op":"insert","object":"Call2_vod__c","set":{"Account_vod__c":"\#(ada)","#
          + #""CreatedDate":"2025-01-01T00:00:00Z"}}"#)
      let id = try #require(call[0]["ids"][0].text)
      let seen = try await Self.record(
        org, token,
        "SELECT Account_vod__r.Name, Contact_vod__r.AccountId, CreatedDate, SystemModstamp FROM Call2_vod__c "
          + "WHERE Id = '\(id)'")
      #expect(seen["Account_vod__r"]["Name"].text == "Ada Byron")
      #expect(seen["Contact_vod__r"]["AccountId"].text == ada)
      #expect(seen["CreatedDate"].text == "2025-01-01T00:00:00.000+0000")
      #expect(seen["SystemModstamp"].text == Self.stamp + ".000+0000")
    }
  }

  @Test("a touch of a whole table moves the stamps of its live rows and nothing else, and costs runs, not rows")
  func touch() async throws {
    try await Self.serving { org, token in
      let fields = "Id, Name, LastModifiedDate, Account_vod__c, Status_vod__c"
      let before = try await org.bulkRows("SELECT \(fields) FROM Call2_vod__c", token: token)
      let deleted = try await Self.count(org, token, "Call2_vod__c WHERE IsDeleted = true")
      let done = try await org.change(#"{"op":"touch","object":"Call2_vod__c"}"#)
      #expect(done[0]["count"].number == before.count)
      #expect(
        try await Self.count(org, token, "Call2_vod__c WHERE SystemModstamp = \(Self.stamp)Z") == before.count)
      #expect(try await Self.count(org, token, "Call2_vod__c WHERE SystemModstamp != \(Self.stamp)Z") == deleted)
      #expect(try await org.bulkRows("SELECT \(fields) FROM Call2_vod__c", token: token) == before)
    }
    var changes = ObjectChanges()
    for round in 0..<50 { changes.apply(RowPatch(stamp: round), to: [0..<10_000_000]) }
    #expect(changes.starts.count == 1 && changes.state(of: 9_999_999)?.stamp == 49)
  }

  @Test("a deleted call is seen by queryAll only, its key messages too; undelete brings back what went together")
  func deleteAndUndelete() async throws {
    try await Self.serving { org, token in
      let message = try await org.records(
        "SELECT Id, Call2_vod__c FROM Call2_Key_Message_vod__c WHERE Call2_vod__r.IsDeleted = false LIMIT 1",
        token: token)[0]
      let call = try #require(message["Call2_vod__c"].text)
      let own = "Call2_Key_Message_vod__c WHERE Call2_vod__c = '\(call)'"
      _ = try await org.change(
        #"{"op":"insert","object":"Call2_Key_Message_vod__c","count":2,"set":{"Call2_vod__c":"\#(call)"}}"#)
      let live = try await Self.ids(org, token, own)
      let one = try #require(live.first)
      _ = try await org.change(#"{"op":"delete","object":"Call2_Key_Message_vod__c","ids":["\#(one)"]}"#)
      let done = try await org.change(#"{"op":"delete","object":"Call2_vod__c","ids":["\#(call)"]}"#)
      #expect(done[0]["also"][0]["ids"].list.count == live.count - 1 && live.count > 2)
      #expect(try await Self.ids(org, token, own) == [])
      #expect(try await Self.count(org, token, "Call2_vod__c WHERE Id = '\(call)'", all: false) == 0)
      let record = try await Self.record(
        org, token, "SELECT IsDeleted, RecordTypeId, SystemModstamp FROM Call2_vod__c WHERE Id = '\(call)'")
      #expect(record["IsDeleted"].truth == true && record["RecordTypeId"].text != nil)
      #expect(record["SystemModstamp"].text == Self.stamp + ".000+0000")
      #expect(try await org.get("/services/data/v62.0/sobjects/Call2_vod__c/\(call)", token: token).status == 404)
      _ = try await org.change(#"{"op":"undelete","object":"Call2_vod__c","ids":["\#(call)"]}"#)
      #expect(try await Self.ids(org, token, own) == Array(live.dropFirst()))
    }
  }

  @Test("a purged row is seen by nothing, nor are its details or its values through others")
  func purge() async throws {
    try await Self.serving { org, token in
      let call = try await org.records(
        "SELECT Id, Account_vod__c FROM Call2_vod__c WHERE Account_vod__r.IsPersonAccount = true LIMIT 1", token: token
      )[0]
      let account = try #require(call["Account_vod__c"].text)
      let id = try #require(call["Id"].text)
      let messages = try await Self.count(org, token, "Call2_Key_Message_vod__c")
      let own = try await Self.count(org, token, "Call2_Key_Message_vod__c WHERE Call2_vod__c = '\(id)'")
      let accounts = try await Self.count(org, token, "Account")
      let contacts = try await Self.count(org, token, "Contact")
      _ = try await org.change(#"{"op":"purge","object":"Account","ids":["\#(account)"]}"#)
      #expect(try await Self.count(org, token, "Account") == accounts - 1)
      #expect(try await Self.count(org, token, "Contact") == contacts - 1)
      #expect(try await Self.ids(org, token, "Account WHERE Id = '\(account)'", all: true) == [])
      let orphan = try await Self.record(
        org, token, "SELECT Account_vod__c, Account_vod__r.Name FROM Call2_vod__c WHERE Id = '\(id)'")
      #expect(orphan["Account_vod__c"].text == account && orphan["Account_vod__r"].isNull)
      _ = try await org.change(#"{"op":"purge","object":"Call2_vod__c","ids":["\#(id)"]}"#)
      #expect(try await Self.count(org, token, "Call2_Key_Message_vod__c") == messages - own)
      let bulk = try await org.bulkRows("SELECT Id FROM Account", token: token, operation: "queryAll")
      #expect(bulk.count == accounts - 1 && !bulk.contains([account]))
      let retrieved = try await org.post(
        "/services/data/v62.0/composite/sobjects/Account", token: token,
        json: #"{"ids":["\#(account)"],"fields":["Id"]}"#)
      #expect(JSON(retrieved.body)[0].isNull)
      let again = try await org.post(
        "/simulator/changes", json: #"[{"op":"update","object":"Account","ids":["\#(account)"],"set":{}}]"#)
      #expect(again.status == 400)
    }
  }

  @Test("the loser of a merge points to the winner, its children follow, and all of them are touched")
  func merge() async throws {
    try await Self.serving { org, token in
      let calls = try await org.records(
        "SELECT Id, Account_vod__c, Contact_vod__c FROM Call2_vod__c WHERE Contact_vod__c != null LIMIT 50",
        token: token)
      let loser = try #require(calls[0]["Account_vod__c"].text)
      let winner = try #require(calls.first { $0["Account_vod__c"].text != loser }?["Account_vod__c"].text)
      let children = [
        "Call2_vod__c", "Call2_Key_Message_vod__c", "Multichannel_Activity_vod__c", "Legacy_Note_vod__c", "Opportunity",
      ]
      var former: [String: [String]] = [:]
      for child in children {
        let field = child == "Opportunity" ? "AccountId" : "Account_vod__c"
        former[child] = try await Self.ids(org, token, "\(child) WHERE \(field) = '\(loser)'")
      }
      let done = try await org.change(
        #"{"op":"merge","object":"Account","winner":"\#(winner)","losers":["\#(loser)"]}"#)
      #expect(done[0]["ids"][0].text == loser && done[0]["winner"].text == winner)
      let record = try await Self.record(
        org, token,
        "SELECT IsDeleted, MasterRecordId, RecordTypeId, SystemModstamp FROM Account WHERE Id = '\(loser)'")
      #expect(record["IsDeleted"].truth == true && record["MasterRecordId"].text == winner)
      #expect(record["RecordTypeId"].text != nil && record["SystemModstamp"].text == Self.stamp + ".000+0000")
      let kept = try await Self.record(
        org, token, "SELECT SystemModstamp, MasterRecordId FROM Account WHERE Id = '\(winner)'")
      #expect(kept["SystemModstamp"].text == Self.stamp + ".000+0000" && kept["MasterRecordId"].isNull)
      for child in children {
        let field = child == "Opportunity" ? "AccountId" : "Account_vod__c"
        #expect(try await Self.ids(org, token, "\(child) WHERE \(field) = '\(loser)'") == [], "\(child)")
        let moved = try await Self.ids(
          org, token, "\(child) WHERE \(field) = '\(winner)' AND SystemModstamp = \(Self.stamp)Z")
        #expect(moved == former[child], "\(child)")
      }
      let call = try await Self.record(
        org, token,
        "SELECT Contact_vod__r.AccountId FROM Call2_vod__c WHERE Id = '\(try #require(calls[0]["Id"].text))'")
      #expect(call["Contact_vod__r"]["AccountId"].text == winner)
    }
  }

  @Test("a record type changes in and out of Professional_vod, for persons only")
  func recordType() async throws {
    try await Self.serving { org, token in
      let professional = "Account WHERE RecordType.DeveloperName = 'Professional_vod'"
      let before = try await Self.ids(org, token, professional)
      let other = try await Self.ids(org, token, "Account WHERE RecordType.DeveloperName = 'Consumer_acme'")
      _ = try await org.change(
        #"{"op":"recordType","object":"Account","ids":["\#(before[0])"],"to":"Consumer_acme"}"#,
        #"{"op":"recordType","object":"Account","ids":["\#(other[0])"],"to":"Professional_vod"}"#)
      let after = try await Self.ids(org, token, professional)
      #expect(Set(after) == Set(before).subtracting([before[0]]).union([other[0]]))
      let stamped = "Account WHERE SystemModstamp = \(Self.stamp)Z"
      #expect(Set(try await Self.ids(org, token, stamped)) == [before[0], other[0]])
      let refused = try await org.post(
        "/simulator/changes",
        json: #"[{"op":"recordType","object":"Account","ids":["\#(before[1])"],"to":"Hospital_vod"}]"#)
      #expect(refused.status == 400 && refused.text.contains("persons stay persons"))
    }
  }

  @Test("operations are performed all or none")
  func atomic() async throws {
    try await Self.serving { org, token in
      let answer = try await org.post(
        "/simulator/changes",
        json: #"[{"op":"touch","object":"Lead"},{"op":"update","object":"Lead","set":{"Nothing__c":1}}]"#)
      #expect(answer.status == 400 && answer.text.contains("Nothing__c"))
      #expect(try await Self.count(org, token, "Lead WHERE SystemModstamp = \(Self.stamp)Z") == 0)
    }
  }

  @Test("keyset paging by stamp and id finds each changed row once")
  func keyset() async throws {
    try await Self.serving { org, token in
      _ = try await org.change(
        #"{"op":"insert","object":"Account","count":30}"#, #"{"op":"touch","object":"Account","sample":60}"#,
        #"{"op":"delete","object":"Account","sample":10,"seed":4}"#)
      let range = "SystemModstamp >= \(Self.stamp)Z AND SystemModstamp < 2027-01-01T00:00:00Z"
      let expected = try await Self.ids(org, token, "Account WHERE \(range)", all: true)
      var seen: [String] = []
      var next = ""
      repeat {
        let page = try await org.records(
          "SELECT Id, SystemModstamp FROM Account WHERE \(range)\(next) ORDER BY SystemModstamp, Id LIMIT 7",
          token: token, all: true)
        seen += page.compactMap { $0["Id"].text }
        guard page.count == 7, let last = seen.last else { break }
        next = " AND (SystemModstamp > \(Self.stamp)Z OR Id > '\(last)')"
      } while true
      #expect(seen == expected && seen.count > 80)
    }
  }

  @Test("a locator and a bulk job go on with the rows of the moment they began in")
  func snapshots() async throws {
    try await Self.serving({ $0.restPageRows = 200 }) { org, token in
      let before = try await Self.ids(org, token, "Account", all: true)
      let first = JSON(try await org.query("SELECT Id, SystemModstamp FROM Account", token: token, all: true).body)
      let id = try #require(
        JSON(try await org.createJob("SELECT Id, Name FROM Account", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let pages = try await org.pages(id, token: token)
      _ = try await org.change(
        #"{"op":"insert","object":"Account","count":50}"#, #"{"op":"touch","object":"Account"}"#,
        #"{"op":"purge","object":"Account","sample":20}"#)
      var seen = first["records"].list
      var next = first["nextRecordsUrl"].text
      while let target = next {
        let page = JSON(try await org.get(target, token: token).body)
        seen += page["records"].list
        next = page["nextRecordsUrl"].text
      }
      #expect(seen.compactMap { $0["Id"].text } == before)
      #expect(!seen.contains { $0["SystemModstamp"].text == Self.stamp + ".000+0000" })
      #expect(try await org.pages(id, token: token) == pages)
    }
  }
}

import Testing

@testable import Simulator

/// Fields and record types that change while the org serves.
@Suite("Changes of the schema")
struct SchemaChangeTests {
  private static func field(_ org: RunningOrg, _ token: String, _ object: String, _ name: String) async throws -> JSON {
    let describe = JSON(try await org.get("/services/data/v62.0/sobjects/\(object)/describe", token: token).body)
    return describe["fields"].list.first { $0["name"].text == name } ?? JSON(value: nil)
  }

  private static func values(_ org: RunningOrg, _ token: String, _ field: String, _ rest: String = "") async throws
    -> [String]
  {
    try await org.bulkRows("SELECT Id, \(field) FROM Account\(rest)", token: token).map { $0[1] }
  }

  @Test("a new field is described, holds its values in all rows, takes others, and moves no stamp")
  func add() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let stamps = try await Self.values(org, token, "SystemModstamp")
      #expect(try await org.query("SELECT Tier__c FROM Account", token: token).status == 400)
      _ = try await org.change(
        #"{"op":"addField","object":"Account","field":"Tier__c","type":"picklist","values":["A","B"],"nulls":200}"#,
        #"{"op":"addField","object":"Account","field":"Since__c","type":"date","values":["2025-02-03","2024-01-01"]}"#,
        #"{"op":"addField","object":"Account","field":"Notes__c","type":"textarea","length":4000}"#,
        #"{"op":"addField","object":"Account","field":"Flag__c","type":"boolean"}"#)
      let described = try await Self.field(org, token, "Account", "Tier__c")
      #expect(described["type"].text == "picklist" && described["label"].text == "Tier")
      #expect(described["picklistValues"].list.compactMap { $0["value"].text } == ["A", "B"])
      #expect(try await Self.field(org, token, "Account", "Notes__c")["length"].number == 4000)
      let tiers = try await Self.values(org, token, "Tier__c")
      #expect(Set(tiers) == ["A", "B", ""])
      #expect(Set(try await Self.values(org, token, "Notes__c")) == [""])
      #expect(Set(try await Self.values(org, token, "Flag__c")) == ["false"])
      for (condition, count) in [
        ("Tier__c = 'a'", tiers.filter { $0 == "A" }.count), ("Tier__c = null", tiers.filter { $0 == "" }.count),
        ("Flag__c = true", 0), ("Flag__c = false", tiers.count),
      ] {
        #expect(try await Self.values(org, token, "Name", " WHERE \(condition)").count == count, "\(condition)")
      }
      let dates = try await Self.values(org, token, "Since__c")
      let later = dates.filter { $0 > "2024-06-01" }.count
      #expect(try await Self.values(org, token, "Since__c", " WHERE Since__c > 2024-06-01").count == later && later > 0)
      #expect(try await Self.values(org, token, "SystemModstamp") == stamps)
      let done = try await org.change(
        #"{"op":"update","object":"Account","sample":1,"set":{"Notes__c":"n","Flag__c":true}}"#)
      let id = try #require(done[0]["ids"][0].text)
      #expect(
        try await org.bulkRows("SELECT Id, Notes__c FROM Account WHERE Flag__c = true", token: token) == [[id, "n"]])
    }
  }

  @Test("a removed field is unknown, leaves its neighbours alone, and comes back empty")
  func remove() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      func location() async throws -> [String] {
        try await org.records("SELECT Clinic_Location__c, BillingAddress FROM Account", token: token).map {
          "\($0["Clinic_Location__c"]["latitude"].value ?? "") \($0["BillingAddress"]["city"].text ?? "")"
        }
      }
      let before = try await location()
      _ = try await org.change(
        #"{"op":"update","object":"Account","set":{"NPI_vod__c":"77"}}"#,
        #"{"op":"removeField","object":"Account","field":"NPI_vod__c"}"#)
      let answer = try await org.query("SELECT NPI_vod__c FROM Account", token: token)
      #expect(answer.status == 400 && answer.text.contains("INVALID_FIELD"))
      #expect(try await Self.field(org, token, "Account", "NPI_vod__c").isNull)
      #expect(try await location() == before)
      _ = try await org.change(#"{"op":"addField","object":"Account","field":"NPI_vod__c","type":"string"}"#)
      #expect(Set(try await Self.values(org, token, "NPI_vod__c")) == [""])
    }
  }

  @Test("a widened field shows its values in the wider type, those that changes gave as well")
  func widen() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      _ = try await org.change(
        #"{"op":"addField","object":"Account","field":"Size__c","type":"int","values":[1,2]}"#,
        #"{"op":"update","object":"Account","sample":5,"set":{"Consent_Date__pc":"2025-03-04","Size__c":9}}"#)
      let fields = ["Consent_Date__pc", "Last_Visit__c", "Beds__c", "Size__c", "Preferred_Channel__pc"]
      var before: [String: [String]] = [:]
      for name in fields { before[name] = try await Self.values(org, token, name) }
      let stamps = try await Self.values(org, token, "SystemModstamp")
      _ = try await org.change(
        #"{"op":"widenField","object":"Account","field":"Consent_Date__pc","type":"datetime"}"#,
        #"{"op":"widenField","object":"Account","field":"Last_Visit__c","type":"string","length":40}"#,
        #"{"op":"widenField","object":"Account","field":"Beds__c","type":"string"}"#,
        #"{"op":"widenField","object":"Account","field":"Size__c","type":"double"}"#,
        #"{"op":"widenField","object":"Account","field":"Preferred_Channel__pc","type":"textarea"}"#)
      for (name, type) in zip(fields, ["datetime", "string", "string", "double", "textarea"]) {
        #expect(try await Self.field(org, token, "Account", name)["type"].text == type)
        let expected = (before[name] ?? []).map { value in
          switch name {
          case "Consent_Date__pc": value.isEmpty ? "" : value + "T00:00:00.000Z"
          case "Size__c": value + ".0"
          default: value
          }
        }
        #expect(try await Self.values(org, token, name) == expected, "\(name)")
      }
      #expect(try await Self.values(org, token, "SystemModstamp") == stamps)
      let changed = try await Self.values(
        org, token, "Size__c", " WHERE Consent_Date__pc = 2025-03-04T00:00:00Z AND Size__c = 9")
      #expect(changed.count >= 4)
      let narrow = try await org.post(
        "/simulator/changes",
        json: #"[{"op":"widenField","object":"Account","field":"Consent_Date__pc","type":"int"}]"#)
      #expect(narrow.status == 400)
    }
  }

  @Test("describe answers 304 until the schema changes, not when rows change")
  func notModified() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let target = "/services/data/v62.0/sobjects/Account/describe"
      let modified = try #require(try await org.get(target, token: token).headers["last-modified"])
      _ = try await org.change(#"{"op":"touch","object":"Account"}"#)
      let header = [("If-Modified-Since", modified)]
      #expect(try await org.get(target, token: token, headers: header).status == 304)
      _ = try await org.change(#"{"op":"addField","object":"Account","field":"New__c","type":"double"}"#)
      let answer = try await org.get(target, token: token, headers: header)
      #expect(answer.status == 200 && answer.headers["last-modified"] != modified)
    }
  }

  @Test("a record type gets another name and is switched off, in its row and in describe, and its accounts stay")
  func recordType() async throws {
    try await RunningOrg.serving({ $0.accounts = 900 }) { org in
      let token = try await org.token()
      let stamps = try await Self.values(org, token, "SystemModstamp")
      let id = try #require(
        try await org.records("SELECT Id FROM RecordType WHERE DeveloperName = 'Consumer_acme'", token: token)[0]["Id"]
          .text)
      _ = try await org.change(
        #"{"op":"update","object":"RecordType","ids":["\#(id)"],"set":{"Name":"Patient","IsActive":false}}"#)
      let describe = JSON(try await org.get("/services/data/v62.0/sobjects/Account/describe", token: token).body)
      let info = try #require(describe["recordTypeInfos"].list.first { $0["recordTypeId"].text == id })
      #expect(info["name"].text == "Patient" && info["active"].truth == false)
      let accounts = try await org.records(
        "SELECT RecordType.Name FROM Account WHERE RecordType.Name = 'Patient'", token: token)
      #expect(!accounts.isEmpty && accounts[0]["RecordType"]["Name"].text == "Patient")
      #expect(try await org.records("SELECT Id FROM RecordType WHERE IsActive = false", token: token).count == 1)
      #expect(try await Self.values(org, token, "SystemModstamp") == stamps)
    }
  }

  @Test("fields of parents stand in SELECT and WHERE: an object in JSON, a dotted header in CSV, null without a parent")
  func parents() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let soql = "SELECT Id, Parent_Call_vod__r.CreatedDate, Parent_Call_vod__r.Account_vod__r.Name FROM Call2_vod__c"
      let records = try await org.records(soql, token: token)
      #expect(records.contains { $0["Parent_Call_vod__r"].isNull })
      #expect(records.contains { $0["Parent_Call_vod__r"]["CreatedDate"].text != nil })
      let id = try #require(JSON(try await org.createJob(soql, token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let rows = try await org.pages(id, token: token).flatMap { $0 }
      #expect(rows.first == ["Id", "Parent_Call_vod__r.CreatedDate", "Parent_Call_vod__r.Account_vod__r.Name"])
      for (record, row) in zip(records, rows.dropFirst()) {
        let parent = record["Parent_Call_vod__r"]
        #expect(
          row == [
            record["Id"].text ?? "", parent["CreatedDate"].text?.replacing("+0000", with: "Z") ?? "",
            parent["Account_vod__r"]["Name"].text ?? "",
          ])
      }
      let middle = "2025-06-01T00:00:00"
      let later = try await org.records(
        "SELECT Id FROM Call2_Key_Message_vod__c WHERE Call2_vod__r.CreatedDate >= \(middle)Z", token: token)
      let all = try await org.records(
        "SELECT Id, Call2_vod__r.CreatedDate FROM Call2_Key_Message_vod__c", token: token)
      #expect(
        later.compactMap { $0["Id"].text }
          == all.filter { ($0["Call2_vod__r"]["CreatedDate"].text ?? "") >= middle }.compactMap { $0["Id"].text })
    }
  }
}

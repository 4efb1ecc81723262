import Foundation
import Testing
import TestSupport

@testable import Simulator

@Suite("Marketo: leads")
struct MarketoLeadTests {
  @Test("leads are created and updated by their key, results in the order of the input and without seq")
  func sync() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let first = try await marketo.post(
        "leads.json",
        """
        {"lookupField":"veevaId","input":[{"veevaId":"A","firstName":"Ana","veevaTier":1,"unsubscribed":true},
        {"firstName":"nobody"},{"veevaId":"B","email":null}]}
        """)
      #expect(first.outcomes == ["created", "1003", "created"])
      #expect(first["result"].list.allSatisfy { $0["seq"].isNull })
      let second = try await marketo.post(
        "leads.json",
        """
        {"action":"createOrUpdate","lookupField":"veevaId","input":[{"veevaId":"B","lastName":"Lima"},
        {"veevaId":"A","firstName":null,"unsubscribed":null},{"veevaId":"C"},{"veevaId":"C","firstName":"again"}]}
        """)
      #expect(second.outcomes == ["updated", "updated", "created", "updated"])
      #expect(second["result"][1]["id"].number == first["result"][0]["id"].number)
      let found = try await marketo.query(
        "leads.json", "filterType=veevaId&filterValues=A,B,C,D&fields=veevaId,firstName,lastName,unsubscribed,veevaTier"
      )
      #expect(found["result"].list.count == 3 && found["moreResult"].truth == false)
      let a = found["result"][0]
      #expect(a["firstName"].isNull && a["unsubscribed"].truth == false && a["veevaTier"].number == 1)
      #expect(found["result"][1]["lastName"].text == "Lima" && found["result"][2]["firstName"].text == "again")
    }
  }

  @Test("each action does what it says, and only that")
  func actions() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      func sync(_ action: String, _ record: String, lookup: String = "veevaId") async throws -> JSON {
        try await marketo.post(
          "leads.json", "{\"action\":\"\(action)\",\"lookupField\":\"\(lookup)\",\"input\":[\(record)]}")
      }
      #expect(try await sync("updateOnly", #"{"veevaId":"A"}"#).outcomes == ["1004"])
      let made = try await sync("createOnly", #"{"veevaId":"A"}"#)
      #expect(made.outcomes == ["created"])
      let id = try #require(made["result"][0]["id"].number)
      #expect(try await sync("createOnly", #"{"veevaId":"A"}"#).outcomes == ["1005"])
      #expect(try await sync("updateOnly", #"{"veevaId":"A","firstName":"x"}"#).outcomes == ["updated"])
      #expect(try await sync("updateOnly", "{\"id\":\(id),\"veevaId\":\"B\"}", lookup: "id").outcomes == ["updated"])
      #expect(try await sync("updateOnly", #"{"id":1,"veevaId":"B"}"#, lookup: "id").outcomes == ["1004"])
      #expect(try await sync("createOrUpdate", "{\"id\":\(id),\"veevaId\":\"B\"}").outcomes == ["1003"])
      #expect(try await sync("createOrUpdate", "{\"id\":\(id)}", lookup: "id").code == "1003")
      #expect(try await sync("createDuplicate", #"{"veevaId":"B"}"#).outcomes == ["created"])
      #expect(try await sync("createOrUpdate", #"{"veevaId":"B"}"#).outcomes == ["1007"])
      #expect(try await sync("upsert", #"{"veevaId":"B"}"#).code == "1003")
      #expect(try await sync("createOrUpdate", #"{"firstName":"x"}"#, lookup: "firstName").code == "1011")
      #expect(try await sync("createOrUpdate", #"{"veevaIsDeleted":true}"#, lookup: "veevaIsDeleted").code == "1011")
      #expect(try await sync("createOrUpdate", #"{"nothing":"x"}"#, lookup: "nothing").code == "1006")
      let duplicates = try await marketo.admin("leads/duplicates?field=veevaId")
      #expect(duplicates.list.count == 1 && duplicates[0]["value"].text == "B" && duplicates[0]["count"].number == 2)
    }
  }

  @Test("a value that its field cannot hold skips its record and no other")
  func values() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let long = String(repeating: "é", count: 256)
      let text = String(repeating: "é", count: 15_001)
      let cases: [(String, String)] = [
        ("\"veevaTier\":\"1\"", "1001"), ("\"veevaTier\":1.5", "1001"), ("\"veevaIsDeleted\":\"true\"", "1001"),
        ("\"veevaSince\":\"2026-02-30\"", "1001"), ("\"veevaSince\":\"2026-02-28\"", "created"),
        ("\"email\":\"müller@example.org\"", "1001"), ("\"firstName\":7", "1001"),
        ("\"firstName\":\"\(long)\"", "1003"),
        ("\"firstName\":\"\(long.dropLast())\"", "created"), ("\"address\":\"\(text)\"", "1003"),
        ("\"address\":\"\(text.dropLast())\"", "created"), ("\"nothing\":1", "1006"), ("\"createdAt\":null", "1006"),
        ("\"acquisitionProgramSoap\":\"x\"", "1006"), ("\"company\":\"x\"", "1021"),
        ("\"externalCompanyId\":\"none\"", "1013"), ("\"externalSalesPersonId\":\"none\"", "1013"),
        ("\"externalCompanyId\":null", "created"), ("\"firstName\":\"a\",\"firstName\":\"b\"", "1003"),
      ]
      let input = cases.enumerated().map { "{\"veevaId\":\"\($0.offset)\",\($0.element.0)}" }.joined(separator: ",")
      let answer = try await marketo.post("leads.json", "{\"lookupField\":\"veevaId\",\"input\":[\(input)]}")
      for (outcome, expected) in zip(answer.outcomes, cases) { #expect(outcome == expected.1, "\(expected.0)") }
      #expect(answer["result"].list.count == cases.count)
      #expect(try await marketo.admin("counts")["leads"].number == cases.count { $0.1 == "created" })
    }
  }

  @Test("two overlapping calls with one new key make two leads; one after the other makes one")
  func race() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let body = #"{"lookupField":"veevaId","input":[{"veevaId":"twice"}]}"#
      try await marketo.admin("hold", #"{"leadWrites":true}"#)
      try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<2 { group.addTask { try await marketo.post("leads.json", body).outcomes } }
        try await until("both calls looked the key up", within: .seconds(60)) {
          try await marketo.admin("hold")["leadWritesWaiting"].number == 2
        }
        try await marketo.admin("hold", #"{"leadWrites":false}"#)
        for try await outcomes in group { #expect(outcomes == ["created"]) }
      }
      #expect(try await marketo.admin("leads/duplicates?field=veevaId")[0]["count"].number == 2)
      #expect(try await marketo.post("leads.json", body).outcomes == ["1007"])
      let once = #"{"lookupField":"veevaId","input":[{"veevaId":"once"}]}"#
      #expect(try await marketo.post("leads.json", once).outcomes == ["created"])
      #expect(try await marketo.post("leads.json", once).outcomes == ["updated"])
    }
  }

  @Test("a query by filter is bounded in values and matches, pages, and refuses other filters")
  func query() async throws {
    try await RunningMarketo.serving({ $0.filterMatches = 4 }) { marketo in
      try await marketo.makeFields()
      let input = (0..<5).map { "{\"veevaId\":\"\($0)\",\"veevaTier\":\($0 == 4 ? 2 : 1)}" }.joined(separator: ",")
      _ = try await marketo.post("leads.json", "{\"lookupField\":\"veevaId\",\"input\":[\(input)]}")
      var ids: [String] = []
      var next = ""
      repeat {
        let page = try await marketo.get(
          "leads.json?filterType=veevaTier&filterValues=1&fields=veevaId&batchSize=3\(next)")
        ids += page["result"].list.compactMap { $0["veevaId"].text }
        #expect((page["moreResult"].truth == true) == (page["nextPageToken"].text != nil))
        next = page["nextPageToken"].text.map { "&nextPageToken=\(RunningOrg.encoded($0))" } ?? ""
      } while !next.isEmpty
      #expect(ids == ["0", "1", "2", "3"])
      #expect(try await marketo.get("leads.json?filterType=veevaTier&filterValues=1,2").code == "1003")
      #expect(try await marketo.get("leads.json?filterType=veevaId&filterValues=none")["result"].list.isEmpty)
      #expect(try await marketo.get("leads.json?filterType=firstName&filterValues=1").code == "1011")
      #expect(try await marketo.get("leads.json?filterType=veevaId").code == "1002")
      #expect(try await marketo.get("leads.json?filterType=id&filterValues=1&fields=nothing").code == "1006")
      let many = (0..<301).map(String.init).joined(separator: ",")
      #expect(try await marketo.query("leads.json", "filterType=id&filterValues=\(many)").code == "1003")
      #expect(try await marketo.get("leads.json?filterType=id&filterValues=1&batchSize=0").code == "1001")
      #expect(try await marketo.get("leads.json?filterType=id&filterValues=1&nextPageToken=no").code == "1003")
      #expect(try await marketo.get("lead/10001.json")["result"][0]["id"].number == 10_001)
      #expect(try await marketo.get("lead/1.json").code == "1004")
    }
  }

  @Test("leads are deleted by id alone; more than 300 records fail a call as a whole")
  func delete() async throws {
    try await RunningMarketo.serving { marketo in
      let input = (0..<3).map { "{\"email\":\"a\($0)@example.org\"}" }.joined(separator: ",")
      let ids = try await marketo.post("leads.json", "{\"input\":[\(input)]}")["result"].list.compactMap {
        $0["id"].number
      }
      let answer = try await marketo.post("leads/delete.json", "{\"input\":[{\"id\":\(ids[0])},{\"id\":1}]}")
      #expect(answer.outcomes == ["deleted", "1004"])
      #expect(
        JSON(try await marketo.send("POST", "/rest/v1/leads/delete.json?id=\(ids[1])").body).outcomes == ["deleted"])
      #expect(try await marketo.admin("counts")["leads"].number == 1)
      let many = (0..<301).map { "{\"email\":\"b\($0)@example.org\"}" }.joined(separator: ",")
      #expect(try await marketo.post("leads.json", "{\"input\":[\(many)]}").code == "1003")
      #expect(try await marketo.admin("counts")["leads"].number == 1)
    }
  }

  @Test("lead fields are made, described, hidden, and never made twice")
  func fields() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let again = try await marketo.post(
        "leads/schema/fields.json",
        """
        {"input":[{"name":"veevaId","displayName":"Other","dataType":"string"},
        {"name":"notes","displayName":"Notes","dataType":"text"},{"name":"1x","displayName":"X","dataType":"string"}]}
        """)
      #expect(again.outcomes == ["1017", "1001", "1003"])
      let described = try await marketo.get("leads/describe.json")["result"].list
      let made = try #require(described.first { $0["rest"]["name"].text == "veevaId" })
      #expect(made["length"].number == 255 && made["rest"]["readOnly"].truth == false)
      #expect(described.contains { $0["rest"].isNull })
      let second = try await marketo.get("leads/describe2.json")["result"][0]
      #expect(second["searchableFields"].list.contains { $0[0].text == "veevaId" })
      #expect(!second["searchableFields"].list.contains { $0[0].text == "veevaIsDeleted" })
      #expect(second["fields"].list.first { $0["name"].text == "veevaTier" }?["updateable"].truth == true)
      let hidden = try await marketo.post("leads/schema/fields/veevaTier.json", #"{"input":[{"isHidden":true}]}"#)
      #expect(hidden.outcomes == ["updated"])
      #expect(try await marketo.get("leads/schema/fields/veevaTier.json")["result"][0]["isHidden"].truth == true)
      #expect(try await marketo.get("leads/schema/fields/nothing.json").code == "1006")
      #expect(
        try await marketo.post("leads/schema/fields/email.json", #"{"input":[{"isHidden":true}]}"#).code == "1003")
      #expect(try await marketo.get("leads/schema/fields.json?batchSize=10")["moreResult"].truth == true)
    }
  }

  @Test("partitions bound what a call may touch")
  func partitions() async throws {
    try await RunningMarketo.serving({
      $0.partitions = ["Europe", "Secret"]
      $0.unreachablePartitions = ["Secret"]
    }) { marketo in
      let names = try await marketo.get("leads/partitions.json")["result"].list.map { $0["name"].text }
      #expect(names == ["Default", "Europe"])
      func sync(_ partition: String) async throws -> JSON {
        try await marketo.post(
          "leads.json", "{\"partitionName\":\"\(partition)\",\"input\":[{\"email\":\"a@example.org\"}]}")
      }
      let made = try await sync("Europe")
      let id = try #require(made["result"][0]["id"].number)
      #expect(try await sync("Europe").outcomes == ["updated"])
      #expect(try await sync("Default").outcomes == ["1010"])
      #expect(try await sync("Secret").code == "1008")
      let moved = try await marketo.post(
        "leads/partitions.json", "{\"input\":[{\"id\":\(id),\"partitionName\":\"Default\"}]}")
      #expect(moved.outcomes == ["updated"])
      #expect(try await sync("Default").outcomes == ["updated"])
    }
  }

  @Test("leads that were there before are known by email alone, as the simulated Veeva org has it")
  func existing() async throws {
    try await RunningMarketo.serving({
      $0.existingLeads = 50; $0.veevaAccounts = 500
    }) { marketo in
      let leads = try await marketo.admin("leads?fields=email,firstName").list
      #expect(leads.count == 50 && leads.allSatisfy { $0["email"].text?.contains("@") == true })
      let emails = try await RunningOrg.serving { org in
        let token = try await org.token()
        return try await org.records("SELECT PersonEmail FROM Account WHERE PersonEmail != null", token: token)
          .compactMap { $0["PersonEmail"].text }
      }
      #expect(leads.compactMap { $0["email"].text } == Array(emails.prefix(50)))
    }
  }
}

import Foundation
import Testing

@testable import Simulator

@Suite("Marketo: companies, salespersons, custom objects")
struct MarketoObjectTests {
  @Test("companies are matched by seq, skipped when a key comes twice, and read back by any searchable field")
  func companies() async throws {
    try await RunningMarketo.serving { marketo in
      let described = try await marketo.get("companies/describe.json")["result"][0]
      #expect(described["idField"].text == "id" && described["dedupeFields"][0].text == "externalCompanyId")
      #expect(
        described["fields"].list.first { $0["name"].text == "externalCompanyId" }?["length"].number == 100)
      let made = try await marketo.post(
        "companies.json",
        """
        {"input":[{"externalCompanyId":"H1","company":"Santa Rita","annualRevenue":1604.47},
        {"externalCompanyId":"H2"},{"externalCompanyId":"H2"},{"company":"no key"},
        {"externalCompanyId":"H3","nothing":1},{"externalCompanyId":"H4","id":7}]}
        """)
      #expect(made.outcomes == ["created", "1036", "1036", "1003", "1006", "1003"])
      #expect(made["result"].list.map { $0["seq"].number } == [0, 1, 2, 3, 4, 5])
      let id = try #require(made["result"][0]["id"].number)
      func sync(_ more: String, _ record: String) async throws -> JSON {
        try await marketo.post("companies.json", "{\(more)\"input\":[\(record)]}")
      }
      #expect(try await sync("", #"{"externalCompanyId":"H1","billingCity":"Lisboa"}"#).outcomes == ["updated"])
      #expect(
        try await sync(#""action":"createOnly","#, #"{"externalCompanyId":"H1"}"#).outcomes == ["1017"])
      #expect(
        try await sync(#""action":"updateOnly","#, #"{"externalCompanyId":"H9"}"#).outcomes == ["1013"])
      let byID = #""action":"updateOnly","dedupeBy":"idField","#
      #expect(try await sync(byID, "{\"id\":\(id),\"industry\":\"Care\"}").outcomes == ["updated"])
      #expect(try await sync(#""dedupeBy":"idField","#, "{\"id\":\(id)}").code == "1003")
      #expect(try await sync(#""dedupeBy":"other","#, "{\"id\":\(id)}").code == "1003")
      let found = try await marketo.get(
        "companies.json?filterType=company&filterValues=Santa%20Rita&fields=company,industry,billingCity,annualRevenue")
      #expect(found["result"][0]["industry"].text == "Care" && found["result"][0]["annualRevenue"].text == "1604.47")
      #expect(found["result"][0]["id"].number == id && found["result"][0]["seq"].number == 0)
      for filter in ["dedupeFields&filterValues=H1", "idField&filterValues=\(id)", "id&filterValues=\(id)"] {
        #expect(try await marketo.get("companies.json?filterType=\(filter)")["result"].list.count == 1)
      }
      #expect(try await marketo.get("companies.json?filterType=industry&filterValues=x").code == "1011")
      let deleted = try await marketo.post(
        "companies/delete.json", #"{"input":[{"externalCompanyId":"H1"},{"externalCompanyId":"H1"}]}"#)
      #expect(deleted.outcomes == ["deleted", "1013"])
      try await marketo.admin("settings", #"{"duplicatesFailCall":true}"#)
      #expect(try await sync("", #"{"externalCompanyId":"H5"},{"externalCompanyId":"H5"}"#).code == "1036")
    }
  }

  @Test("a lead shows its company's values, and leaves a company only for another one")
  func inheritance() async throws {
    try await RunningMarketo.serving { marketo in
      _ = try await marketo.post(
        "companies.json",
        #"{"input":[{"externalCompanyId":"H1","company":"Rita"},{"externalCompanyId":"H2","company":"Nova"}]}"#)
      func company(_ link: String) async throws -> String? {
        let answer = try await marketo.post(
          "leads.json", "{\"input\":[{\"email\":\"a@example.org\",\"externalCompanyId\":\(link)}]}")
        try #require(["created", "updated"].contains(answer.outcomes.first))
        return try await marketo.get("leads.json?filterType=email&filterValues=A@example.org&fields=company")[
          "result"][0]["company"].text
      }
      #expect(try await company("\"H1\"") == "Rita")
      #expect(try await company("null") == "Rita")
      #expect(try await company("\"H2\"") == "Nova")
    }
  }

  @Test("a salesperson in use is not deleted")
  func salespersons() async throws {
    try await RunningMarketo.serving { marketo in
      let made = try await marketo.post(
        "salespersons.json",
        #"{"input":[{"externalSalesPersonId":"S1","email":"rep@example.org","firstName":"Rui","lastName":"Costa"}]}"#)
      #expect(made.outcomes == ["created"])
      _ = try await marketo.post(
        "leads.json", #"{"input":[{"email":"a@example.org","externalSalesPersonId":"S1"}]}"#)
      let delete = #"{"deleteBy":"dedupeFields","input":[{"externalSalesPersonId":"S1"}]}"#
      #expect(try await marketo.post("salespersons/delete.json", delete).outcomes == ["1022"])
      _ = try await marketo.post(
        "leads.json", #"{"input":[{"email":"a@example.org","externalSalesPersonId":null}]}"#)
      let found = try await marketo.get("salespersons.json?filterType=email&filterValues=rep@example.org")
      #expect(found["result"][0]["lastName"].text == "Costa", "all populated fields come unasked")
      #expect(try await marketo.post("salespersons/delete.json", delete).outcomes == ["deleted"])
    }
  }

  @Test("native CRM sync takes companies and salespersons away, for writing or altogether")
  func nativeCRM() async throws {
    try await RunningMarketo.serving({ $0.nativeCRM = true }) { marketo in
      let body = #"{"input":[{"externalCompanyId":"H1"}]}"#
      for object in ["companies", "salespersons"] {
        #expect(try await marketo.post("\(object).json", body).code == "1018")
        #expect(try await marketo.post("\(object)/delete.json", body).code == "1018")
        #expect(try await marketo.get("\(object)/describe.json")["success"].truth == true)
      }
      try await marketo.admin("settings", #"{"nativeCRMHidesObjects":true}"#)
      #expect(try await marketo.get("companies/describe.json").code == "1018")
      #expect(try await marketo.post("leads.json", #"{"input":[{"email":"a@example.org"}]}"#).outcomes == ["created"])
    }
  }

  @Test("custom objects need their lead first, and are found by key, by link and by GUID")
  func customObjects() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeCallType()
      let lead = try await marketo.post("leads.json", #"{"input":[{"email":"a@example.org"}]}"#)
      let id = try #require(lead["result"][0]["id"].number)
      let made = try await marketo.post(
        "customobjects/veevaCall_c.json",
        """
        {"input":[{"callId":"c1","leadId":\(id),"callDate":"2026-02-11T10:30:00+01:00","duration":25},
        {"callId":"c2","leadId":1},{"callId":"c3","duration":"long"},{"callId":null},{"callId":"c4","notes":""}]}
        """)
      #expect(made.outcomes == ["created", "1004", "1001", "1003", "created"])
      let guid = try #require(made["result"][0]["marketoGUID"].text)
      let update = try await marketo.post(
        "customobjects/veevaCall_c.json",
        "{\"action\":\"updateOnly\",\"dedupeBy\":\"idField\",\"input\":[{\"marketoGUID\":\"\(guid)\",\"duration\":null}]}"
      )
      #expect(update.outcomes == ["updated"])
      let path = "customobjects/veevaCall_c.json?fields=callDate,duration,leadId&filterType="
      for filter in ["callId&filterValues=c1", "leadId&filterValues=\(id)", "marketoGUID&filterValues=\(guid)"] {
        let found = try await marketo.get(path + filter)["result"]
        #expect(
          found.list.count == 1 && found[0]["callDate"].text == "2026-02-11T09:30:00Z" && found[0]["duration"].isNull)
      }
      #expect(try await marketo.get("customobjects/other_c/describe.json").code == "610")
      let deleted = try await marketo.post(
        "customobjects/veevaCall_c/delete.json",
        "{\"deleteBy\":\"idField\",\"input\":[{\"marketoGUID\":\"\(guid)\"},{\"marketoGUID\":\"\(guid)\"}]}")
      #expect(deleted.outcomes == ["deleted", "1013"])
    }
  }

  @Test("a compound key is queried with all its parts")
  func compound() async throws {
    try await RunningMarketo.serving { marketo in
      _ = try await marketo.post("customobjects/schema.json", #"{"apiName":"pair","displayName":"Pair"}"#)
      let keys = ["a", "b"].map {
        "{\"name\":\"\($0)\",\"displayName\":\"\($0)\",\"dataType\":\"string\",\"isDedupeField\":true}"
      }.joined(separator: ",")
      _ = try await marketo.post("customobjects/schema/pair/addField.json", "{\"input\":[\(keys)]}")
      _ = try await marketo.post("customobjects/schema/pair/approve.json", "")
      let made = try await marketo.post(
        "customobjects/pair.json", #"{"input":[{"a":"1","b":"2"},{"a":"1","b":"3"},{"a":"1"}]}"#)
      #expect(made.outcomes == ["created", "created", "1003"])
      let found = try await marketo.post(
        "customobjects/pair.json?_method=GET",
        #"{"filterType":"dedupeFields","fields":["a","b"],"input":[{"a":"1","b":"3"},{"a":"9","b":"3"}]}"#)
      #expect(found["result"].list.count == 1 && found["result"][0]["b"].text == "3")
      #expect(
        try await marketo.post(
          "customobjects/pair.json?_method=GET", #"{"filterType":"dedupeFields","input":[{"a":"1"}]}"#
        ).code == "1003")
    }
  }

  @Test("a type is a draft until it is approved; links and keys are frozen then")
  func schema() async throws {
    try await RunningMarketo.serving { marketo in
      func call(_ path: String, _ body: String = "") async throws -> String? {
        let answer = try await marketo.post("customobjects/\(path)", body)
        return answer["success"].truth == true ? "ok" : answer.code
      }
      let key = #"{"name":"callId","displayName":"Call Id","dataType":"string","isDedupeField":true}"#
      let plain = #"{"name":"n","displayName":"N","dataType":"integer"}"#
      let link =
        #"{"name":"lead","displayName":"Lead","dataType":"link","relatedTo":{"name":"Lead","field":"Email Address"}}"#
      #expect(try await call("schema.json", #"{"apiName":"call","displayName":"Call"}"#) == "ok")
      #expect(try await call("schema.json", #"{"action":"createOnly","apiName":"call","displayName":"C"}"#) == "1017")
      #expect(try await call("schema/call/approve.json") == "1003")
      #expect(try await call("schema/call/addField.json", "{\"input\":[\(key),\(link)]}") == "ok")
      #expect(try await call("call.json", #"{"input":[{"callId":"1"}]}"#) == "610")
      #expect(try await marketo.get("customobjects.json")["result"].list.isEmpty)
      #expect(try await call("schema/call/approve.json") == "ok")
      #expect(try await call("schema/call/approve.json") == "709")
      #expect(try await call("schema/call/discardDraft.json") == "1048")
      #expect(try await call("call.json", #"{"input":[{"callId":"1"}]}"#) == "ok")
      #expect(try await call("schema/call/addField.json", "{\"input\":[\(plain)]}") == "ok")
      #expect(try await call("call.json", #"{"input":[{"callId":"1","n":1}]}"#) == "ok")
      #expect(
        try await marketo.post("customobjects/call.json", #"{"input":[{"callId":"1","n":1}]}"#).outcomes == ["1006"])
      let draft = try await marketo.get("customobjects/schema/call/describe.json?state=draft")["result"][0]
      #expect(draft["state"].text == "approvedWithDraft" && draft["version"].text == "draft")
      #expect(draft["fields"].list.count == 3 && draft["idField"].isNull)
      #expect(try await call("schema/call/approve.json") == "ok")
      #expect(
        try await marketo.post("customobjects/call.json", #"{"input":[{"callId":"1","n":1}]}"#).outcomes == ["updated"])
      let late = key.replacingOccurrences(of: "callId", with: "other").replacingOccurrences(of: "Call Id", with: "O")
      #expect(try await call("schema/call/addField.json", "{\"input\":[\(late)]}") == "1003")
      #expect(try await call("schema/call/deleteField.json", #"{"input":[{"name":"lead"}]}"#) == "1003")
      #expect(try await call("schema/call/deleteField.json", #"{"input":[{"name":"n"}]}"#) == "ok")
      let described = try await marketo.get("customobjects/call/describe.json")["result"][0]
      #expect(described["relationships"][0]["relatedTo"]["field"].text == "email")
      #expect(described["fields"].list.contains { $0["name"].text == "marketoGUID" })
    }
  }

  @Test("no custom object links to one that links to a lead")
  func links() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeCallType()
      _ = try await marketo.post("customobjects/schema.json", #"{"apiName":"keyMessage","displayName":"Key Message"}"#)
      func add(_ target: String, _ field: String) async throws -> JSON {
        try await marketo.post(
          "customobjects/schema/keyMessage/addField.json",
          """
          {"input":[{"name":"to\(target)","displayName":"To \(target)","dataType":"link",
          "relatedTo":{"name":"\(target)","field":"\(field)"}}]}
          """)
      }
      let refused = try await add("veevaCall_c", "callId")
      #expect(refused.code == "1003" && refused["errors"][0]["message"].text?.contains("link field") == true)
      #expect(try await add("nothing", "id").code == "1003")
      #expect(try await add("lead", "firstName").code == "1003")
      #expect(try await add("lead", "id")["success"].truth == true)
      #expect(try await add("company", "Id")["success"].truth == true)
      let linkable = try await marketo.get("customobjects/schema/linkableObjects.json")["result"].list
      #expect(linkable.compactMap { $0["name"].text } == ["lead", "company"])
    }
  }

  @Test("types are bounded in number, fields and keys, and need the metadata API")
  func bounds() async throws {
    try await RunningMarketo.serving { marketo in
      for number in 0..<10 {
        let body = "{\"apiName\":\"t\(number)\",\"displayName\":\"T\(number)\"}"
        #expect(try await marketo.post("customobjects/schema.json", body)["success"].truth == true)
      }
      #expect(
        try await marketo.post("customobjects/schema.json", #"{"apiName":"t10","displayName":"T10"}"#).code == "1003")
      func fields(_ range: Range<Int>, dedupe: Bool) -> String {
        let list = range.map {
          "{\"name\":\"f\($0)\",\"displayName\":\"F\($0)\",\"dataType\":\"string\",\"isDedupeField\":\(dedupe)}"
        }
        return "{\"input\":[\(list.joined(separator: ","))]}"
      }
      func add(_ type: String, _ body: String) async throws -> JSON {
        try await marketo.post("customobjects/schema/\(type)/addField.json", body)
      }
      #expect(try await add("t0", fields(0..<4, dedupe: true)).code == "1003")
      #expect(try await add("t0", fields(0..<51, dedupe: false)).code == "1003")
      #expect(try await add("t0", fields(0..<1, dedupe: true))["success"].truth == true)
      _ = try await marketo.post("customobjects/schema/t0/approve.json", "")
      #expect(try await add("t0", fields(1..<22, dedupe: false)).code == "1003")
      #expect(try await add("t0", fields(1..<21, dedupe: false))["success"].truth == true)
      try await marketo.admin("settings", #"{"hasMetadataAPI":false}"#)
      #expect(try await marketo.get("customobjects/schema.json").code == "616")
      #expect(try await marketo.get("customobjects.json")["success"].truth == true)
    }
  }
}

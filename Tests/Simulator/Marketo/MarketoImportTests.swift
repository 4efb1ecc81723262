import Foundation
import Testing
import TestSupport

@testable import Simulator

@Suite("Marketo: bulk imports")
struct MarketoImportTests {
  private static func ended(_ marketo: RunningMarketo, _ path: String) async throws -> JSON {
    var last = JSON(value: nil)
    try await until("\(path) to end", within: .seconds(120)) {
      last = JSON(try await marketo.send("GET", "/bulk/v1/\(path)").body)["result"][0]
      return ["Complete", "Failed"].contains(last["status"].text)
    }
    return last
  }

  @Test("an import is an upsert; failures and warnings come as files with a column more, or as 404")
  func leads() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      _ = try await marketo.post(
        "leads.json", #"{"lookupField":"veevaId","input":[{"veevaId":"A","firstName":"Old","veevaTier":3}]}"#)
      let file = """
        veevaId,email,firstName,veevaTier
        A,,"Ana ""L"", Dr.",
        B,bo@example.org,Bo,2
        C,müller@example.org,NULL,1
        D,d@example.org,Eva,high
        ,e@example.org,Eva,1
        F,f@example.org,short
        """
      let created = try await marketo.upload("leads.json?format=csv&lookupField=veevaId", file)
      let batch = JSON(created.body)["result"][0]
      let id = try #require(batch["batchId"].number)
      #expect(batch["importId"].text == String(id) && batch["status"].text == "Queued")
      let done = try await Self.ended(marketo, "leads/batch/\(id).json")
      #expect(done["status"].text == "Complete" && done["numOfLeadsProcessed"].number == 3)
      #expect(done["numOfRowsFailed"].number == 3 && done["numOfRowsWithWarning"].number == 1)
      let failures = try await marketo.send("GET", "/bulk/v1/leads/batch/\(id)/failures.json")
      #expect(
        failures.text == """
          veevaId,email,firstName,veevaTier,Import Failure Reason
          D,d@example.org,Eva,high,Invalid data type in field Veeva Tier
          ,e@example.org,Eva,1,missing.dedupe.fields
          F,f@example.org,short,Invalid number of columns

          """)
      let warnings = try await marketo.send("GET", "/bulk/v1/leads/batch/\(id)/warnings.json")
      #expect(warnings.text.hasSuffix("\nC,müller@example.org,NULL,1,Invalid email address\n"))
      let leads = try await marketo.admin("leads?fields=veevaId,firstName,veevaTier,email").list
      #expect(leads.map { $0["firstName"].text } == ["Ana \"L\", Dr.", "Bo", "NULL"])
      #expect(leads[0]["veevaTier"].number == 3, "an empty cell leaves the value")
      #expect(leads[2]["email"].isNull)

      let clean = JSON(try await marketo.upload("leads.json?format=csv&lookupField=veevaId", "veevaId\nZ").body)
      let cleanID = try #require(clean["result"][0]["batchId"].number)
      _ = try await Self.ended(marketo, "leads/batch/\(cleanID).json")
      #expect(try await marketo.send("GET", "/bulk/v1/leads/batch/\(cleanID)/failures.json").status == 404)
      #expect(try await marketo.send("GET", "/bulk/v1/leads/batch/\(cleanID)/warnings.json").status == 404)
    }
  }

  @Test("a wrong header fails every row, not the job")
  func header() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      for (file, reason) in [
        (" veevaId,firstName\nA,x\nB,y", "missing.dedupe.fields"), ("firstName\nx\ny", "missing.dedupe.fields"),
        ("veevaId,nothing\nA,x\nB,y", "Field 'nothing' not found"),
        ("\u{FEFF}veevaId,firstName\nA,x\nB,y", "missing.dedupe.fields"),
      ] {
        let batch = JSON(try await marketo.upload("leads.json?format=csv&lookupField=veevaId", file).body)
        let id = try #require(batch["result"][0]["batchId"].number)
        let done = try await Self.ended(marketo, "leads/batch/\(id).json")
        #expect(done["status"].text == "Complete" && done["numOfLeadsProcessed"].number == 0)
        let failures = try await marketo.send("GET", "/bulk/v1/leads/batch/\(id)/failures.json").text.split(
          separator: "\n")
        #expect(failures.count == 3 && failures.dropFirst().allSatisfy { $0.hasSuffix(reason) })
      }
      #expect(try await marketo.admin("counts")["leads"].number == 0)
    }
  }

  @Test("custom objects are imported by their own paths and counters; tab and semicolon separate as well")
  func objects() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeCallType()
      let lead = try await marketo.post("leads.json", #"{"input":[{"email":"a@example.org"}]}"#)
      let id = try #require(lead["result"][0]["id"].number)
      for (format, separator) in [("csv", ","), ("tsv", "\t"), ("ssv", ";")] {
        let rows = [["callId", "leadId", "duration"], ["\(format)1", "\(id)", "25"], ["\(format)2", "1", "5"]]
        let file = rows.map { $0.joined(separator: separator) }.joined(separator: "\r\n")
        let answer = JSON(
          try await marketo.upload("customobjects/veevaCall_c/import.json?format=\(format)", file).body)["result"][0]
        let batch = try #require(answer["batchId"].number)
        #expect(answer["objectApiName"].text == "veevaCall_c" && answer["importId"].isNull)
        let path = "customobjects/veevaCall_c/import/\(batch)"
        let done = try await Self.ended(marketo, "\(path)/status.json")
        #expect(done["numOfObjectsProcessed"].number == 1 && done["numOfRowsFailed"].number == 1)
        #expect(done["operation"].text == "import" && done["numOfLeadsProcessed"].isNull)
        let failures = try await marketo.send("GET", "/bulk/v1/\(path)/failures.json").text
        #expect(failures.contains("\(format)2\(separator)1\(separator)5\(separator)Lead not found"))
        let other = JSON(try await marketo.send("GET", "/bulk/v1/leads/batch/\(batch).json").body)
        #expect(other.code == "1013")
      }
      #expect(try await marketo.admin("counts")["customObjects"]["veevaCall_c"].number == 3)
    }
  }

  @Test("two imports run, ten exist, an eleventh is refused with 1016, and they go in order")
  func queue() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.admin("hold", #"{"imports":true}"#)
      for number in 0..<10 {
        if number == 1 {
          let second = try await marketo.upload("leads.json?format=csv&listId=7", "email\nl@example.org")
          #expect(JSON(second.body).code == "1019", "one import into a list at a time")
        }
        let answer = try await marketo.upload(
          "leads.json?format=csv&listId=\(number + 7)", "email\na\(number)@example.org")
        #expect(JSON(answer.body)["success"].truth == true)
      }
      #expect(JSON(try await marketo.upload("leads.json?format=csv", "email\nx@example.org").body).code == "1016")
      let states = try await marketo.admin("imports").list.map { $0["status"].text }
      #expect(states == ["Importing", "Importing"] + Array(repeating: "Queued", count: 8))
      try await marketo.admin("hold", #"{"imports":false}"#)
      try await until("all imports to end", within: .seconds(60)) {
        try await marketo.admin("imports").list.allSatisfy { $0["status"].text == "Complete" }
      }
      #expect(try await marketo.admin("counts")["leads"].number == 10)
      #expect(
        JSON(try await marketo.upload("leads.json?format=csv", "email\nx@example.org").body)["success"].truth == true)
    }
  }

  @Test("two imports with one new key at a time make two leads")
  func race() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.admin("hold", #"{"imports":true}"#)
      for _ in 0..<2 { _ = try await marketo.upload("leads.json?format=csv", "email\nsame@example.org") }
      try await until("both imports looked up", within: .seconds(60)) {
        try await marketo.admin("hold")["importsWaiting"].number == 2
      }
      try await marketo.admin("hold", #"{"imports":false}"#)
      try await until("both imports to end", within: .seconds(60)) {
        try await marketo.admin("imports").list.allSatisfy { $0["status"].text == "Complete" }
      }
      #expect(try await marketo.admin("leads/duplicates?field=email")[0]["count"].number == 2)
    }
  }

  @Test("what is not a proper upload is refused; a batch is forgotten after seven days")
  func refusals() async throws {
    try await RunningMarketo.serving({
      $0.importBytes = 4096; $0.tokenLifetime = .seconds(30 * 86_400)
    }) { marketo in
      func code(_ target: String, _ file: String, _ headers: [(String, String)]? = nil) async throws -> String {
        let answer = try await marketo.upload(target, file, headers: headers)
        return answer.status == 200 ? JSON(answer.body).code ?? "ok" : String(answer.status)
      }
      let file = "email\na@example.org"
      #expect(try await code("leads.json?format=csv", file, [("Content-Type", "text/csv")]) == "612")
      #expect(try await code("leads.json?format=csv", file, [("Content-Type", "multipart/form-data")]) == "613")
      let other = [("Content-Type", "multipart/form-data; boundary=other")]
      #expect(try await code("leads.json?format=csv", file, other) == "613")
      #expect(try await code("leads.json", file) == "1002")
      #expect(try await code("leads.json?format=xlsx", file) == "1001")
      #expect(try await code("leads.json?format=csv&lookupField=firstName", file) == "1011")
      #expect(try await code("customobjects/nothing/import.json?format=csv", file) == "610")
      #expect(try await code("leads.json?format=csv", file + String(repeating: "x", count: 4096)) == "413")
      let batch = JSON(try await marketo.upload("leads.json?format=csv", file).body)["result"][0]
      let id = try #require(batch["batchId"].number)
      _ = try await Self.ended(marketo, "leads/batch/\(id).json")
      try await marketo.admin("clock", #"{"advanceSeconds":604801}"#)
      #expect(JSON(try await marketo.send("GET", "/bulk/v1/leads/batch/\(id).json").body).code == "1013")
    }
  }

  @Test("fifty thousand leads with companies, calls and key messages are held and found")
  func scale() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      try await marketo.makeCallType()
      let companies = (0..<300).map { "{\"externalCompanyId\":\"H\($0)\",\"company\":\"Hospital \($0)\"}" }
      let made = try await marketo.post("companies.json", "{\"input\":[\(companies.joined(separator: ","))]}")
      #expect(made.outcomes.allSatisfy { $0 == "created" })
      for part in 0..<5 {
        var file = "veevaId,email,firstName,lastName,externalCompanyId\n"
        for number in (part * 10_000)..<((part + 1) * 10_000) {
          file += "\(number)V,p\(number)@example.org,First,Last \(number),H\(number % 300)\n"
        }
        let answer = JSON(try await marketo.upload("leads.json?format=csv&lookupField=veevaId", file).body)
        let id = try #require(answer["result"][0]["batchId"].number)
        let done = try await Self.ended(marketo, "leads/batch/\(id).json")
        #expect(done["numOfLeadsProcessed"].number == 10_000)
      }
      var calls = "callId,leadId,duration\n"
      for number in 0..<100_000 { calls += "c\(number),\(10_001 + number % 50_000),5\n" }
      let answer = JSON(try await marketo.upload("customobjects/veevaCall_c/import.json?format=csv", calls).body)
      let id = try #require(answer["result"][0]["batchId"].number)
      let done = try await Self.ended(marketo, "customobjects/veevaCall_c/import/\(id)/status.json")
      #expect(done["numOfObjectsProcessed"].number == 100_000)
      let found = try await marketo.get(
        "leads.json?filterType=veevaId&filterValues=49999V,0V&fields=company,lastName")["result"].list
      #expect(found.map { $0["lastName"].text } == ["Last 49999", "Last 0"])
      #expect(found[0]["company"].text == "Hospital \(49_999 % 300)")
      #expect(try await marketo.admin("leads/duplicates?field=veevaId").list.isEmpty)
      #expect(try await marketo.admin("counts")["leads"].number == 50_000)
    }
  }
}

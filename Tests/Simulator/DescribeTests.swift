import Testing

@testable import Simulator

@Suite("Versions, describe and limits")
struct DescribeTests {
  private let base = "/services/data/v62.0"

  @Test("versions need no login, resources do, and an unknown version is not found")
  func versions() async throws {
    try await RunningOrg.serving { org in
      let versions = JSON(try await org.send("GET", "/services/data/").body).list.compactMap { $0["version"].text }
      #expect(versions.first == "58.0" && versions.last == "68.0" && versions.count == 11)
      #expect(try await org.send("GET", "/services/data/v62.0/").status == 401)
      let token = try await org.token()
      #expect(
        JSON(try await org.get("/services/data/v62.0/", token: token).body)["query"].text
          == "/services/data/v62.0/query")
      for path in ["/services/data/v57.0/sobjects", "/services/data/v62.0/nothing", "/services/data/62.0/sobjects"] {
        let answer = try await org.get(path, token: token)
        #expect(answer.status == 404)
        #expect(JSON(answer.body)[0]["errorCode"].text == "NOT_FOUND")
      }
    }
  }

  @Test("describe shows types, compounds, references, children and record types")
  func describe() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let global = JSON(try await org.get(base + "/sobjects/", token: token).body)
      #expect(global["sobjects"].list.count == ObjectKind.allCases.count)
      let account = JSON(try await org.get(base + "/sobjects/account/describe", token: token).body)
      #expect(account["name"].text == "Account" && account["keyPrefix"].text == "001")
      let fields = Dictionary(
        account["fields"].list.map { ($0["name"].text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
      #expect(fields["PersonEmail"]?["type"].text == "email" && fields["PersonEmail"]?["updateable"].truth == true)
      #expect(fields["BillingCity"]?["compoundFieldName"].text == "BillingAddress")
      #expect(fields["Portrait__c"]?["type"].text == "base64")
      #expect(fields["Formatted_Name_vod__c"]?["calculatedFormula"].isNull == false)
      #expect(fields["OwnerId"]?["referenceTo"].list.compactMap { $0.text } == ["Group", "User"])
      #expect(fields["Description"]?["filterable"].truth == false)
      let types = Set(account["fields"].list.compactMap { $0["type"].text })
      #expect(
        types.isSuperset(of: [
          "id", "reference", "string", "picklist", "multipicklist", "textarea", "email", "phone", "url", "boolean",
          "int",
          "double", "currency", "percent", "date", "datetime", "time", "address", "location", "base64",
          "encryptedstring",
        ]))
      let children = account["childRelationships"].list.compactMap { $0["childSObject"].text }
      #expect(children.contains("Multichannel_Activity_vod__c") && !children.contains("Unlinked_Thing__c"))
      let activity = JSON(
        try await org.get(base + "/sobjects/Multichannel_Activity_vod__c/describe", token: token).body)
      #expect(
        activity["childRelationships"].list.compactMap { $0["childSObject"].text } == [
          "Multichannel_Activity_Line_vod__c"
        ])
      #expect(account["recordTypeInfos"].list.compactMap { $0["developerName"].text }.contains("Professional_vod"))
      #expect(try await org.get(base + "/sobjects/Nothing/describe", token: token).status == 404)
    }
  }

  @Test("a wide org has more than 400 account fields, and a SELECT of them all is no URL")
  func wide() async throws {
    try await RunningOrg.serving({ $0.wideAccounts = true }) { org in
      let token = try await org.token()
      let account = JSON(try await org.get(base + "/sobjects/Account/describe", token: token).body)
      let names = account["fields"].list.compactMap { $0["name"].text }
      #expect(names.count > 400)
      let many = (names + names).joined(separator: ",%20")
      #expect(try await org.get(base + "/query?q=SELECT%20\(many)", token: token).status == 414)
      let nearly = String(repeating: "x", count: 16_300)
      #expect(try await org.get(base + "/query?q=\(nearly)", token: token).status == 431)
    }
  }

  @Test("describe answers 304 until the metadata changes; what the profile hides is not there")
  func profile() async throws {
    try await RunningOrg.serving({ options in
      options.hiddenObjects = ["Lead"]
      options.hiddenFields = ["Account.PersonEmail"]
      options.readOnlyFields = ["Account.PersonTitle"]
    }) { org in
      let token = try await org.token()
      func fields() async throws -> [String: JSON] {
        let account = JSON(try await org.get(base + "/sobjects/Account/describe", token: token).body)
        return Dictionary(
          account["fields"].list.map { ($0["name"].text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
      }
      let before = try await fields()
      #expect(before["PersonEmail"] == nil)
      #expect(before["PersonTitle"]?["updateable"].truth == false)
      #expect(try await org.get(base + "/sobjects/Lead/describe", token: token).status == 404)
      #expect(
        JSON(try await org.query("SELECT Id FROM Lead", token: token).body)[0]["errorCode"].text == "INVALID_TYPE")
      let hidden = JSON(try await org.query("SELECT PersonEmail FROM Account", token: token).body)
      #expect(hidden[0]["errorCode"].text == "INVALID_FIELD")
      let since = [
        (
          "If-Modified-Since",
          WireTime.http(
            WireTime.parseHTTP(
              try await org.get(base, token: token).headers["date"] ?? "") ?? 0)
        )
      ]
      let unchanged = try await org.get(base + "/sobjects/Account/describe", token: token, headers: since)
      #expect(unchanged.status == 304 && unchanged.wireBody.isEmpty)
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":10}")
      _ = try await org.post("/simulator/profile", json: "{\"hiddenFields\":[\"Account.Phone\"]}")
      #expect(try await org.get(base + "/sobjects/Account/describe", token: token, headers: since).status == 200)
      let after = try await fields()
      #expect(after["PersonEmail"] != nil && after["Phone"] == nil)
    }
  }

  @Test("each answer tells the API usage, and when it is used up requests are refused")
  func limits() async throws {
    try await RunningOrg.serving({ $0.apiDailyLimit = 5 }) { org in
      let token = try await org.token()
      for used in 1...4 {
        let answer = try await org.get(base + "/sobjects", token: token)
        #expect(answer.headers["sforce-limit-info"] == "api-usage=\(used)/5")
      }
      let limits = JSON(try await org.get(base + "/limits", token: token).body)
      #expect(limits["DailyApiRequests"]["Max"].number == 5 && limits["DailyApiRequests"]["Remaining"].number == 0)
      let refused = try await org.get(base + "/sobjects", token: token)
      #expect(refused.status == 403)
      #expect(JSON(refused.body)[0]["errorCode"].text == "REQUEST_LIMIT_EXCEEDED")
      #expect(JSON(refused.body)[0]["message"].text == "TotalRequests Limit exceeded.")
      _ = try await org.post("/simulator/limits", json: "{\"limit\":100}")
      #expect(try await org.get(base + "/sobjects", token: token).status == 200)
    }
  }

  @Test("recordCount counts live rows, and the clock is the Date header")
  func counts() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let counts = JSON(
        try await org.get(base + "/limits/recordCount?sObjects=Account,User", token: token).body)["sObjects"].list
      let query = JSON(try await org.query("SELECT COUNT() FROM Account", token: token).body)
      #expect(counts.count == 2 && counts[0]["count"].number == query["totalSize"].number)
      _ = try await org.post("/simulator/clock", json: "{\"setSeconds\":1772359200}")
      let date = try await org.get(base, token: try await org.token()).headers["date"]
      #expect(date?.hasPrefix("Sun, 01 Mar 2026 10:00:0") == true, "\(date ?? "")")
    }
  }
}

import Testing

@testable import Simulator

/// Updates through the org's own API.
@Suite("Updates of records")
struct WriteTests {
  private static let now = 1_764_100_000
  private static let stamp = "2025-11-25T19:46:40.000+0000"
  private static let collection = "/services/data/v62.0/composite/sobjects"

  private static func serving(_ test: @escaping @Sendable (RunningOrg, String) async throws -> Void) async throws {
    try await RunningOrg.serving {
      // Enough for every kind of account.
      $0.accounts = 900
    } _: { org in
      _ = try await org.post("/simulator/clock", json: "{\"setSeconds\": \(now), \"stopped\": true}")
      try await test(org, try await org.token())
    }
  }

  private static func patch(_ org: RunningOrg, _ token: String, _ target: String = collection, _ json: String)
    async throws -> RawHTTP.Answer
  {
    try await org.send(
      "PATCH", target, token: token, headers: [("Content-Type", "application/json")], body: Array(json.utf8))
  }

  private static func record(_ id: String, _ values: String, object: String = "Account") -> String {
    "{\"attributes\":{\"type\":\"\(object)\"},\"id\":\"\(id)\"\(values.isEmpty ? "" : ",")\(values)}"
  }

  /// Writes records and gives the code that each was refused with, or `ok`.
  private static func codes(_ org: RunningOrg, _ token: String, _ records: [String], allOrNone: Bool = false)
    async throws -> [String]
  {
    let answer = try await patch(
      org, token, collection, "{\"allOrNone\":\(allOrNone),\"records\":[\(records.joined(separator: ","))]}")
    try #require(answer.status == 200, "\(answer.text)")
    return JSON(answer.body).list.map { $0["success"].truth == true ? "ok" : $0["errors"][0]["statusCode"].text ?? "?" }
  }

  private static func persons(_ org: RunningOrg, _ token: String) async throws -> [String] {
    try await org.records("SELECT Id FROM Account WHERE IsPersonAccount = true", token: token).compactMap {
      $0["Id"].text
    }
  }

  private static func only(_ org: RunningOrg, _ token: String, _ id: String, _ fields: String) async throws -> JSON {
    try #require(try await org.records("SELECT \(fields) FROM Account WHERE Id = '\(id)'", token: token).first)
  }

  @Test("a collection changes the fields it names and no others, of person and contact, and moves their stamps")
  func collectionUpdates() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      let fields = "PersonEmail, FirstName, LastName, Name, PersonTitle, SystemModstamp, PersonContact.Email"
      let before = try await Self.only(org, token, ids[1], fields)
      let answer = try await Self.patch(
        org, token, Self.collection,
        "{\"records\":["
          + Self.record(
            ids[0],
            #""personemail":" n\"é@x.example ","LastName":"Neu","PersonBirthdate":"1970-02-03","PersonTitle":null"#)
          + "]}")
      #expect(answer.status == 200 && answer.text == "[{\"id\":\"\(ids[0])\",\"success\":true,\"errors\":[]}]")
      let after = try await Self.only(org, token, ids[0], fields)
      // Salesforce keeps no blanks at either end.
      #expect(after["PersonEmail"].text == "n\"é@x.example" && after["LastName"].text == "Neu")
      #expect(after["PersonContact"]["Email"].text == "n\"é@x.example" && after["PersonTitle"].isNull)
      #expect(after["Name"].text?.hasSuffix("Neu") == true && after["SystemModstamp"].text == Self.stamp)
      let other = try await Self.only(org, token, ids[1], fields)
      #expect(other["SystemModstamp"].text == before["SystemModstamp"].text)
    }
  }

  @Test("each record is refused for itself, in place, by the platform's codes")
  func refusals() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      let business = try #require(
        try await org.records("SELECT Id FROM Account WHERE IsPersonAccount = false LIMIT 1", token: token)
          .first?["Id"].text)
      let contact = try #require(
        try await org.records("SELECT Id FROM Contact LIMIT 1", token: token).first?["Id"].text)
      _ = try await org.change(#"{"op":"delete","object":"Account","ids":["\#(ids[9])"]}"#)
      _ = try await org.post("/simulator/profile", json: "{\"readOnlyFields\":[\"Account.PersonTitle\"]}")
      let long = String(repeating: "x", count: 41)
      let codes = try await Self.codes(
        org, token,
        [
          Self.record(ids[0], #""LastName":"A""#), Self.record(ids[0], #""LastName":"B""#),
          Self.record(ids[1], "\"FirstName\":\"\(long)\""), Self.record(ids[2], #""PersonEmail":"nobody""#),
          Self.record(ids[3], #""LastName":"""#), Self.record(ids[4], #""PersonTitle":"Dr""#),
          Self.record(ids[5], #""Name":"A B""#), Self.record(business, #""FirstName":"A""#),
          Self.record(ids[6], #""Nothing__c":1"#), Self.record(ids[7], #""PersonHasOptedOutOfEmail":"maybe""#),
          Self.record(ids[9], #""LastName":"A""#), Self.record("001000000000000AAA", #""LastName":"A""#),
          Self.record("1", #""LastName":"A""#), Self.record(ids[8], #""LastName":"Z""#),
          Self.record(contact, #""LastName":"A""#, object: "Contact"),
        ])
      #expect(
        codes == [
          "ok", "DUPLICATE_VALUE", "STRING_TOO_LONG", "INVALID_EMAIL_ADDRESS", "REQUIRED_FIELD_MISSING",
          "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD_FOR_INSERT_UPDATE",
          "INVALID_FIELD", "JSON_PARSER_ERROR", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID",
          "ok", "INSUFFICIENT_ACCESS_OR_READONLY",
        ])
      #expect(try await Self.only(org, token, ids[0], "LastName")["LastName"].text == "A")
    }
  }

  @Test("rules of the org refuse by what a record would hold, in their own words, as often as told")
  func rules() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      _ = try await org.post(
        "/simulator/faults",
        json:
          #"[{"kind":"refuseUpdate","object":"Account","field":"PersonEmail","value":"@spam.","message":"Kein Spam!"},"#
          + #"{"kind":"refuseUpdate","code":"UNABLE_TO_LOCK_ROW","path":"\#(ids[1])","count":1}]"#)
      let records = [
        Self.record(ids[0], #""PersonEmail":"a@spam.example""#), Self.record(ids[1], #""PersonEmail":"b@x.example""#),
        Self.record(ids[2], #""PersonEmail":"c@x.example""#),
      ]
      let codes = try await Self.codes(org, token, records)
      #expect(codes == ["FIELD_CUSTOM_VALIDATION_EXCEPTION", "UNABLE_TO_LOCK_ROW", "ok"])
      let again = try await Self.patch(org, token, Self.collection, "{\"records\":[\(records.joined(separator: ","))]}")
      let result = JSON(again.body)
      #expect(result[0]["errors"][0]["message"].text == "Kein Spam!" && result[0]["id"].isNull)
      #expect(result[0]["errors"][0]["fields"][0].text == "PersonEmail" && result[1]["success"].truth == true)
      // A rule looks at what is stored, too.
      _ = try await org.change(
        #"{"op":"update","object":"Account","ids":["\#(ids[3])"],"set":{"PersonEmail":"d@spam.example"}}"#)
      let stored = try await Self.codes(org, token, [Self.record(ids[3], #""FirstName":"A""#)])
      #expect(stored == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"])
    }
  }

  @Test("all or none means that one refusal takes everything back")
  func allOrNone() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      let before = try await Self.only(org, token, ids[0], "LastName, SystemModstamp")
      let codes = try await Self.codes(
        org, token, [Self.record(ids[0], #""LastName":"A""#), Self.record(ids[1], #""PersonEmail":"-""#)],
        allOrNone: true)
      #expect(codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_EMAIL_ADDRESS"])
      let after = try await Self.only(org, token, ids[0], "LastName, SystemModstamp")
      #expect(after["LastName"].text == before["LastName"].text)
      #expect(after["SystemModstamp"].text == before["SystemModstamp"].text)
    }
  }

  @Test("more than 200 records, more than ten runs of objects and what is no collection are refused as a whole")
  func malformed() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      let many = (0..<201).map { _ in Self.record(ids[0], "") }
      let mixed = (0..<11).map { Self.record(ids[0], "", object: $0 % 2 == 0 ? "Account" : "User") }
      for (records, code) in [(many, "EXCEEDED_ID_LIMIT"), (mixed, "LIMIT_EXCEEDED")] {
        let answer = try await Self.patch(
          org, token, Self.collection, "{\"records\":[\(records.joined(separator: ","))]}")
        #expect(answer.status == 400 && JSON(answer.body)[0]["errorCode"].text == code)
      }
      let broken = try await Self.patch(org, token, Self.collection, "{\"records\":[{]}")
      #expect(broken.status == 400 && JSON(broken.body)[0]["errorCode"].text == "JSON_PARSER_ERROR")
    }
  }

  @Test("a single record is updated without an answer's body, or refused by status and code")
  func single() async throws {
    try await Self.serving { org, token in
      let ids = try await Self.persons(org, token)
      let path = "/services/data/v62.0/sobjects/Account/"
      let answer = try await Self.patch(org, token, path + ids[0], #"{"PersonTitle":"Dr"}"#)
      #expect(answer.status == 204 && answer.body.isEmpty)
      let posted = try await org.post(
        path + ids[1] + "?_HttpMethod=PATCH", token: token, json: #"{"PersonTitle":"Dr"}"#)
      #expect(posted.status == 204)
      #expect(try await Self.only(org, token, ids[1], "PersonTitle")["PersonTitle"].text == "Dr")
      _ = try await org.change(#"{"op":"delete","object":"Account","ids":["\#(ids[2])"]}"#)
      for (id, body, status, code) in [
        (ids[0], #"{"PersonEmail":"-"}"#, 400, "INVALID_EMAIL_ADDRESS"),
        (ids[2], #"{"PersonTitle":"Dr"}"#, 404, "ENTITY_IS_DELETED"),
        ("001000000000000AAA", #"{"PersonTitle":"Dr"}"#, 404, "INVALID_CROSS_REFERENCE_KEY"),
      ] {
        let refused = try await Self.patch(org, token, path + id, body)
        #expect(refused.status == status && JSON(refused.body)[0]["errorCode"].text == code, "\(refused.text)")
      }
    }
  }

  @Test("an update becomes visible when its transaction commits, with the stamp of the moment it was made")
  func commitDelay() async throws {
    try await Self.serving { org, token in
      let id = try #require(try await Self.persons(org, token).first)
      _ = try await org.post("/simulator/settings", json: "{\"commitDelaySeconds\":60}")
      #expect(try await Self.codes(org, token, [Self.record(id, #""LastName":"Late""#)]) == ["ok"])
      #expect(try await Self.only(org, token, id, "LastName")["LastName"].text != "Late")
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":60}")
      let record = try await Self.only(org, token, id, "LastName, SystemModstamp")
      #expect(record["LastName"].text == "Late" && record["SystemModstamp"].text == Self.stamp)
    }
  }
}

import Testing

@testable import Simulator

@Suite("The same rows by every way")
struct PagingTests {
  /// A value as REST gives it, in the form of Bulk CSV.
  private static func csv(_ json: JSON, _ field: FieldDefinition) -> String {
    if json.isNull { return "" }
    if let text = json.text { return text.replacing("+0000", with: field.type == .datetime ? "Z" : "+0000") }
    if field.type == .boolean, let truth = json.truth { return truth ? "true" : "false" }
    return ""
  }

  private static func plain(_ field: FieldDefinition) -> Bool {
    ![.address, .location, .base64, .double, .currency, .percent, .int].contains(field.type)
  }

  @Test("REST pages, bulk pages and the generator give equal rows, for every object")
  func equality() async throws {
    try await RunningOrg.serving({ $0.restPageRows = 211 }) { org in
      let token = try await org.token()
      var options = DataSet.Options()
      options.accounts = org.options.accounts
      options.asOf = org.options.asOf ?? 0
      let data = DataSet(options)
      for object in data.objects where object.bulkSupported {
        let places = object.fields.indices.filter { Self.plain(object.fields[$0]) }
        let names = places.map { object.fields[$0].name }
        let soql = "SELECT \(names.joined(separator: ", ")) FROM \(object.name)"
        let direct = Self.direct(data, object, places)
        let bulk = try await org.bulkRows(soql, token: token, operation: "queryAll", gzip: true)
        #expect(bulk == direct, "\(object.name)")
        let rest = try await org.records(soql, token: token, all: true).map { record in
          places.map { Self.csv(record[object.fields[$0].name], object.fields[$0]) }
        }
        // Foundation's JSON reader drops a byte order mark at the start of a string.
        let unmarked = direct.map { $0.map { $0.hasPrefix("\u{FEFF}") ? String($0.unicodeScalars.dropFirst()) : $0 } }
        #expect(rest == unmarked, "\(object.name)")
      }
    }
  }

  private static func direct(_ data: DataSet, _ object: ObjectDefinition, _ places: [Int]) -> [[String]] {
    let renderer = Renderer(data: data)
    return (0..<data.rows(object.kind)).map { index in
      places.map { place in
        var sink = ByteSink()
        let program = data.programs[Int(object.kind.rawValue)][place]
        let present = renderer.value(program, data.row(object.kind, index), .raw, &sink)
        return present ? String(decoding: sink.bytes, as: UTF8.self) : ""
      }
    }
  }

  @Test("numbers are the same text in JSON and CSV")
  func numbers() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let soql = "SELECT Id, Prescriber_Score__c, NumberOfEmployees, Share_of_Wallet__c FROM Account"
      let rows = try await org.bulkRows(soql, token: token)
      let text = try await org.query(soql, token: token).text
      for row in rows {
        let numbers = zip(["Prescriber_Score__c", "NumberOfEmployees", "Share_of_Wallet__c"], row.dropFirst())
          .map { "\"\($0)\":\($1.isEmpty ? "null" : $1)" }.joined(separator: ",")
        if !text.contains("\"Id\":\"\(row[0])\",\(numbers)}") { Issue.record("\(row)") }
      }
    }
  }

  @Test("pages of any size hold the same rows, each row once", arguments: [7, 1999, 2000, 2001, 4500, 1_000_000])
  func sizes(_ size: Int) async throws {
    try await RunningOrg.serving({ $0.accounts = size < 100 ? 100 : 5000 }) { org in
      let token = try await org.token()
      let soql = "SELECT Id, Name, Description FROM Account"
      let id = try #require(JSON(try await org.createJob(soql, token: token).body)["id"].text)
      let state = try await org.finishedJob(id, token: token)
      let whole = try await org.pages(id, token: token).flatMap { $0.dropFirst() }
      #expect(state["numberRecordsProcessed"].number == whole.count)
      for gzip in [true, false] {
        let pages = try await org.pages(id, token: token, maxRecords: size, gzip: gzip)
        #expect(pages.flatMap { $0.dropFirst() } == whole)
        #expect(pages.allSatisfy { $0.first == ["Id", "Name", "Description"] && $0.count - 1 <= size })
        #expect(pages.count == (whole.count + size - 1) / size)
      }
    }
  }

  @Test("resultPages names all pages, five at a time")
  func parallel() async throws {
    try await RunningOrg.serving({
      $0.accounts = 3000
      $0.bulkPageRows = 400
    }) { org in
      let token = try await org.token()
      let id = try #require(JSON(try await org.createJob("SELECT Id FROM Account", token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let whole = try await org.pages(id, token: token).flatMap { $0.dropFirst() }
      var rows: [[String]] = []
      var target: String? = "/services/data/v62.0/jobs/query/\(id)/resultPages"
      var asked = 0
      while let at = target {
        let answer = JSON(try await org.get(at, token: token).body)
        asked += 1
        #expect(answer["resultPages"].list.count <= 5)
        for page in answer["resultPages"].list {
          let url = try #require(page["resultUrl"].text)
          rows += CSV.rows(try await org.get(url, token: token).body).dropFirst()
        }
        target = answer["nextRecordsUrl"].text
        #expect(answer["done"].truth == (target == nil))
      }
      #expect(rows == whole && asked == 2)
    }
  }

  @Test("short pages hold fewer rows than asked for, and all of them together every row")
  func short() async throws {
    try await RunningOrg.serving({ $0.accounts = 3000 }) { org in
      let token = try await org.token()
      let soql = "SELECT Id FROM Account"
      let id = try #require(JSON(try await org.createJob(soql, token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let whole = try await org.pages(id, token: token).flatMap { $0.dropFirst() }
      #expect(try await org.post("/simulator/settings", json: "{\"shortPages\":true}").status == 200)
      let pages = try await org.pages(id, token: token, maxRecords: 500)
      #expect(pages.flatMap { $0.dropFirst() } == whole && pages.allSatisfy { $0.count - 1 < 500 })
      let first = JSON(try await org.query(soql, token: token).body)
      #expect((250..<2000).contains(first["records"].list.count) && first["done"].truth == false)
      #expect(try await org.records(soql, token: token).compactMap { $0["Id"].text } == whole.map { $0[0] })
      let listed = JSON(
        try await org.get("/services/data/v62.0/jobs/query/\(id)/resultPages?maxRecords=1000", token: token).body)
      var rows: [[String]] = []
      for page in listed["resultPages"].list {
        rows += CSV.rows(try await org.get(try #require(page["resultUrl"].text), token: token).body).dropFirst()
      }
      #expect(rows == Array(whole.prefix(rows.count)) && rows.count > 2000)
    }
  }

  @Test("delimiters and line endings are those asked for")
  func dialects() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let soql = "SELECT Id, Name, Description FROM Account"
      let plain = try await org.bulkRows(soql, token: token)
      for (name, byte) in [("TAB", 0x09), ("PIPE", 0x7C), ("SEMICOLON", 0x3B), ("CARET", 0x5E), ("BACKQUOTE", 0x60)]
        as [(String, UInt8)]
      {
        let extra = ",\"columnDelimiter\":\"\(name)\",\"lineEnding\":\"CRLF\""
        let id = try #require(JSON(try await org.createJob(soql, token: token, extra: extra).body)["id"].text)
        _ = try await org.finishedJob(id, token: token)
        let answer = try await org.get("/services/data/v62.0/jobs/query/\(id)/results", token: token)
        #expect(CSV.rows(answer.body, delimiter: byte, crlf: true).dropFirst().elementsEqual(plain))
      }
    }
  }

  @Test("no rows make a header alone in bulk and an empty list in REST")
  func nothing() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let soql = "SELECT Id, Name FROM Account WHERE Id < '001000000000000'"
      let id = try #require(JSON(try await org.createJob(soql, token: token).body)["id"].text)
      _ = try await org.finishedJob(id, token: token)
      let pages = try await org.pages(id, token: token, gzip: true)
      #expect(pages == [[["Id", "Name"]]])
      let rest = JSON(try await org.query(soql, token: token).body)
      #expect(rest["totalSize"].number == 0 && rest["done"].truth == true && rest["records"].list.isEmpty)
    }
  }

  @Test("REST pages follow batchSize as a hint, locators lead on, expire and are refused")
  func locators() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      let hint = [("Sforce-Query-Options", "batchSize=200")]
      let first = JSON(try await org.query("SELECT Id FROM Account", token: token, headers: hint).body)
      #expect(first["records"].list.count == 200 && first["done"].truth == false)
      let next = try #require(first["nextRecordsUrl"].text)
      let second = try await org.get(next, token: token)
      #expect(try await org.get(next, token: token).body == second.body, "a locator can be read again")
      #expect(JSON(second.body)["records"].list.count == 200)
      let wrong = try await org.get("/services/data/v62.0/query/01g5g000005KzZZAAA-2000", token: token)
      #expect(wrong.status == 400 && JSON(wrong.body)[0]["errorCode"].text == "INVALID_QUERY_LOCATOR")
      _ = try await org.post("/simulator/clock", json: "{\"advanceSeconds\":180000}")
      let expired = try await org.get(next, token: try await org.token())
      #expect(JSON(expired.body)[0]["errorCode"].text == "INVALID_QUERY_LOCATOR")
    }
  }

  @Test("LIMIT, OFFSET and keyset pages cut the same sequence")
  func keyset() async throws {
    try await RunningOrg.serving { org in
      let token = try await org.token()
      func ids(_ soql: String) async throws -> [String] {
        try await org.records(soql, token: token).compactMap { $0["Id"].text }
      }
      let all = try await ids("SELECT Id FROM Account ORDER BY Id")
      #expect(try await ids("SELECT Id FROM Account ORDER BY Id LIMIT 10 OFFSET 20") == Array(all[20..<30]))
      #expect(try await ids("SELECT Id FROM Account LIMIT 0") == [])
      var paged: [String] = []
      repeat {
        let bound = paged.last.map { "WHERE Id > '\($0)' " } ?? ""
        let page = try await ids("SELECT Id FROM Account \(bound)ORDER BY Id LIMIT 77")
        paged += page
        if page.count < 77 { break }
      } while true
      #expect(paged == all)
      let stamped = try await org.records(
        "SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp, Id LIMIT 400", token: token)
      #expect(stamped.count == 400)
    }
  }

  @Test("retrieve gives records in the order of the ids, and null for missing and deleted ones")
  func retrieve() async throws {
    try await RunningOrg.serving({ $0.accounts = 1000 }) { org in
      let token = try await org.token()
      let all = try await org.records("SELECT Id, Name FROM Account", token: token)
      let deleted = try await org.records("SELECT Id FROM Account WHERE IsDeleted = true", token: token, all: true)
      let gone = try #require(deleted.first?["Id"].text)
      let a = try #require(all[5]["Id"].text)
      let b = try #require(all[2]["Id"].text)
      let answer = try await org.post(
        "/services/data/v62.0/composite/sobjects/Account", token: token,
        json: "{\"ids\":[\"\(a)\",\"001000000000000AAA\",\"\(gone)\",\"\(b.prefix(15))\"],\"fields\":[\"Id\",\"Name\"]}"
      )
      let list = JSON(answer.body)
      #expect(list.list.count == 4 && list[1].isNull && list[2].isNull)
      #expect(list[0]["Name"].text == all[5]["Name"].text && list[3]["Id"].text == b)
      #expect(try await org.get("/services/data/v62.0/sobjects/Account/\(a)", token: token).status == 200)
      #expect(try await org.get("/services/data/v62.0/sobjects/Account/\(gone)", token: token).status == 404)
    }
  }
}

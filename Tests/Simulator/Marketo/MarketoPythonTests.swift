import Foundation
import Testing

@testable import Simulator

/// A client that this project did not write.
@Suite("marketorestpython")
struct MarketoPythonTests {
  @Test("writes, imports, queries, reads changes and deletes, through expired tokens")
  func wholeConversation() async throws {
    let python = try await Python.with("marketorestpython==0.5.25", module: "marketorestpython")
    let seen = try await RunningMarketo.serving { marketo in
      let input = JSONValue.object([
        ("clientID", .string(marketo.options.clientID)), ("clientSecret", .string(marketo.options.clientSecret)),
      ])
      let answer = try await Python.run(
        python, [Python.script("marketorestpython_client.py"), "http://127.0.0.1:\(marketo.port)"],
        input: String(decoding: input.encoded, as: UTF8.self))
      try #require(answer.status == 0, "\(answer.output)")
      return JSON(Array((answer.output.split(separator: "\n").last ?? "").utf8))
    }
    func texts(_ name: String) -> [String] { seen[name].list.compactMap(\.text) }
    #expect(texts("field") == ["created"] && (seen["describe"].number ?? 0) > 40 && seen["searchable"].truth == true)
    #expect(seen["created"].number == 300 && texts("updated") == ["updated", "1006"])
    #expect(seen["found"].number == 300 && texts("lastName") == ["Lima"] && seen["byID"].text == "p0@example.org")
    #expect(texts("deleted") == ["deleted"])
    #expect(seen["import"][0].text == "Complete" && seen["import"][1].number == 1000 && seen["import"][2].number == 1)
    #expect(seen["failures"].text == "veevaId,firstName,Import Failure Reason\n,nobody,missing.dedupe.fields\n")
    #expect(texts("companies") == ["created", "1003"] && seen["company"].text == "Santa Rita")
    #expect(texts("companyKey") == ["externalCompanyId"])
    #expect(texts("salespersons") == ["created"] && texts("goneSalesperson") == ["deleted"])
    #expect(texts("types") == ["veevaCall"] && texts("calls") == ["created", "1004"])
    #expect(seen["minutes"].number == 5 && texts("goneCall") == ["deleted"])
    #expect(texts("activities") == ["added", "1004"] && texts("changes") == ["+351 21"])
    #expect(seen["newLeads"].number == 1001 && seen["deletions"].number == 1)
    #expect(texts("activityTypes").contains("Visit"))
    #expect((seen["usage"].number ?? 0) > 25)
    #expect(seen["afterExpiry"].number == 1)
    #expect(seen["badFilter"].text == "1011" && seen["wrongSecret"].text?.contains("No client") == true)
  }
}

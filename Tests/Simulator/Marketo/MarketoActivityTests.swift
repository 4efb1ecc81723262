import Foundation
import Testing

@testable import Simulator

@Suite("Marketo: activities")
struct MarketoActivityTests {
  /// All of a feed from a token on, and the token to go on from.
  private static func feed(_ marketo: RunningMarketo, _ path: String, _ token: String, size: Int = 300) async throws
    -> (
      entries: [JSON], token: String, pages: Int
    )
  {
    var (entries, token, pages): ([JSON], String, Int) = ([], token, 0)
    while true {
      let page = try await marketo.get("\(path)&batchSize=\(size)&nextPageToken=\(RunningOrg.encoded(token))")
      try #require(page["success"].truth == true, "\(page)")
      entries += page["result"].list
      token = try #require(page["nextPageToken"].text)
      pages += 1
      if page["moreResult"].truth == false { return (entries, token, pages) }
    }
  }

  private static func token(_ marketo: RunningMarketo) async throws -> String {
    try #require(
      try await marketo.get("activities/pagingtoken.json?sinceDatetime=2020-01-01T00:00:00Z")["nextPageToken"].text)
  }

  @Test("lead changes show every effective change, ours and a marketer's, as text, and go on from the last token")
  func changes() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let start = try await Self.token(marketo)
      let made = try await marketo.post(
        "leads.json", #"{"lookupField":"veevaId","input":[{"veevaId":"A","veevaTier":1},{"veevaId":"B"}]}"#)
      let id = try #require(made["result"][0]["id"].number)
      _ = try await marketo.post(
        "leads.json", #"{"lookupField":"veevaId","input":[{"veevaId":"A","veevaTier":1},{"veevaId":"B","phone":null}]}"#
      )
      try await marketo.admin("leads/\(id)", #"{"phone":"+351 21","veevaTier":2,"company":"Own"}"#)
      let path = "activities/leadchanges.json?fields=phone,veevaTier"
      let first = try await Self.feed(marketo, path, start)
      #expect(first.entries.map { $0["activityTypeId"].number } == [12, 12, 13])
      let change = try #require(first.entries.last)
      #expect(change["leadId"].number == id && change["fields"].list.map { $0["name"].text } == ["phone", "veevaTier"])
      #expect(change["fields"][1]["newValue"].text == "2" && change["fields"][1]["oldValue"].text == "1")
      #expect(change["fields"][0]["oldValue"].isNull && change["attributes"][1]["value"].text == "Marketo user")
      #expect(change["marketoGUID"].text != nil)
      let idle = try await Self.feed(marketo, path, first.token)
      #expect(idle.entries.isEmpty && idle.pages == 1)
      _ = try await marketo.post(
        "leads.json", #"{"lookupField":"veevaId","input":[{"veevaId":"B","phone":"1","firstName":"x"}]}"#)
      let second = try await Self.feed(marketo, path, idle.token)
      #expect(second.entries.count == 1 && second.entries[0]["attributes"][0]["value"].text == "Web service API")
      #expect(second.entries[0]["fields"].list.count == 1)
      let byLead = try await Self.feed(marketo, path + "&leadIds=\(id)", start)
      #expect(byLead.entries.count == 2)
      #expect(try await marketo.get("activities/leadchanges.json?fields=phone").code == "1002")
      #expect(try await marketo.get("activities/leadchanges.json?nextPageToken=x").code == "1002")
      #expect(try await marketo.get("\(path)&nextPageToken=x").code == "1003")
      #expect(try await marketo.get("activities/pagingtoken.json?sinceDatetime=yesterday").code == "704")
    }
  }

  @Test("pages may be short or empty though more follows")
  func pages() async throws {
    try await RunningMarketo.serving { marketo in
      try await marketo.makeFields()
      let start = try await Self.token(marketo)
      let made = try await marketo.post("leads.json", #"{"lookupField":"veevaId","input":[{"veevaId":"A"}]}"#)
      let id = try #require(made["result"][0]["id"].number)
      for number in 0..<20 { try await marketo.admin("leads/\(id)", "{\"title\":\"\(number)\"}") }
      try await marketo.admin("leads/\(id)", #"{"phone":"1"}"#)
      let feed = try await Self.feed(marketo, "activities/leadchanges.json?fields=phone", start, size: 5)
      #expect(feed.entries.count == 2 && feed.pages == 5)
      let empty = try await marketo.get(
        "activities/leadchanges.json?fields=fax&batchSize=5&leadIds=1&nextPageToken=\(RunningOrg.encoded(start))")
      #expect(empty["result"].list.isEmpty && empty["moreResult"].truth == true && empty["nextPageToken"].text != start)
    }
  }

  @Test("a paging token starts at its moment")
  func since() async throws {
    try await RunningMarketo.serving({ $0.startsAt = 1_772_000_000 }) { marketo in
      try await marketo.admin("leads", #"{"email":"a@example.org"}"#)
      try await marketo.admin("clock", #"{"advanceSeconds":1000}"#)
      try await marketo.admin("leads", #"{"email":"b@example.org"}"#)
      let moment = RunningOrg.encoded(MarketoMoment.text(1_772_000_900, .offset))
      let token = try #require(
        try await marketo.get("activities/pagingtoken.json?sinceDatetime=\(moment)")["nextPageToken"].text)
      let feed = try await Self.feed(marketo, "activities/leadchanges.json?fields=email", token)
      #expect(feed.entries.count == 1 && feed.entries[0]["attributes"][0]["value"].text == "Web form fillout")
      try await marketo.admin("settings", #"{"datetimeShape":"offset"}"#)
      let other = try await Self.feed(marketo, "activities/leadchanges.json?fields=email", token)
      #expect(other.entries[0]["activityDate"].text?.hasSuffix("+0000") == true)
    }
  }

  @Test("deleted leads have a feed of their own, which forgets after 14 days if told to")
  func deletions() async throws {
    try await RunningMarketo.serving({ $0.tokenLifetime = .seconds(30 * 86_400) }) { marketo in
      let start = try await Self.token(marketo)
      let made = try await marketo.post(
        "leads.json", #"{"input":[{"email":"a@example.org","firstName":"Ana","lastName":"Lima"}]}"#)
      let id = try #require(made["result"][0]["id"].number)
      try await marketo.admin("leads/\(id)", method: "DELETE")
      let feed = try await Self.feed(marketo, "activities/deletedleads.json?x=1", start)
      #expect(feed.entries.count == 1 && feed.entries[0]["activityTypeId"].number == 37)
      #expect(feed.entries[0]["leadId"].number == id && feed.entries[0]["primaryAttributeValue"].text == "Ana Lima")
      try await marketo.admin("settings", #"{"prunesDeletions":true}"#)
      try await marketo.admin("clock", #"{"advanceSeconds":1209700}"#)
      #expect(try await Self.feed(marketo, "activities/deletedleads.json?x=1", start).entries.isEmpty)
    }
  }

  @Test("custom activities are added once each, with failures in errors, and only of approved types")
  func custom() async throws {
    try await RunningMarketo.serving { marketo in
      let made = try await marketo.post("leads.json", #"{"input":[{"email":"a@example.org"}]}"#)
      let lead = try #require(made["result"][0]["id"].number)
      let type = try await marketo.post(
        "activities/external/type.json",
        """
        {"apiName":"visit","name":"Visit","triggerName":"Visited","filterName":"Was Visited",
        "primaryAttribute":{"apiName":"kind","name":"Kind"}}
        """)
      let number = try #require(type["result"][0]["id"].number)
      let attributes = #"{"attributes":[{"apiName":"product","name":"Product","dataType":"text"}]}"#
      let added = try await marketo.post("activities/external/type/visit/attributes/create.json", attributes)
      #expect(added["result"][0]["status"].text == "draft")
      func activity(_ lead: Int, _ more: String = "[]") -> String {
        """
        {"leadId":\(lead),"activityDate":"2026-02-11T09:30:00Z","activityTypeId":\(number),
        "primaryAttributeValue":"Call","attributes":\(more)}
        """
      }
      let early = try await marketo.post("activities/external.json", "{\"input\":[\(activity(lead))]}")
      #expect(early.outcomes == ["1013"])
      let approved = try await marketo.post("activities/external/type/visit/approve.json", "")
      #expect(approved["result"][0]["status"].text == "approved")
      let long = String(repeating: "x", count: 29_000)
      let fields = #"{"apiName":"product","value":"\#(long)"}"#
      let body = [
        activity(lead, #"[{"apiName":"product","value":"Alphacin"}]"#), activity(1),
        activity(lead, #"[{"apiName":"no"}]"#),
        activity(lead, "[\(fields),\(fields),\(fields)]"),
      ].joined(separator: ",")
      let answer = try await marketo.post("activities/external.json", "{\"input\":[\(body)]}")
      #expect(answer.outcomes == ["added", "1004", "1006", "1049"])
      #expect(answer["result"][1]["reasons"].isNull && answer["result"][0]["seq"].isNull)
      let types = try await marketo.get("activities/types.json")["result"].list
      #expect(types.contains { $0["id"].number == number } && types.contains { $0["id"].number == 13 })
      let token = try await Self.token(marketo)
      let feed = try await Self.feed(marketo, "activities.json?activityTypeIds=\(number)", token)
      #expect(feed.entries.count == 1 && feed.entries[0]["primaryAttributeValue"].text == "Call")
      #expect(feed.entries[0]["activityDate"].text == "2026-02-11T09:30:00Z")
    }
  }
}

import Foundation
import TestSupport
import Testing

@testable import JobQueue

/// What subscribers read.
@Suite("Events as messages")
struct EventMessageTests {
  static let event = PublishedEvent(
    id: "acme/17", tenant: "acme", entity: "call", kind: .updated, recordID: "a0B000000000001AAA",
    systemModstamp: "2023-11-14T22:13:20.000Z", recordedAt: "2023-11-14T22:13:29.007Z",
    before: #"{"status_vod__c": "Planned"}"#, after: #"{"status_vod__c": "Submitted"}"#)

  @Test("the form is CloudEvents 1.0 in structured mode, and what consumers agree on")
  func form() {
    #expect(
      String(decoding: Self.event.body, as: UTF8.self)
        == #"{"specversion":"1.0","id":"acme/17","source":"crmsync/acme","type":"crmsync.call.updated","#
        + #""subject":"a0B000000000001AAA","time":"2023-11-14T22:13:29.007Z","datacontenttype":"application/json","#
        + #""data":{"before":{"status_vod__c": "Planned"},"after":{"status_vod__c": "Submitted"},"#
        + #""systemModstamp":"2023-11-14T22:13:20.000Z"}}"#)
    #expect(Self.event.routingKey == "acme.call.updated")
  }

  @Test("an added record has no before, a removed one no after")
  func halves() throws {
    var event = Self.event
    (event.kind, event.before) = (.added, nil)
    #expect(String(decoding: event.body, as: UTF8.self).contains(#""data":{"before":null,"after":{"#))
    (event.kind, event.before, event.after) = (.removed, "{}", nil)
    #expect(String(decoding: event.body, as: UTF8.self).contains(#""data":{"before":{},"after":null,"#))
    #expect(event.routingKey == "acme.call.removed")
  }

  /// Every attribute, and nothing else.
  private struct CloudEvent: Decodable, Equatable {
    struct Payload: Decodable, Equatable {
      let before: [String: String?]?
      let after: [String: String?]?
      let systemModstamp: String
    }
    let specversion, id, source, type, subject, time, datacontenttype: String
    let data: Payload
  }

  @Test("any text in any place is read back by a strict parser as it was")
  func anyText() throws {
    var chance = Chance.fresh()
    let seed = chance.seed
    for _ in 0..<2000 {
      var event = Self.event
      event.id = Self.text(&chance)
      event.entity = Self.text(&chance)
      event.recordID = Self.text(&chance)
      event.kind = PublishedEvent.Kind.allCases.randomElement(using: &chance) ?? .added
      let fields = ["field": Self.text(&chance)]
      event.after = String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
      let body = Data(event.body)
      let read = try JSONDecoder().decode(CloudEvent.self, from: body)
      #expect(read.id == event.id && read.subject == event.recordID, "seed \(seed)")
      #expect(read.type == "crmsync.\(event.entity).\(event.kind.rawValue)", "seed \(seed)")
      #expect(read.data.after == fields, "seed \(seed)")
      let keys = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any]).keys
      #expect(keys.count == 8, "seed \(seed)")
    }
  }

  @Test("whatever tenant and entity are called, a routing key is three words that fit, and no pattern")
  func routingKeys() {
    var chance = Chance.fresh()
    let seed = chance.seed
    for _ in 0..<5000 {
      var event = Self.event
      event.tenant = Self.text(&chance)
      event.entity = Self.text(&chance)
      let key = event.routingKey
      let words = key.split(separator: ".", omittingEmptySubsequences: false)
      #expect(words.count == 3 && words[2] == "updated", "seed \(seed)")
      #expect(key.utf8.count <= 255 && !key.contains("*") && !key.contains("#"), "seed \(seed)")
      #expect(key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "seed \(seed)")
    }
    var event = Self.event
    (event.tenant, event.entity) = ("a-b_1", "multichannel_activity_vod__c")
    #expect(event.routingKey == "a-b_1.multichannel_activity_vod__c.updated")
    event.entity = "a.*.#é"
    #expect(event.routingKey == "a-b_1.a%2E%2A%2E%23%C3%A9.updated")
  }

  /// Often of what JSON and AMQP care about.
  private static func text(_ chance: inout Chance) -> String {
    let odd: [String] = [
      "\"", "\\", "/", ".", "*", "#", "\n", "\r", "\t", "\u{0}", "\u{1F}", "\u{7F}", "\u{85}", "\u{2028}", "é", "😀",
      "%",
      "\u{FEFF}", "{", "}", "a", "Z", "0", "_", "-", " ",
    ]
    let length = chance.below(8) == 0 ? chance.below(400) : chance.below(12)
    return (0..<length).map { _ in odd.randomElement(using: &chance) ?? "" }.joined()
  }
}

import Foundation
import TestSupport
import Testing

@testable import SyncConfiguration

@Suite("Printing a configuration")
struct DescribeTests {
  @Test("the printed configuration is one that reads as the same values")
  func roundTrip() throws {
    let seed = Chance.fresh().seed
    for round in 0..<200 {
      var chance = Chance(seed: seed &+ UInt64(round))
      let yaml = RandomConfiguration.yaml(&chance)
      let loaded = try Configuration.parse(yaml)
      let printed = loaded.describe()
      let again = try Configuration.parse(printed)
      #expect(again.describe() == printed, "seed \(seed) round \(round)")
      #expect(again.sync == loaded.sync && again.worker == loaded.worker && again.log == loaded.log)
      #expect(again.tenants.mapValues(\.objects) == loaded.tenants.mapValues(\.objects))
      #expect(again.tenants.mapValues(\.events) == loaded.tenants.mapValues(\.events))
      #expect(again.tenants["a"]?.destination.tables?.url == loaded.tenants["a"]?.destination.tables?.url)
      #expect(again.postgres.url == loaded.postgres.url && again.operations.listen == loaded.operations.listen)
      #expect(again.tenants["a"]?.veeva.auth.flow == loaded.tenants["a"]?.veeva.auth.flow)
    }
  }

  @Test("quotation marks, dollar signs and control characters survive printing")
  func quoting() throws {
    let odd = "q\"b\\d$e${F}$$\u{1}\u{85}\u{2028}\u{FEFF}é😀"
    let loaded = try Configuration.parse(
      Sample.withAuth("{ flow: refresh-token, clientID: '${ODD}', refreshToken: r }"), environment: ["ODD": odd])
    guard
      case .refreshToken(let id, _, _)? = try Configuration.parse(loaded.describe()).tenants["acme"]?.veeva.auth
    else {
      Issue.record("another login")
      return
    }
    #expect(Array(id.unicodeScalars) == Array(odd.unicodeScalars))
  }
}

/// Configurations that are right, by chance.
enum RandomConfiguration {
  static func yaml(_ chance: inout Chance) -> String {
    func pick(_ texts: String...) -> String { texts.randomElement(using: &chance) ?? "" }
    let top = [
      pick(
        "", "sync: { pause: \(Int.random(in: 0...86_400_000, using: &chance))ms, queueDepth: 7 }",
        "sync: { overlap: \(Int.random(in: 60_000...86_400_000, using: &chance))ms, lag: 3s }"),
      pick("", "worker:\n  slots: \(Int.random(in: 1...64, using: &chance))\n  batchBytes: 100_000"),
      pick("", "operations: { listen: '0.0.0.0:\(Int.random(in: 0...65_535, using: &chance))', token: t }"),
      pick("", "log: { level: trace }", "log: { format: json }", "log:"),
    ].filter { !$0.isEmpty }.joined(separator: "\n")
    let auth = pick(
      "{ flow: client-credentials, clientID: 'a $$ \"b\"', clientSecret: s }",
      "{ flow: refresh-token, clientID: i, refreshToken: r, clientSecret: s }",
      "{ flow: password, clientID: i, clientSecret: s, username: u@v, password: p }")
    let objects = pick(
      "", "\n    objects: { users: , calls: { months: 3, exclude: [A, B__c] } }",
      "\n    objects: { custom: [A__c, { name: B_vod__c, include: [X] }] }",
      "\n    objects: { users: { triggers: [] }, custom: [{ name: B__c, triggers: [X__c, Y__c] }] }",
      "\n    events: { enabled: false }", "\n    events: { initial: true }\n    objects: { users: {} }")
    let password = pick("", ":p%20w")
    let destination = pick(
      #"postgres: { url: "postgresql://h/d", schema: s }"#,
      "marketo: { baseURL: 'https://a.mktorest.com/rest', clientID: c, clientSecret: s, callsPerDay: 10_000 }",
      "marketo: { baseURL: 'http://[::1]:80', clientID: c, clientSecret: s, mirror: { url: 'postgresql://h/d', schema: s } }"
    )
    return """
      postgres: { url: "postgresql://u\(password)@h\(pick("", ":1", ",g:2"))/d?sslmode=require" }
      rabbitmq: { url: "amqps://u@h/v" }
      \(top)
      tenants:
        a:
          veeva:
            loginURL: \(pick("https://login.salesforce.com", "https://x.my.salesforce.com/", "http://[::1]:80"))
            apiShare: \(pick("1", "0.5", "0.01"))
            auth: \(auth)
          destination: { \(destination) }\(objects)
      """
  }
}

import Foundation
import TestSupport
import Testing

/// A seeded stream of random changes while cycles run and processes are killed. When it ends, both sides are equal, and
/// the events lead a subscriber from the first copy to the same state.
@Suite("A stream of changes", .serialized, .timeLimit(.minutes(60)))
struct ChangeStreamTests {
  @Test("ends with equal tables and a true replica, whoever was killed meanwhile")
  func stream() async throws {
    var chance = Chance.fresh("a stream of changes")
    let cluster = try await TestCluster(
      records: 3000, objects: DeltaTests.everything,
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 1s, overlap: 5m,"))
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    var replica = Replica(try await cluster.records()) { $0 == "fax" || $0.hasPrefix("new_") }
    var children = try ["coordinator", "coordinator", "worker", "worker"].map { try cluster.start($0) }
    let end = ContinuousClock.now + .seconds(cluster.environment.figure(30, full: 600))
    var rounds = 0
    while ContinuousClock.now < end {
      rounds += 1
      try await cluster.post("changes", Self.operations(&chance))
      if rounds % 4 == 0 { try await Self.disturb(cluster, &chance, fieldNumber: rounds) }
      if rounds % 3 == 0 {
        let victim = chance.below(children.count)
        try await children[victim].kill9()
        children[victim] = try cluster.start(children[victim].name)
      }
      for event in try await reader.read() { replica.apply(event) }
    }
    try await cluster.post("profile", #"{"hiddenObjects":[],"hiddenFields":[]}"#)
    for child in children { child.signal(15) }
    for child in children { _ = try await child.waitForExit(within: .seconds(60)) }
    // Back-fills end, and the deltas after them.
    try await cluster.advanceClock(120)
    try await cluster.syncOnce()
    try await cluster.waitForBackfill()
    try await cluster.advanceClock(120)
    try await cluster.syncOnce()
    try await cluster.expectEqualToOrg()
    try await cluster.waitForEvents()
    for event in try await reader.read() { replica.apply(event) }
    #expect(rounds > 3)
    #expect(replica.contradictions.isEmpty, "\(replica.contradictions.prefix(5))")
    try await expectTrue(replica, cluster)
  }

  private func expectTrue(_ replica: Replica, _ cluster: TestCluster) async throws {
    let tables = try await cluster.records()
    let missing = tables.filter { replica.records[$0.key] == nil }.map(\.key)
    let extra = replica.records.filter { tables[$0.key] == nil }.map(\.key)
    #expect(missing.isEmpty && extra.isEmpty, "missing \(missing.prefix(5)), extra \(extra.prefix(5))")
    let different = tables.filter { key, row in
      (replica.records[key] ?? [:]).contains { column, value in row[column] != value }
    }
    #expect(different.isEmpty, "\(different.map(\.key).prefix(5))")
  }

  private static let objects = [
    "Account", "Account", "Call2_vod__c", "Call2_Key_Message_vod__c", "Multichannel_Activity_vod__c",
  ]

  /// A handful of changes of all kinds.
  private static func operations(_ chance: inout Chance) -> String {
    let operations = (0..<(3 + chance.below(6))).map { _ -> String in
      let object = objects[chance.below(objects.count)]
      let rows = #""object":"\#(object)","sample":\#(1 + chance.below(5)),"seed":\#(chance.below(1_000_000))"#
      switch chance.below(12) {
      case 0 where object != "Call2_Key_Message_vod__c":
        return #"{"op":"insert","object":"\#(object)","count":\#(1 + chance.below(3))}"#
      case 1: return #"{"op":"delete",\#(rows)}"#
      case 2: return #"{"op":"undelete",\#(rows)}"#
      case 3: return #"{"op":"touch",\#(rows)}"#
      case 4: return #"{"op":"merge","object":"Account","sample":2,"seed":\#(chance.below(1_000_000))}"#
      case 5:
        let type = chance.below(2) == 0 ? "Professional_vod" : "Business_Professional_vod"
        return
          #"{"op":"recordType","object":"Account","where":"IsPersonAccount = true","sample":2,"seed":\#(chance.below(1_000_000)),"to":"\#(type)"}"#
      case 6:
        return
          #"{"op":"update","object":"Account","sample":3,"seed":\#(chance.below(1_000_000)),"set":{"LastName":"Late \#(chance.below(1000))"},"visibleAfterSeconds":\#(5 + chance.below(60))}"#
      case 7...9:
        return
          #"{"op":"update","object":"Account","sample":\#(1 + chance.below(9)),"seed":\#(chance.below(1_000_000)),"set":{"FirstName":"Name \#(chance.below(1000))"}}"#
      case 10:
        return
          #"{"op":"update","object":"User","sample":1,"seed":\#(chance.below(1000)),"set":{"Title":"T\#(chance.below(50))"}}"#
      default: return #"{"op":"touch","object":"\#(object)","sample":400,"seed":\#(chance.below(1_000_000))}"#
      }
    }
    return "[" + operations.joined(separator: ",") + "]"
  }

  /// Something about the schema or the permissions changes.
  private static func disturb(_ cluster: TestCluster, _ chance: inout Chance, fieldNumber: Int) async throws {
    switch chance.below(4) {
    case 0:
      try await cluster.post(
        "changes",
        #"[{"op":"addField","object":"Account","field":"New_\#(fieldNumber)__c","type":"string","length":20,"values":["A","B"],"nulls":100}]"#
      )
    case 1: try await cluster.post("profile", #"{"hiddenObjects":["Call2_vod__c"]}"#)
    case 2: try await cluster.post("profile", #"{"hiddenFields":["Account.Fax"]}"#)
    default: try await cluster.post("profile", #"{"hiddenObjects":[],"hiddenFields":[]}"#)
    }
  }
}

import Checkpoints
import Marketo
import SyncModel
import TestSupport
import Testing

@testable import Delivery

@Suite("The errand that reads marketers' changes", .server, .timeLimit(.minutes(3)))
struct LeadChangeErrandTests {
  private static func errand(
    _ world: DeliveryWorld, pause: Duration = .seconds(300), isWanted: Bool = true, source: DeliverySource?
  ) -> LeadChangeErrand {
    LeadChangeErrand(
      tenant: "acme", client: world.client, pool: world.pool, schema: DeliveryWorld.schema,
      checkpoints: world.checkpoints, pause: { pause }, isWanted: { isWanted }, source: { source })
  }

  @Test("nothing is due before leads are delivered, and where nothing travels both ways")
  func notYet() async throws {
    try await withDeliveryWorld { world in
      #expect(try await Self.errand(world, source: nil).demand().workers == 0)
      let source = try #require(try await Mirror.prepare(world).first { $0.entity.target == .lead })
      #expect(try await Self.errand(world, source: source).demand().workers == 0)
      try await Self.errand(world, source: source).run { false }
      try await world.store.prepare([source.remembering(["email"])])
      #expect(try await Self.errand(world, isWanted: false, source: source).demand().workers == 0)
      #expect(try await Self.errand(world, source: source).demand().workers == 1)
    }
  }

  @Test("it is due at first and after each pause, and keeps what the mirror cannot hold as rejects")
  func rhythm() async throws {
    try await withLeadChanges(
      persons: 3,
      before: { world in
        _ = try await world.client.createLeadFields([
          NewLeadField(name: "Tier__c", displayName: "Tier", dataType: "string")
        ])
      }
    ) { changes in
      let world = changes.world
      let rest = try await Self.errand(world, source: changes.store.source).demand()
      #expect(rest.workers == 0 && rest.askAgain > .zero && rest.askAgain <= .seconds(300))
      try await world.run("update mirror.crmsync_lead_feed set read_at = read_at - interval '5 minutes'")
      let errand = Self.errand(world, source: changes.store.source)
      #expect(try await errand.demand().workers == 1)
      try await changes.edit("A1", #"{"Tier__c": "many"}"#)
      try await errand.run { true }
      #expect(try await world.checkpoints.rejects(tenant: "acme", object: nil).isEmpty)
      try await errand.run { false }
      let rejects = try await world.checkpoints.rejects(tenant: "acme", object: nil)
      #expect(rejects.map(\.recordID) == ["A1"] && rejects.first?.object == "Account")
      #expect(try await errand.demand().workers == 0)
    }
  }
}

import Foundation
import Testing

@testable import SyncConfiguration

@Suite("What differs between two configurations")
struct ChangesTests {
  private func changes(_ old: String, _ new: String) throws -> ConfigurationChanges {
    try ConfigurationChanges(from: .parse(old), to: .parse(new))
  }

  @Test("equal values are no change, however they are written")
  func equal() throws {
    #expect(try changes(Sample.yaml(), Sample.yaml(top: "sync: { pause: 300s }\nlog:")).isEmpty)
  }

  @Test("objects, fields and the pace of deltas are live; everything else is for the next start")
  func liveAndNot() throws {
    let top = "sync: { pause: 1m, overlap: 20m, lag: 1s, queueDepth: 9 }\nworker: { slots: 9 }\nlog: { level: debug }"
    let tenant = "    objects: { users: { exclude: [Fax], triggers: [] } }\n    events: { enabled: false }"
    let found = try changes(Sample.withObjects("{ users: {} }"), Sample.yaml(top: top, tenant: tenant))
    #expect(
      found.live == [
        "sync.lag", "sync.overlap", "sync.pause", "tenants.acme.objects.users.exclude",
        "tenants.acme.objects.users.triggers",
      ])
    #expect(found.atStart == ["log.level", "sync.queueDepth", "tenants.acme.events.enabled", "worker.slots"])
  }

  @Test("an object that comes without any key of its own is a change")
  func objectAlone() throws {
    let found = try changes(
      Sample.withObjects("{ users: {} }"), Sample.withObjects("{ users: {}, callKeyMessages: {} }"))
    #expect(!found.live.isEmpty && found.atStart.isEmpty)
    #expect(found.live.allSatisfy { $0.hasPrefix("tenants.acme.objects.callKeyMessages") })
  }

  @Test("a secret that changed is told by its section, and never shown")
  func secrets() throws {
    let rotated = Sample.veeva.replacingOccurrences(of: "s3cret-of-acme", with: "rotated")
    let found = try changes(Sample.yaml(), Sample.yaml(veeva: rotated))
    #expect(found.atStart == ["tenants.acme.veeva"] && found.live.isEmpty)
    let servers = Sample.servers.replacingOccurrences(of: "crmsync@127.0.0.1:5432", with: "crmsync:s3@127.0.0.1:5432")
    #expect(try changes(Sample.yaml(), Sample.yaml(servers: servers)).atStart.allSatisfy { $0.hasPrefix("postgres") })
    #expect(!"\(try changes(Sample.yaml(), Sample.yaml(servers: servers)))".contains("s3"))
  }

  @Test("a tenant that comes or goes is one change")
  func tenants() throws {
    let other = (Sample.yaml().components(separatedBy: "tenants:\n").last ?? "")
      .replacingOccurrences(of: "  acme:", with: "  other:").replacingOccurrences(of: "schema: acme", with: "schema: b")
      .replacingOccurrences(of: "acme.my", with: "other.my")
    for (old, new) in [(Sample.yaml(), Sample.yaml() + other), (Sample.yaml() + other, Sample.yaml())] {
      let found = try changes(old, new)
      #expect(found.atStart == ["tenants.other"] && found.live.isEmpty)
    }
  }
}

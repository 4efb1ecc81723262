import Foundation
import Logging
import SyncConfiguration
import SyncModel
import Synchronization
import Testing

@testable import Tenants

/// What a running process takes from a file that changes under it.
@Suite("Following the configuration file")
struct ConfigurationFollowerTests {
  @Test("a changed file is read once it has stayed the same for a look, and only once")
  func change() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    await world.settle()
    #expect(await !world.follower.look())
    try world.write(objects: "{ users: {}, calls: { months: 3 } }")
    #expect(await !world.follower.look())
    #expect(world.live.selections(of: "acme").map(\.object) == [.users])
    #expect(await world.follower.look())
    #expect(world.live.selections(of: "acme") == [ObjectSelection(.users), ObjectSelection(.calls, months: 3)])
    #expect(await !world.follower.look())
    #expect(world.log.lines.map(\.level) == [.notice])
    #expect(world.log.lines.first?.text.contains("tenants.acme.objects.calls.months") == true)
  }

  @Test("a file that is still being written is left alone")
  func halfWritten() async throws {
    let world = try FollowedFile(objects: "{ users: {}, calls: {} }")
    await world.settle()
    for length in [3, 2, 1] {
      // A different size each time, and without a mistake: what half a file may look like.
      try world.write(objects: "{ users: {} }" + String(repeating: " ", count: length))
      #expect(await !world.follower.look())
    }
    #expect(world.live.selections(of: "acme").map(\.object) == [.users, .calls])
  }

  @Test("fields, triggers and the pace of deltas change, and whoever waits for it is told")
  func everythingLive() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    let told = Mutex(0)
    world.live.onChange { told.withLock { $0 += 1 } }
    try world.write(
      objects: "{ users: { exclude: [Fax], triggers: [Title] } }", top: "sync: { pause: 0s, overlap: 20m, lag: 3s }")
    await world.follower.reload()
    #expect(world.live.selections(of: "acme") == [ObjectSelection(.users, exclude: ["Fax"], triggers: ["Title"])])
    let times = world.live.times
    #expect(times.pause == .zero && times.overlap == .seconds(1200) && times.lag == .seconds(3))
    #expect(told.withLock { $0 } == 1)
    await world.follower.reload()
    #expect(told.withLock { $0 } == 1)
  }

  @Test("a file with mistakes is told with all of them, and changes nothing")
  func mistakes() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    try world.write(objects: "{ cals: {}, users: { exclude: Fax } }", top: "sync: { puase: 1m }")
    await world.settle()
    #expect(world.live.selections(of: "acme").map(\.object) == [.users])
    #expect(world.log.lines.map(\.level) == [.error])
    for part in ["sync.puase", "objects.cals", "users.exclude"] {
      #expect(world.log.lines.first?.text.contains(part) == true, "\(part)")
    }
    try world.write(objects: "{ calls: {} }")
    await world.settle()
    #expect(world.live.selections(of: "acme").map(\.object) == [.calls])
  }

  @Test("a file that is gone is told once, and followed again when it is back")
  func gone() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    await world.settle()
    try FileManager.default.removeItem(atPath: world.path)
    for _ in 0..<5 { await world.follower.look() }
    #expect(world.log.lines.map(\.level) == [.error])
    #expect(world.live.selections(of: "acme").map(\.object) == [.users])
    try world.write(objects: "{ calls: {} }")
    await world.settle()
    #expect(world.live.selections(of: "acme").map(\.object) == [.calls])
  }

  @Test("a mounted file that changes by turning a link is followed")
  func turnedLink() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    let files = FileManager.default
    for (folder, object) in [("one", "users"), ("two", "calls")] {
      try files.createDirectory(atPath: world.folder + "/" + folder, withIntermediateDirectories: true)
      try FollowedFile.yaml(objects: "{ \(object): {} }").write(
        toFile: world.folder + "/\(folder)/crmsync.yaml", atomically: false, encoding: .utf8)
    }
    // As Kubernetes mounts a ConfigMap: file → ..data/file, ..data → a folder of that version.
    try files.removeItem(atPath: world.path)
    try files.createSymbolicLink(atPath: world.folder + "/..data", withDestinationPath: "one")
    try files.createSymbolicLink(atPath: world.path, withDestinationPath: "..data/crmsync.yaml")
    await world.settle()
    #expect(world.live.selections(of: "acme").map(\.object) == [.users])
    try files.createSymbolicLink(atPath: world.folder + "/..new", withDestinationPath: "two")
    #expect(rename(world.folder + "/..new", world.folder + "/..data") == 0)
    await world.settle()
    #expect(world.live.selections(of: "acme").map(\.object) == [.calls])
    #expect(world.log.lines.map(\.level) == [.notice])
  }

  @Test("what needs a restart is said once, by its keys, while the rest takes effect")
  func restart() async throws {
    let world = try FollowedFile(objects: "{ users: {} }")
    try world.write(objects: "{ calls: {} }", top: "worker: { slots: 9 }", more: FollowedFile.otherTenant)
    await world.follower.reload()
    #expect(world.live.selections(of: "acme").map(\.object) == [.calls])
    #expect(world.live.selections(of: "other").isEmpty)
    await world.follower.reload()
    let warnings = world.log.lines.filter { $0.level == .warning }
    #expect(warnings.count == 1)
    #expect(warnings.first?.text.contains("tenants.other, worker.slots") == true, "\(warnings)")
  }

  @Test("a tenant that the file no longer names keeps what it had until the restart")
  func removedTenant() async throws {
    let world = try FollowedFile(objects: "{ users: {} }", more: FollowedFile.otherTenant)
    let before = world.live.selections(of: "other")
    try world.write(objects: "{ users: {} }")
    await world.follower.reload()
    #expect(!before.isEmpty && world.live.selections(of: "other") == before)
    #expect(world.log.lines.map(\.level) == [.warning])
    #expect(world.log.lines.first?.text.contains("tenants.other") == true)
  }
}

/// A file that a follower follows, in a folder that is removed with it.
private final class FollowedFile {
  let folder: String
  let path: String
  let live: LiveSelections
  let follower: ConfigurationFollower
  let log = RecordedLog()

  static let otherTenant = tenant("other", objects: "{ users: {} }")

  init(objects: String, more: String = "") throws {
    folder = NSTemporaryDirectory() + "/crmsync-follower-\(UUID().uuidString)"
    path = folder + "/crmsync.yaml"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = Self.yaml(objects: objects, more: more)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    let started = try Configuration.load(path: path, environment: [:])
    live = LiveSelections(started)
    let log = log
    follower = ConfigurationFollower(
      path: path, environment: [:], started: started, live: live, logger: Logger(label: "test") { _ in log })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Writes the file anew in its place.
  func write(objects: String, top: String = "", more: String = "") throws {
    try Self.yaml(objects: objects, top: top, more: more).write(toFile: path, atomically: false, encoding: .utf8)
  }

  /// Looks as often as it takes to read a file that changes no more.
  func settle() async { for _ in 0..<2 { await follower.look() } }

  static func yaml(objects: String, top: String = "", more: String = "") -> String {
    """
    postgres: { url: "postgresql://crmsync@127.0.0.1:5432/crmsync" }
    rabbitmq: { url: "amqp://crmsync@127.0.0.1:5672/crmsync" }
    \(top)
    tenants:
    \(tenant("acme", objects: objects))
    \(more)

    """
  }

  private static func tenant(_ name: String, objects: String) -> String {
    """
      \(name):
        veeva:
          loginURL: https://\(name).my.salesforce.com
          auth: { flow: client-credentials, clientID: app, clientSecret: secret }
        destination: { postgres: { url: "postgresql://crmsync@db/marketing", schema: \(name) } }
        objects: \(objects)
    """
  }
}

/// Keeps what is logged at info or above.
private final class RecordedLog: LogHandler, Sendable {
  struct Line: Sendable {
    let level: Logger.Level
    let text: String
  }
  private let kept = Mutex<[Line]>([])
  var lines: [Line] { kept.withLock { $0 } }

  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .info }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    kept.withLock { $0.append(Line(level: event.level, text: "\(event.message) \(event.metadata ?? [:])")) }
  }
}

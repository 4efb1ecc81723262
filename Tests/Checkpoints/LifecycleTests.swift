import Checkpoints
import Foundation
import PostgreSQL
import SyncModel
import TestSupport
import Testing

/// The database's form of the life cycle against the pure one: the same random events, the same outcome.
@Suite("The job life cycle in PostgreSQL", .serialized, .timeLimit(.minutes(5)))
struct LifecycleTests {
  @Test("random events change a row exactly as they change the pure job")
  func differential() async throws {
    let seed =
      ProcessInfo.processInfo.environment["CRMSYNC_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
    print("life cycle against PostgreSQL: seed \(seed)")
    let world = try await LifecycleWorld(seed: seed)
    for step in 0..<1500 {
      try await world.step()
      let difference = try await world.difference()
      #expect(difference == nil, "seed \(seed), step \(step)")
      if difference != nil { return }
    }
    #expect(world.applied > 150, "the events hardly ever fitted")
  }

  @Test("a leader whose term is over changes nothing")
  func fencedLeader() async throws {
    let store = try await TestStore.make()
    let first = try #require(try await store.lead(as: "a", lease: .zero))
    let second = try #require(try await store.lead(as: "b", lease: .seconds(60)))
    #expect(second > first)
    #expect(try await store.lead(as: "a", lease: .seconds(60)) == nil)
    await #expect(throws: LeadershipLost.self) {
      try await store.sweepLeases(leader: LeaderStamp(holder: "a", term: first))
    }
  }

  @Test("a leader that was killed need not be waited for; one that lives keeps its lease")
  func killedLeader() async throws {
    let store = try await TestStore.make()
    let doomed = PostgresPool(store.pool.configuration, size: 1)
    let first = try #require(
      try await CheckpointStore(pool: doomed).lead(as: "doomed", lease: .seconds(3600)))
    #expect(try await store.lead(as: "standby", lease: .seconds(3600)) == nil)
    await doomed.close()
    // The server notices in its own time.
    var second: Int64?
    while second == nil { second = try await store.lead(as: "standby", lease: .seconds(3600)) }
    #expect(second == first + 1)
    #expect(try await store.lead(as: "standby", lease: .seconds(3600)) == second, "a renewal is no new term")
  }

  @Test("two tenants cannot have one org, nor one destination")
  func conflicts() async throws {
    let store = try await TestStore.make()
    try await store.register(tenant: "one", destination: "here")
    await #expect(throws: TenantConflict.self) { try await store.register(tenant: "two", destination: "here") }
    try await store.register(tenant: "two", destination: "there")
    try await store.bind(tenant: "one", organization: "00D")
    await #expect(throws: TenantConflict.self) { try await store.bind(tenant: "two", organization: "00D") }
  }

  @Test("processes that start at once register one tenant without being in each other's way")
  func registrations() async throws {
    let store = try await TestStore.make()
    for round in 0..<100 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            try await store.register(tenant: "t\(round)", destination: "d\(round)", instance: "m\(round)")
            try await store.bind(tenant: "t\(round)", organization: "o\(round)")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("a Marketo instance belongs to one tenant, until that one has another destination")
  func instances() async throws {
    let store = try await TestStore.make()
    try await store.register(tenant: "one", destination: "here", instance: "m")
    try await store.register(tenant: "one", destination: "here", instance: "m")
    let conflict = await #expect(throws: TenantConflict.self) {
      try await store.register(tenant: "two", destination: "there", instance: "m")
    }
    #expect(conflict?.other == "one" && conflict?.description.contains("same Marketo instance") == true)
    try await store.register(tenant: "one", destination: "here")
    try await store.register(tenant: "two", destination: "there", instance: "m")
  }

  @Test("of many that find a session dead at once, one logs in")
  func oneLogin() async throws {
    let store = try await TestStore.make()
    let logins = Counter()
    try await withThrowingTaskGroup(of: Int64.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await store.renewSession(of: "acme", replacing: nil) { _ in
            await logins.increase()
            return StoredSession(accessToken: "t", instanceURL: "u", organizationID: "o", refreshToken: nil)
          }.generation
        }
      }
      for try await generation in group { #expect(generation == 1) }
    }
    #expect(await logins.value == 1)
  }

  @Test("migrating again, and by several at once, changes nothing")
  func migrations() async throws {
    let store = try await TestStore.make()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { try await store.migrate() } }
      try await group.waitForAll()
    }
  }
}

actor Counter {
  private(set) var value = 0
  func increase() { value += 1 }
}

/// A checkpoint store on a database of its own.
enum TestStore {
  /// The least that can be mapped: users with an id and a stamp, and fields besides.
  static func mapping(of object: SourceObject = .users, further: [String] = []) throws -> StoredMapping {
    let fields = ["Id", "SystemModstamp"].map { SourceField(name: $0, type: $0 == "Id" ? .id : .datetime) }
    let schema = SourceObjectSchema(
      name: object.apiName, fields: fields + further.map { SourceField(name: $0, type: .string) })
    let mapping = try ObjectMapping(ObjectSelection(object), schema)
    return StoredMapping(
      mapping: mapping, scope: SelectionScope(), conditions: [],
      rules: ChangeRules(object: object, fields: mapping.fields, schema: schema))
  }

  static func make() async throws -> CheckpointStore {
    let store = CheckpointStore(pool: PostgresPool(PostgresConfiguration(url: try await freshDatabase()), size: 6))
    try await store.migrate()
    return store
  }
}

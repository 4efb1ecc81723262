@testable import Checkpoints
import JobQueue
import Logging
@testable import PostgresDestination
import Synchronization
import TestSupport
import Testing

@testable import Coordinator

/// An outbox and a broker in memory, which fail as they are told to.
private final class RelayWorld: EventOutbox {
  struct State {
    var kept: [ChangeEvent] = []
    var published: [PublishedEvent] = []
    var confirmed: Set<String> = []
    /// Forgotten without having been confirmed.
    var lost: [String] = []
    var mostInFlight = 0
    var inFlight = 0
    var leads = true
  }
  let state = Mutex(State())

  /// - Parameter fate: whether the broker confirms an event; asked each time that one is published.
  func relay(_ fate: @escaping @Sendable (PublishedEvent) async throws -> Void = { _ in }) -> EventRelay {
    EventRelay(
      tenant: "acme", outbox: self,
      publish: { event in
        self.state.withLock { state in
          state.published.append(event)
          state.inFlight += 1
          state.mostInFlight = max(state.mostInFlight, state.inFlight)
        }
        defer { self.state.withLock { $0.inFlight -= 1 } }
        try await fate(event)
        self.state.withLock { _ = $0.confirmed.insert(event.id) }
      },
      checkLead: { if !self.state.withLock({ $0.leads }) { throw LeadershipLost() } }, woken: WorkSignal(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func add(_ records: [String], kind: ChangeEvent.Kind = .updated) {
    state.withLock { state in
      for record in records {
        let id = Int64(state.kept.count + state.confirmed.count + 1)
        state.kept.append(
          ChangeEvent(
            id: id, eventID: "e\(id)", entity: "call", kind: kind, recordID: record, stamp: "stamp \(id)",
            recordedAt: "time \(id)", before: "{}", after: nil))
      }
    }
  }

  func unpublished(limit: Int) async throws -> [ChangeEvent] { state.withLock { Array($0.kept.prefix(limit)) } }

  func forget(_ events: [ChangeEvent]) async throws {
    state.withLock { state in
      state.lost += events.map(\.eventID).filter { !state.confirmed.contains($0) }
      let ids = Set(events.map(\.id))
      state.kept.removeAll { ids.contains($0.id) }
    }
  }
}

private struct Refused: Error {}

/// What is published of a destination's changes, and when they are forgotten.
@Suite("The relay of events", .timeLimit(.minutes(3)))
struct EventRelayTests {
  @Test("every event is published once with what the change holds, then forgotten")
  func all() async throws {
    let world = RelayWorld()
    world.add((0..<100).map { "record\($0)" }, kind: .removed)
    #expect(try await world.relay().relay() == 100)
    let state = world.state.withLock { $0 }
    #expect(state.kept.isEmpty && state.lost.isEmpty)
    #expect(Set(state.published.map(\.id)).count == 100 && state.published.count == 100)
    let first = try #require(state.published.first { $0.id == "e1" })
    #expect(
      first
        == PublishedEvent(
          id: "e1", tenant: "acme", entity: "call", kind: .removed, recordID: "record0",
          systemModstamp: "stamp 1", recordedAt: "time 1", before: "{}", after: nil))
    #expect(try await world.relay().relay() == 0)
  }

  @Test("events of different records are on their way together, those of one record never")
  func together() async throws {
    let world = RelayWorld()
    world.add(["a", "a", "b", "a", "c"])
    let relay = world.relay { _ in await Task.yield() }
    _ = try await relay.relay()
    #expect(world.state.withLock { $0.mostInFlight } <= 3)
    let ofA = world.state.withLock { $0.published.filter { $0.recordID == "a" }.map(\.id) }
    #expect(ofA == ["e1", "e2", "e4"])
  }

  @Test("what the broker did not confirm is kept, and so is what follows it of the same record")
  func failure() async throws {
    let world = RelayWorld()
    world.add(["a", "b", "a", "b", "a"])
    await #expect(throws: Refused.self) {
      _ = try await world.relay { if $0.id == "e3" { throw Refused() } }.relay()
    }
    #expect(world.state.withLock { $0.kept.map(\.eventID) } == ["e3", "e5"])
    #expect(world.state.withLock { $0.lost.isEmpty })
    #expect(try await world.relay().relay() == 2)
    #expect(world.state.withLock { $0.published.filter { $0.recordID == "a" }.map(\.id) } == ["e1", "e3", "e3", "e5"])
  }

  @Test("through any failures, each record's events arrive in order, and none is lost")
  func anyFailures() async throws {
    for round in 0..<50 {
      var chance = Chance(seed: UInt64(round))
      let world = RelayWorld()
      world.add((0..<300).map { _ in "record\(chance.below(40))" })
      let dice = Mutex(Chance(seed: UInt64(round) &+ 1000))
      let relay = world.relay { _ in
        if dice.withLock({ $0.below(8) }) == 0 { await Task.yield() }
        if dice.withLock({ $0.below(20) }) == 0 { throw Refused() }
      }
      while world.state.withLock({ !$0.kept.isEmpty }) { _ = try? await relay.relay() }
      let state = world.state.withLock { $0 }
      #expect(state.lost.isEmpty && state.confirmed.count == 300)
      for (_, events) in Dictionary(grouping: state.published, by: \.recordID) {
        // Without repetitions of one event, which keep its id.
        let ids = events.map(\.id).reduce(into: [String]()) { ids, id in if ids.last != id { ids.append(id) } }
        #expect(ids == ids.sorted { Int($0.dropFirst()) ?? 0 < Int($1.dropFirst()) ?? 0 }, "round \(round)")
      }
    }
  }

  @Test("no more than a batch is taken at once")
  func bounded() async throws {
    let world = RelayWorld()
    world.add((0..<(EventRelay.batch + 10)).map { "record\($0)" })
    #expect(try await world.relay().relay() == EventRelay.batch)
    #expect(world.state.withLock { $0.kept.count } == 10)
  }

  @Test("a relay that lost the lead ends and publishes nothing more")
  func lostLead() async throws {
    let world = RelayWorld()
    world.add(["a"])
    world.state.withLock { $0.leads = false }
    let relay = world.relay()
    try await within(.seconds(30), "the relay to end") { await relay.run() }
    #expect(world.state.withLock { $0.published.isEmpty && $0.kept.count == 1 })
  }

  @Test("the loop goes on after a failure, until it is cancelled")
  func loop() async throws {
    let world = RelayWorld()
    world.add(["a", "b"])
    let hasFailed = Mutex(false)
    let relay = world.relay { _ in
      let isFirst = hasFailed.withLock { failed in
        defer { failed = true }
        return !failed
      }
      if isFirst { throw Refused() }
    }
    let loop = Task { await relay.run() }
    try await until("both are published", within: .seconds(120)) { world.state.withLock { $0.kept.isEmpty } }
    loop.cancel()
    try await within(.seconds(30), "the relay to end") { await loop.value }
    #expect(world.state.withLock { $0.confirmed } == ["e1", "e2"])
  }
}

import Checkpoints
import PostgreSQL
import Testing

/// How errands are handed out, against a real database.
@Suite("Errands", .timeLimit(.minutes(2)))
struct ErrandTests {
  private static let lease = Duration.seconds(60)

  @Test("as many parts go out as find something to do, each once until it rests again")
  func dispatch() async throws {
    let world = try await CycleWorld()
    #expect(try await world.dispatch(0).isEmpty)
    #expect(try await world.dispatch(2).map(\.part).sorted() == [1, 2])
    #expect(try await world.dispatch(3).map(\.part) == [3])
    #expect(try await world.dispatch(3).isEmpty)
    let claim = try #require(try await world.claim(part: 2))
    #expect(try await world.claim(part: 2) == nil, "a duplicate message finds it taken")
    #expect(try await world.dispatch(3).isEmpty)
    try await world.store.rest(claim, ended: true)
    let again = try await world.dispatch(3)
    #expect(again.map(\.part) == [2] && again.map(\.dispatch) == [2])
  }

  @Test("after an error a part rests as long as it was told to, and says why")
  func failure() async throws {
    let world = try await CycleWorld()
    _ = try await world.dispatch(1)
    let first = try #require(try await world.claim(part: 1))
    try await world.store.rest(first, after: .seconds(3600), error: "Marketo says no", isFailure: true)
    #expect(try await world.dispatch(1).isEmpty)
    let due = try #require(try await world.store.nextDue(.delivery, tenant: "acme"))
    #expect(due > .seconds(3500) && due <= .seconds(3600))
    let status = try #require(try await world.store.errandStatuses().first)
    #expect(status.error == "Marketo says no" && status.failures == 1 && status.working == 0)
  }

  @Test("failures are counted in a row, waiting is none, and a success forgets them")
  func failuresInARow() async throws {
    let world = try await CycleWorld()
    for isFailure in [true, false, true] {
      _ = try await world.dispatch(1)
      let claim = try #require(try await world.claim(part: 1))
      try await world.store.rest(claim, after: .zero, error: "no", isFailure: isFailure)
    }
    _ = try await world.dispatch(1)
    let claim = try #require(try await world.claim(part: 1))
    #expect(claim.failures == 2)
    try await world.store.rest(claim, ended: true)
    let status = try #require(try await world.store.errandStatuses().first)
    #expect(status.failures == 0 && status.error == nil && status.endedAt != nil)
  }

  @Test("a worker whose lease ran out changes nothing, and the part goes out again")
  func fenced() async throws {
    let world = try await CycleWorld()
    _ = try await world.dispatch(1)
    let late = try #require(try await world.claim(part: 1, lease: .zero))
    #expect(try await world.store.sweepErrands(leader: world.leader) == 1)
    #expect(try await world.dispatch(1).count == 1)
    let claim = try #require(try await world.claim(part: 1))
    #expect(claim.token > late.token)
    #expect(try await !world.store.renew(late, lease: Self.lease))
    try await world.store.rest(late, after: .zero, error: "late", isFailure: true)
    #expect(try await world.store.renew(claim, lease: Self.lease))
    #expect(try await world.store.errandStatuses().first?.error == nil)
  }

  @Test("what the broker did not take, or lost, goes out again")
  func lost() async throws {
    let world = try await CycleWorld()
    let first = try #require(try await world.dispatch(1).first)
    try await world.store.withdraw(first, of: .delivery, tenant: "acme", leader: world.leader)
    let second = try #require(try await world.dispatch(1).first)
    // Of a dispatch that is over.
    try await world.store.withdraw(first, of: .delivery, tenant: "acme", leader: world.leader)
    #expect(second.dispatch == 2)
    #expect(try await world.dispatch(1).isEmpty)
    func lost(_ age: Duration) async throws -> Int {
      try await world.store.withdrawLost(.delivery, olderThan: age, tenant: "acme", leader: world.leader)
    }
    #expect(try await lost(.seconds(3600)) == 0)
    #expect(try await lost(.zero) == 1)
    #expect(try await world.dispatch(1).map(\.dispatch) == [3])
  }

  @Test("a leader of an earlier term hands out nothing")
  func oldLeader() async throws {
    let world = try await CycleWorld()
    let old = LeaderStamp(holder: "test", term: world.leader.term - 1)
    await #expect(throws: LeadershipLost.self) {
      _ = try await world.store.dispatch(.delivery, parts: 1, tenant: "acme", leader: old)
    }
    #expect(try await world.store.errandStatuses().isEmpty)
  }
}

extension CycleWorld {
  fileprivate func dispatch(_ parts: Int) async throws -> [DispatchedErrand] {
    try await store.dispatch(.delivery, parts: parts, tenant: "acme", leader: leader)
  }

  fileprivate func claim(part: Int64, lease: Duration = .seconds(60)) async throws -> ClaimedErrand? {
    try await store.claim(.delivery, part: part, tenant: "acme", worker: "w", lease: lease)
  }
}

import Checkpoints
import Delivery
import HTTP
import Marketo
import SyncModel
import TestSupport
import Testing

@Suite("The shared budget of a Marketo instance", .server, .timeLimit(.minutes(3)))
struct BudgetTests {
  /// Four processes that call as fast as they may, each with connections of its own.
  @Test("several clients at once: no limit is exceeded, and nine tenths of the allowed rate are used")
  func shared() async throws {
    // The window is Marketo's halved, and three windows are filled: less would measure how a burst begins.
    let limits = MarketoBudget.Limits(callsPerWindow: 100, window: .seconds(10), concurrent: 10)
    try await withDeliveryWorld { world in
      try await world.admin("limits", #"{"callsPerWindow": 100, "windowSeconds": 10, "concurrentCalls": 10}"#)
      let clients = try world.processes(4, limits: limits)
      let ends = Ends()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for client in clients {
          for _ in 0..<5 {
            group.addTask {
              for _ in 0..<15 {
                _ = try await client.describe(.company)
                await ends.note()
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let report = try await world.admin("limits")
      #expect((report["refused"] as? [String: Int]) == [:])
      #expect(report["mostInWindow"] as? Int ?? 999 <= 100)
      #expect(report["mostRunning"] as? Int ?? 99 <= 10)
      // From the end of the first window's calls on, so that a slow machine's first burst does not count.
      let moments = await ends.moments
      #expect(moments.count == 300)
      let seconds = (moments[299] - moments[99]) / .seconds(1)
      let share = 200 / (seconds * 100 / 10)
      print("used \(share) of the allowed rate")
      #expect(share >= 0.9)
    }
  }

  private actor Ends {
    private(set) var moments: [ContinuousClock.Instant] = []
    func note() { moments.append(.now) }
  }

  @Test("a slot that a dead process held comes back by itself")
  func deadProcess() async throws {
    try await withDeliveryWorld { world in
      let limits = MarketoBudget.Limits(concurrent: 1)
      let lease = Duration.seconds(2)
      let first = try await world.checkpoints.beginMarketoCall(to: "m", lasting: lease, within: limits)
      #expect(first.permit == .go(ticket: 1))
      let second = try await world.checkpoints.beginMarketoCall(to: "m", lasting: lease, within: limits)
      #expect(second.wait > .zero)
      try await until("the lease to end") {
        try await world.checkpoints.beginMarketoCall(to: "m", lasting: lease, within: limits).permit == .go(ticket: 2)
      }
    }
  }

  @Test("what somebody else uses up is found out by a refusal: the cluster pauses, and then goes on")
  func others() async throws {
    try await withDeliveryWorld { world in
      let limits = MarketoBudget.Limits(window: .seconds(6))
      try await world.admin("limits", #"{"callsPerWindow": 100, "windowSeconds": 6, "callsOfOthers": 100}"#)
      let client = try #require(try world.processes(1, limits: limits).first)
      await #expect(throws: MarketoBudgetExhausted.self) { try await client.describe(.company) }
      try await until("the window to have room", within: .seconds(60)) {
        (try? await client.describe(.company)) != nil
      }
      let refused = try await world.admin("limits")["refused"] as? [String: Int]
      #expect(refused?["606"] ?? 0 <= 6, "each pause is longer than the one before")
    }
  }

  @Test("a spent day is told at once, to all, and nobody calls before its end")
  func daily() async throws {
    try await withDeliveryWorld { world in
      try await world.admin("limits", #"{"callsPerDay": 1, "usedToday": 1}"#)
      let clients = try world.processes(2, limits: .init())
      for client in clients {
        let error = await #expect(throws: MarketoBudgetExhausted.self) { try await client.describe(.company) }
        #expect(error?.wait ?? .zero > .seconds(1))
      }
      #expect(try await world.admin("limits")["refused"] as? [String: Int] == ["607": 1])
    }
  }
}

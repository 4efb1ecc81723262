import Foundation
import SyncModel
import TestSupport
import Testing

/// The database's form of the rules of cycles against the pure one: the same random events, the same outcome.
@Suite("The cycles of an object in PostgreSQL", .serialized, .timeLimit(.minutes(5)))
struct ObjectLifecycleTests {
  private static let times = ProcessInfo.processInfo.environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1
  /// Events that do not fit are as good a test; but each must have fitted.
  private static let events = [
    "selected", "deselected", "hurried", "looked", "schemaDrifted", "schemaRead", "windowDecided", "sampled",
    "recorded", "planningFailed", "stopped", "jobDone", "jobDead", "deadLettersRetried", "deadLettersDiscarded",
    "closed",
  ]

  @Test("random events change the rows exactly as they change the pure object")
  func differential() async throws {
    let seed = Chance.fresh().seed
    let world = try await ObjectWorld(seed: seed)
    let least = 1000 * max(1, Self.times)
    for step in 0..<4 * least {
      if step >= least, Self.events.allSatisfy({ world.applied[$0] != nil }) { return }
      do {
        if step % 100 == 99 { try await world.startOver() }
        try await world.step()
        let difference = try await world.difference()
        #expect(difference == nil, "seed \(seed), step \(step), \(world.event)")
        if difference != nil { return }
      } catch {
        Issue.record("seed \(seed), step \(step), \(world.event): \(error)")
        return
      }
    }
    Issue.record("some event never fitted, seed \(seed): \(world.applied)")
  }
}

import Foundation
import SyncModel
import Testing

/// How many schedules a run tries, and which.
enum Scale {
  private static let environment = ProcessInfo.processInfo.environment
  /// Exactly this schedule, and no other.
  static let seed = environment["CRMSYNC_TEST_SEED"].flatMap { UInt64($0) }
  /// The time after which no more than the least is tried; `nil` for the full figure whatever it takes.
  static let time: Duration? = environment["CRMSYNC_TEST_SCALE"] == "full" || times > 1 ? nil : .seconds(50)
  private static let times = environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1
  static let most = 100_000 * max(1, times)
  static let least = 20_000
}

@Suite("Seeded schedules of the whole cluster", .serialized)
struct ScheduleTests {
  @Test("every schedule of crashes, faults and delays ends complete and equal", .timeLimit(.minutes(10)))
  func schedules() async {
    if let seed = Scale.seed {
      print(Schedule.story(seed: seed))
      #expect(throws: Never.self) { try Schedule.run(seed: seed) }
      return
    }
    let start = UInt64.random(in: 0...UInt64.max / 2)
    let began = ContinuousClock.now
    let tried = await withTaskGroup(of: (Int, UInt64?).self) { group in
      let tasks = 2
      for task in 0..<tasks { group.addTask { Self.run(from: start, task: task, of: tasks, since: began) } }
      return await group.reduce(into: (count: 0, failed: UInt64?.none)) { sum, part in
        sum.count += part.0
        sum.failed = sum.failed ?? part.1
      }
    }
    print("\(tried.count) schedules from seed \(start) in \(ContinuousClock.now - began)")
    if let seed = tried.failed {
      Issue.record("CRMSYNC_TEST_SEED=\(seed)\n\(Schedule.story(seed: seed))")
    } else {
      #expect(tried.count >= Scale.least)
    }
  }

  /// A task's share of the schedules.
  /// - Returns: how many were run, and the seed of the first that failed.
  private static func run(
    from start: UInt64, task: Int, of tasks: Int, since began: ContinuousClock.Instant
  ) -> (Int, UInt64?) {
    var count = 0
    for number in stride(from: task, to: Scale.most, by: tasks) {
      if let time = Scale.time, number > Scale.least, number % 64 < tasks, ContinuousClock.now - began > time { break }
      let seed = start &+ UInt64(number)
      do { try Schedule.run(seed: seed) } catch { return (count, seed) }
      count += 1
    }
    return (count, nil)
  }

  @Test("the same seed gives the same run")
  func replay() {
    for seed in UInt64(0)..<50 { #expect(Schedule.story(seed: seed) == Schedule.story(seed: seed)) }
  }
}

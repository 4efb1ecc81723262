import Foundation
import SyncModel
import Testing

@Suite("Seeded years of one object", .serialized)
struct CycleSimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["CRMSYNC_TEST_SEED"].flatMap { UInt64($0) }
  private static let worlds: UInt64 = 10_000
  private static let most = 1000 * max(1, environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1)

  @Test("whatever happens, the destination comes to equal the source", .timeLimit(.minutes(10)))
  func worlds() async {
    if let seed = Self.seed {
      print(SyncRun.story(seed: seed))
      #expect(throws: Never.self) { try SyncRun.run(seed: seed) }
      return
    }
    let start = UInt64.random(in: 0...UInt64.max / 2)
    print("\(Self.most) worlds from seed \(start)")
    let failed = await withTaskGroup(of: UInt64?.self) { group in
      let tasks = 2
      for task in 0..<tasks {
        group.addTask {
          for number in stride(from: task, to: Self.most, by: tasks) {
            let seed = start &+ UInt64(number)
            do { try SyncRun.run(seed: seed) } catch { return seed }
          }
          return nil
        }
      }
      return await group.reduce(UInt64?.none) { $0 ?? $1 }
    }
    if let failed { Issue.record("CRMSYNC_TEST_SEED=\(failed)\n\(SyncRun.story(seed: failed))") }
  }

  @Test("the same seed gives the same run")
  func replay() {
    for seed in UInt64(0)..<20 { #expect(SyncRun.story(seed: seed) == SyncRun.story(seed: seed)) }
  }

  @Test(
    "a planted bug is caught within 10,000 worlds, by the invariant it breaks",
    arguments: CycleDefect.allCases.dropFirst())
  func caught(_ defect: CycleDefect) {
    for seed in UInt64(0)..<Self.worlds {
      do {
        try SyncRun.run(seed: seed, defect: defect)
      } catch {
        print("\(defect): caught by world \(seed + 1): \(error)")
        #expect(defect.breaks.contains(error.invariant), "\(SyncRun.story(seed: seed, defect: defect))")
        return
      }
    }
    Issue.record("\(defect) was not caught")
  }

  @Test("each invariant is broken by some planted bug")
  func everyInvariantWorks() {
    #expect(Set(CycleDefect.allCases.flatMap(\.breaks)) == Set(CycleInvariant.allCases))
  }
}

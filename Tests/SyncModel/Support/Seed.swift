import Foundation
import SyncModel

/// Chance that a failing run can repeat: the seed is printed, and taken from `CRMSYNC_TEST_SEED` where given.
enum Seed {
  static func fresh(_ what: String) -> SplitMix64 {
    let given = ProcessInfo.processInfo.environment["CRMSYNC_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0 ... .max)
    print("\(what): CRMSYNC_TEST_SEED=\(seed)")
    return SplitMix64(seed: seed)
  }
}

extension SplitMix64 {
  /// From 0 up to, not including, `bound`.
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }
}

import Foundation
import SyncModel

/// Chance that a failing run can repeat: the same seed gives the same numbers.
public struct Chance: RandomNumberGenerator {
  public let seed: UInt64
  private var random: SplitMix64

  /// Chance of that seed.
  public init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
  }

  /// A new seed each run, which is printed; or the one that `CRMSYNC_TEST_SEED` names.
  /// - Parameter what: printed beside the seed; the test that asks, unless it says otherwise.
  public static func fresh(_ what: String = #function) -> Chance {
    let given = ProcessInfo.processInfo.environment["CRMSYNC_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0 ... .max)
    print("\(what): CRMSYNC_TEST_SEED=\(seed)")
    return Chance(seed: seed)
  }

  public mutating func next() -> UInt64 { random.next() }

  /// From 0 up to, not including, `bound`.
  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }
}

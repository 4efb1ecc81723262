import SyncModel

/// Chance with a seed, so that what was found can be found again. Cheaper than `Chance`: schedules draw millions.
struct ScheduleChance {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// From 0 up to, not including, `bound`.
  mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: random.next() >> 33) % bound }
}

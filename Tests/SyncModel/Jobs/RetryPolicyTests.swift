import SyncModel
import TestSupport
import Testing

@Suite("Retry and backoff")
struct RetryPolicyTests {
  @Test("a delay is between half and the whole of what doubles with each attempt, and never above the longest")
  func backoff() {
    var random = Chance.fresh("backoff")
    for _ in 0..<5000 {
      let first = Int64.random(in: 1...5000, using: &random)
      let longest = Int64.random(in: 1...2_000_000, using: &random)
      let attempt = random.below(70)
      let chance = Double.random(in: 0..<1, using: &random)
      let delay = Backoff(first: .milliseconds(first), longest: .milliseconds(longest))
        .delay(attempt: attempt, chance: chance)
      let whole = min(Double(longest), Double(first) * Double(UInt64(1) << UInt64(min(attempt, 40))))
      #expect(delay >= .milliseconds(Int64(whole / 2) - 1) && delay <= .milliseconds(Int64(whole) + 1))
      #expect(delay <= .milliseconds(longest))
    }
  }

  @Test("a larger chance never means a shorter delay, nor does a later attempt")
  func monotone() {
    let backoff = Backoff()
    for attempt in 0..<20 {
      for step in 0..<20 {
        let chance = Double(step) / 20
        let next = backoff.delay(attempt: attempt, chance: chance + 0.05)
        #expect(backoff.delay(attempt: attempt, chance: chance) <= next)
        #expect(backoff.delay(attempt: attempt, chance: chance) <= backoff.delay(attempt: attempt + 1, chance: chance))
      }
    }
  }

  @Test("values that make no sense give a delay, not a crash", arguments: [-1.0, 2, .nan, .infinity, -.infinity])
  func nonsense(_ chance: Double) {
    for duration in [Duration.seconds(Int64.max), .seconds(Int64.min), .zero, .milliseconds(-5)] {
      for attempt in [Int.min, -1, 0, Int.max] {
        let delay = Backoff(first: duration, longest: .seconds(Int64.max)).delay(attempt: attempt, chance: chance)
        #expect(delay >= .zero)
      }
    }
  }

  @Test("the limit of failures is met exactly, and a hopeless failure is parked at once")
  func policy() {
    let policy = RetryPolicy(maxFailures: 8)
    for failures in 0..<20 {
      let isParked = policy.decide(.transient, failures: failures, chance: 0.5) == .deadLetter
      #expect(isParked == (failures + 1 >= 8))
      #expect(policy.decide(.hopeless, failures: failures, chance: 0.5) == .deadLetter)
    }
    #expect(policy.decide(.transient, failures: 0, chance: 0) == .retry(after: .milliseconds(500)))
  }

  @Test("the wait after an interruption doubles up to a minute, or less where no wait is to be as long")
  func interruptions() {
    func waits(_ policy: RetryPolicy) -> [Duration] {
      [0, 1, 3, 20, Int.max].map { policy.wait(afterInterruptions: $0, chance: 1) }
    }
    #expect(waits(RetryPolicy()) == [1, 2, 8, 60, 60].map { .seconds($0) })
    let quick = RetryPolicy(backoff: Backoff(first: .seconds(1), longest: .seconds(5)))
    #expect(waits(quick) == [1, 2, 5, 5, 5].map { .seconds($0) })
  }
}

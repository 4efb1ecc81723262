import SyncModel
import TestSupport
import Testing

@testable import SyncModel

@Suite("Marketo budget")
struct MarketoBudgetTests {
  private let start = Instant(seconds: 1_780_000_000)
  private let limits = MarketoBudget.Limits()

  private func ticket(_ permit: MarketoBudget.Permit) -> Int64? {
    if case .go(let ticket) = permit { ticket } else { nil }
  }

  @Test("ten run at a time; the end of one lets the next in, and so does the end of a dead one's lease")
  func concurrency() throws {
    var budget = MarketoBudget()
    var tickets: [Int64] = []
    for _ in 0..<10 {
      tickets.append(try #require(ticket(budget.begin(lasting: .seconds(90), within: limits, at: start))))
    }
    let wait = budget.begin(lasting: .seconds(90), within: limits, at: start)
    #expect(wait == .wait(until: start.advanced(by: MarketoBudget.slotPause), .concurrency))
    budget.end(tickets[3], isAnswered: true, at: start)
    #expect(ticket(budget.begin(lasting: .seconds(200), within: limits, at: start)) != nil)
    #expect(ticket(budget.begin(lasting: .seconds(90), within: limits, at: start)) == nil)
    let later = start.advanced(by: .seconds(90))
    #expect(ticket(budget.begin(lasting: .seconds(90), within: limits, at: later)) != nil)
  }

  @Test("a call without an answer keeps its slot for a while, though no longer than its lease")
  func unanswered() throws {
    var budget = MarketoBudget()
    let one = MarketoBudget.Limits(concurrent: 1)
    let first = try #require(ticket(budget.begin(lasting: .seconds(90), within: one, at: start)))
    budget.end(first, isAnswered: false, at: start)
    #expect(ticket(budget.begin(lasting: .seconds(90), within: one, at: start)) == nil)
    let later = start.advanced(by: MarketoBudget.unansweredSlot)
    let second = try #require(ticket(budget.begin(lasting: .seconds(1), within: one, at: later)))
    budget.end(second, isAnswered: false, at: later)
    #expect(ticket(budget.begin(lasting: .seconds(1), within: one, at: later.advanced(by: .seconds(1)))) != nil)
  }

  @Test("the quota begins anew at midnight US Central, in summer and in winter")
  func midnight() {
    // 2026-07-01 05:00 UTC is midnight in summer; 2026-12-01 06:00 UTC in winter.
    let few = MarketoBudget.Limits(callsPerDay: 1)
    for (noon, midnight) in [
      (Instant(seconds: 1_782_842_400), Instant(seconds: 1_782_882_000)),
      (Instant(seconds: 1_796_061_600), Instant(seconds: 1_796_104_800)),
    ] {
      var budget = MarketoBudget()
      _ = budget.begin(lasting: .seconds(1), within: few, at: noon)
      let wait = budget.begin(lasting: .seconds(1), within: few, at: noon.advanced(by: .seconds(60)))
      #expect(wait == .wait(until: midnight, .daily))
      #expect(ticket(budget.begin(lasting: .seconds(1), within: few, at: midnight)) != nil)
    }
  }

  @Test("after a refusal for the day, standard time's midnight is tried when daylight time's has not helped")
  func standardMidnight() {
    var budget = MarketoBudget()
    let midnight = Instant(seconds: 1_782_882_000)
    budget.refused(.daily, within: limits, at: midnight)
    #expect(
      budget.begin(lasting: .seconds(1), within: limits, at: midnight)
        == .wait(until: midnight.advanced(by: .seconds(3600)), .daily))
  }

  @Test("pauses grow from refusal to refusal; refusals of calls under way together count once")
  func refusals() {
    var budget = MarketoBudget()
    for _ in 0..<10 { budget.refused(.rate, within: limits, at: start) }
    #expect(budget.blockedUntil == start.advanced(by: .milliseconds(2500)))
    let second = start.advanced(by: .seconds(3))
    budget.refused(.rate, within: limits, at: second)
    #expect(budget.blockedUntil == second.advanced(by: .seconds(5)))
    budget.refused(.concurrency, within: limits, at: second)
    #expect(budget.blockedUntil == second.advanced(by: .seconds(5)), "a shorter pause cuts none short")
    let much = start.advanced(by: .seconds(600))
    budget.refused(.rate, within: limits, at: much)
    #expect(budget.blockedUntil == much.advanced(by: .milliseconds(2500)))
  }

  @Test("the instance's own count of the day is believed when it is higher")
  func told() {
    var budget = MarketoBudget()
    budget.told(usedToday: 49_999, at: start)
    budget.told(usedToday: 5, at: start)
    #expect(ticket(budget.begin(lasting: .seconds(1), within: limits, at: start)) != nil)
    #expect(ticket(budget.begin(lasting: .seconds(1), within: limits, at: start)) == nil)
  }

  /// Calls of random length, whose arrival at Marketo lies anywhere between permit and end; some callers die.
  @Test("whatever the delays: no window holds more calls than allowed, none runs too many, and the rate is used up")
  func property() {
    var random = Chance.fresh()
    for _ in 0..<30 {
      let limits = MarketoBudget.Limits(
        callsPerWindow: 20 + random.below(100), window: .seconds(5 + random.below(20)), concurrent: 5 + random.below(10)
      )
      let world = BudgetWorld(limits: limits, longest: 50 + random.below(400), &random)
      #expect(world.mostInWindow <= limits.callsPerWindow)
      #expect(world.mostAtOnce <= limits.concurrent)
      #expect(world.share >= 0.9, "\(limits), \(world)")
    }
  }
}

/// Calls as fast as the budget permits, for some windows.
private struct BudgetWorld {
  var mostInWindow = 0
  var mostAtOnce = 0
  /// Calls made of those that the limits allowed.
  var share = 0.0

  init(limits: MarketoBudget.Limits, longest: Int, _ random: inout Chance) {
    var budget = MarketoBudget()
    var now = Instant(seconds: 1_780_000_000)
    let start = now
    let window = Int(limits.window.components.seconds) * 1000
    let end = start.advanced(by: limits.window * 10)
    var running: [(ticket: Int64, ends: Instant)] = []
    var arrivals: [Int64] = []
    while now < end {
      switch budget.begin(lasting: .seconds(90), within: limits, at: now) {
      case .go(let ticket):
        let length = Int64(1 + random.below(longest))
        arrivals.append(now.milliseconds + Int64.random(in: 0...length, using: &random))
        running.append((ticket, Instant(milliseconds: now.milliseconds + length)))
        mostAtOnce = max(mostAtOnce, running.count)
      case .wait(let until, _):
        let next = min(until, running.map(\.ends).min() ?? until)
        now = max(next, Instant(milliseconds: now.milliseconds + 1))
      }
      for call in running where call.ends <= now { budget.end(call.ticket, isAnswered: true, at: now) }
      running.removeAll { $0.ends <= now }
    }
    arrivals.sort()
    var first = 0
    for last in arrivals.indices {
      while arrivals[first] <= arrivals[last] - Int64(window) { first += 1 }
      mostInWindow = max(mostInWindow, last - first + 1)
    }
    // Limited by the window, or by calls at a time of half the greatest length.
    let byWindow = Double(limits.callsPerWindow) * 10
    let byConcurrency = Double(limits.concurrent) * Double(window) * 10 / (Double(longest) / 2 + 1)
    share = Double(arrivals.count) / min(byWindow, byConcurrency)
  }
}

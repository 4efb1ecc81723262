import SyncModel
import TestSupport
import Testing

@Suite("API budget")
struct APIBudgetTests {
  private let start = Instant(seconds: 1_000_000)

  @Test("while nothing is known, calls go")
  func unknown() { #expect(APIBudget().permit(share: 0, at: start) == .go) }

  @Test("at the share calls wait, below it they go; the wait ends by itself")
  func share() {
    var budget = APIBudget()
    budget.answered(used: 799, allowed: 1000, at: start)
    #expect(budget.permit(share: 0.8, at: start) == .go)
    budget.answered(used: 800, allowed: 1000, at: start)
    let until = start.advanced(by: APIBudget.recheck)
    #expect(budget.permit(share: 0.8, at: start) == .wait(until: until, .ourShare))
    #expect(budget.permit(share: 0.8, at: Instant(milliseconds: until.milliseconds - 1)) != .go)
    #expect(budget.permit(share: 0.8, at: until) == .go, "one call finds out whether it has eased")
  }

  @Test("older news than what is known is ignored")
  func older() {
    var budget = APIBudget()
    budget.answered(used: 900, allowed: 1000, at: start)
    budget.answered(used: 1, allowed: 1000, at: Instant(milliseconds: start.milliseconds - 1))
    #expect(budget.used == 900)
  }

  @Test("a short pause for concurrency does not cut a longer one short")
  func longest() {
    var budget = APIBudget()
    budget.refused(.dailyLimit, at: start)
    budget.refused(.concurrency, at: start)
    #expect(
      budget.permit(share: 1, at: start.advanced(by: .seconds(30)))
        == .wait(until: start.advanced(by: APIBudget.recheck), .dailyLimit))
    #expect(budget.permit(share: 1, at: start.advanced(by: APIBudget.recheck)) == .go)
  }

  @Test("an answer ends the wait for the daily limit, and leaves the pause for concurrency")
  func answers() {
    var daily = APIBudget()
    daily.refused(.dailyLimit, at: start)
    daily.answered(used: 5, allowed: 1000, at: start)
    #expect(daily.permit(share: 1, at: start) == .go)
    var busy = APIBudget()
    busy.refused(.concurrency, at: start)
    busy.answered(used: 5, allowed: 1000, at: start)
    #expect(busy.permit(share: 1, at: start) != .go)
    #expect(busy.permit(share: 1, at: start.advanced(by: APIBudget.concurrencyPause)) == .go)
  }

  @Test("whatever happens: no call at the share or after a refusal, and every wait ends within a minute")
  func property() {
    var random = Chance.fresh("budget")
    for _ in 0..<500 {
      var budget = APIBudget()
      var now = start
      var lastNews = start
      for _ in 0..<60 {
        now = now.advanced(by: .milliseconds(random.below(20_000)))
        switch random.below(4) {
        case 0:
          budget.answered(used: random.below(1200), allowed: 1000, at: now)
          lastNews = now
        case 1:
          budget.refused([.dailyLimit, .ourShare, .concurrency][random.below(3)], at: now)
          lastNews = now
        default: break
        }
        check(budget, now, lastNews)
      }
    }
  }

  private func check(_ budget: APIBudget, _ now: Instant, _ lastNews: Instant) {
    switch budget.permit(share: 0.5, at: now) {
    case .go:
      if budget.used * 2 >= budget.allowed, let at = budget.observedAt {
        #expect(budget.allowed == 0 || at.advanced(by: APIBudget.recheck) <= now)
      }
    case .wait(let until, _):
      #expect(until > now)
      #expect(until <= lastNews.advanced(by: APIBudget.recheck))
      #expect(budget.permit(share: 0.5, at: lastNews.advanced(by: APIBudget.recheck)) == .go)
    }
  }
}

import SyncModel
import Testing

@Suite("Every interleaving of small worlds")
struct SmallWorldTests {
  @Test(
    "two workers, two jobs of three pages, one crash at any point",
    arguments: [
      (ExtractMethod.rest, ExtractMethod.rest), (ExtractMethod.bulk, ExtractMethod.rest),
      (ExtractMethod.bulk, ExtractMethod.bulk),
    ])
  func oneCrash(_ first: ExtractMethod, _ second: ExtractMethod) throws {
    let search = try explore(.small(first, second), crashes: 1)
    print("\(first), \(second), one crash: \(search.seen) states, \(search.ends) ends")
  }

  @Test("a worker that sleeps past its lease, and a crash, at any points")
  func lateWorker() throws {
    let search = try explore(.small(.rest, .rest), crashes: 1, pauses: 1)
    print("one late worker and one crash: \(search.seen) states, \(search.ends) ends")
  }

  @Test("a leader that sleeps past its term, at any point, while a standby waits")
  func lateLeader() throws {
    var scenario = Scenario.small(.rest, .rest)
    scenario.coordinators = 2
    scenario.workers = 1
    let search = try explore(scenario, leaderPauses: 1)
    print("one late leader: \(search.seen) states, \(search.ends) ends")
  }

  @Test("the same where pages and checkpoints are in two databases")
  func twoDatabases() throws {
    var scenario = Scenario.small(.rest, .rest)
    scenario.isOneDatabase = false
    let search = try explore(scenario, crashes: 1)
    print("two databases, one crash: \(search.seen) states, \(search.ends) ends")
  }

  private func explore(
    _ scenario: Scenario, crashes: Int = 0, pauses: Int = 0, leaderPauses: Int = 0
  ) throws -> Search {
    var search = Search(crashes: crashes, pauses: pauses, leaderPauses: leaderPauses)
    try search.explore(World(scenario, defect: .none, seed: 1, isTimeless: true))
    #expect(search.ends > 0)
    return search
  }

  @Test(
    "planted bugs show in small worlds, too",
    arguments: [
      Defect.acknowledgedBeforeCommit, .rangeEndIncluded, .rangeStartExcluded, .positionBeforePage,
      .rescueByElapsedTime,
      .pagesAreNotFenced, .pageOutsideTransaction, .expiredLeasesStay, .publishedBeforeMarkedAndNoRefill,
    ])
  func planted(_ defect: Defect) {
    var search = Search(crashes: 1, pauses: 1, leaderPauses: 0)
    do {
      try search.explore(World(.small(.rest, .rest), defect: defect, seed: 1, isTimeless: true))
      Issue.record("\(defect) was not caught")
    } catch {
      print("\(defect): caught after \(search.seen) states: \(error)")
      #expect(defect.breaks.contains(error.invariant), "\(error)")
    }
  }
}

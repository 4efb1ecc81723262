import SyncModel
import TestSupport
import Testing

@Suite("Leadership")
struct LeadershipTests {
  private let lease = Duration.seconds(15)

  @Test("the trust ends before the lease, however long the answer took")
  func trustEndsFirst() {
    var leadership = Leadership(lease: lease)
    _ = leadership.granted(term: 7, askedAt: .seconds(100))
    #expect(leadership.term(at: .seconds(109)) == 7)
    #expect(leadership.term(at: .seconds(110)) == nil)
    // The database's lease began when the question arrived, so not before it was sent.
    #expect((leadership.grant?.trustedUntil ?? .zero) < .seconds(100) + lease)
  }

  @Test("a renewal is no new term; a new term is; what is lost is lost at once")
  func terms() {
    var leadership = Leadership(lease: lease)
    #expect(leadership.term(at: .zero) == nil)
    let news = [(1, 0), (1, 5), (2, 6)].map { term, at in leadership.granted(term: term, askedAt: .seconds(at)) }
    #expect(news == [true, false, true])
    leadership.lost()
    #expect(leadership.term(at: .seconds(6)) == nil)
    let isNew = leadership.granted(term: 2, askedAt: .seconds(7))
    #expect(isNew, "what an earlier time knew must be forgotten")
  }

  @Test("a renewal comes before the trust ends, even if one is missed")
  func interval() {
    let leadership = Leadership(lease: lease)
    #expect(leadership.interval < lease * 2 / 3)
  }

  @Test("two coordinators never trust at once, whatever answers take and whoever is asked")
  func neverTwo() {
    var random = Chance.fresh("leadership")
    for _ in 0..<300 { simulate(&random) }
  }

  /// Two coordinators ask a database whose lease begins when the question arrives there; answers may come late or
  /// never. Steady clocks differ by a constant.
  private func simulate(_ random: inout Chance) {
    var sides = [Leadership(lease: lease), Leadership(lease: lease)]
    let offsets = [Duration.milliseconds(random.below(1_000_000)), .milliseconds(random.below(1_000_000))]
    var answers: [(at: Duration, side: Int, term: Int64?, askedAt: Duration)] = []
    var holder = -1
    var term: Int64 = 0
    var expires = Duration.zero
    var now = Duration.seconds(1)
    for _ in 0..<400 {
      now += .milliseconds(random.below(3000))
      for answer in answers where answer.at <= now {
        if let term = answer.term {
          _ = sides[answer.side].granted(term: term, askedAt: answer.askedAt + offsets[answer.side])
        } else {
          sides[answer.side].lost()
        }
      }
      answers.removeAll { $0.at <= now }
      let trusting = sides.indices.filter { sides[$0].term(at: now + offsets[$0]) != nil }
      #expect(trusting.count <= 1)
      for side in trusting { #expect(sides[side].term(at: now + offsets[side]) == term, "a trusted term is current") }
      let side = random.below(2)
      guard random.below(3) == 0, !answers.contains(where: { $0.side == side }) else { continue }
      let arrives = now + .milliseconds(random.below(4000))
      let isGranted = holder == side || expires <= now
      if isGranted {
        // The database takes the question when it arrives at the latest; taking it now is the worst case.
        if holder != side || expires <= now { term += 1 }
        holder = side
        expires = now + lease
      }
      if random.below(5) > 0 { answers.append((arrives, side, isGranted ? term : nil, now)) }
    }
  }
}

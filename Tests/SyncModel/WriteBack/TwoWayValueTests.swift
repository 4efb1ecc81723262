import SyncModel
import TestSupport
import Testing

/// How two sides come to agree on a field.
@Suite("Two-way values") struct TwoWayValueTests {
  @Test("a marketer's change is written where Veeva still has the agreed value")
  func written() {
    var value = TwoWayValue("a")
    value.edit("m")
    #expect(value.isDue && value.send() == "m" && value.step(whenVeevaShows: "a") == .write("m"))
    value.written("m", at: 5)
    #expect(!value.isPending && value.agreed == "m" && value.sent.isEmpty)
  }

  @Test("the echo of a write changes nothing, whether or not its answer was heard, and is not written again")
  func echo() {
    for heard in [true, false] {
      var value = TwoWayValue("a")
      value.edit("m")
      _ = value.send()
      if heard { value.written("m", at: 5) }
      #expect(value.step(whenVeevaShows: "m") == .nothing)
      #expect(value.meet("m", stamp: 6) == .kept)
      #expect(value.value == "m" && !value.isDue && value.send() == nil)
    }
  }

  @Test("a change that follows a write is pending still when the write's echo comes, and is written once")
  func editAfterWrite() {
    var value = TwoWayValue("a")
    value.edit("m")
    _ = value.send()
    value.edit("n")
    #expect(value.meet("m", stamp: 6) == .kept)
    #expect(value.value == "n" && value.agreed == "m" && value.isDue)
    #expect(value.send() == "n" && value.step(whenVeevaShows: "m") == .write("n"))
  }

  @Test("where both sides have changed, Veeva wins and marketing's value is named as lost")
  func bothChanged() {
    var value = TwoWayValue("a")
    value.edit("m")
    _ = value.send()
    #expect(value.step(whenVeevaShows: "v") == .giveWay)
    value.overtaken("m")
    #expect(!value.isDue && value.send() == nil)
    #expect(value.meet("v", stamp: 6) == .overruled(lost: "m"))
    #expect(value == TwoWayValue("v"))
  }

  @Test("the same change on both sides is no conflict")
  func sameChange() {
    var value = TwoWayValue("a")
    value.edit("m")
    #expect(value.meet("m", stamp: 6) == .kept && value == TwoWayValue("m"))
  }

  @Test("a page that was read before the write and comes after it changes nothing; one read later does")
  func latePage() {
    var value = TwoWayValue("a")
    value.edit("m")
    _ = value.send()
    value.written("m", at: 5)
    #expect(value.meet("a", stamp: 4) == .kept && value.value == "m")
    #expect(value.meet("a", stamp: 5) == .taken && value.value == "a")
  }

  @Test("a refused value stays with marketing and is sent again only when a marketer changes it")
  func refused() {
    var value = TwoWayValue("a")
    value.edit("bad")
    _ = value.send()
    value.refused("bad")
    #expect(value.value == "bad" && value.isPending && value.send() == nil)
    #expect(value.meet("a", stamp: 6) == .kept && value.send() == nil)
    value.edit("good")
    #expect(value.send() == "good")
  }

  @Test("what a bulk job may still write is known for our own, and what Veeva had changed before is written again")
  func job() {
    var value = TwoWayValue("a")
    value.edit("m")
    _ = value.send()
    value.setOut("m")
    #expect(value.meet("v", stamp: 6) == .overruled(lost: "m") && value.value == "v" && !value.isPending)
    // The job comes to the record only now.
    value.written("m", at: 5)
    value.arrived()
    #expect(value.send() == "v" && value.step(whenVeevaShows: "m") == .write("v"))
    #expect(value.step(whenVeevaShows: "v") == .nothing)
    #expect(value.meet("m", stamp: 7) == .kept && value.value == "v")
  }

  @Test("random edits on both sides settle in one round where bulk jobs write them, whenever they come to a record")
  func jobs() {
    let seed = Chance.fresh().seed
    for run in 0..<4_000 as Range<UInt64> {
      let alphabet = run % 2 == 0 ? nil : 4
      var sides = TwoSides(
        Chance(seed: seed &+ run), alphabet: alphabet, eventsPerTick: run % 2 == 0 ? 1 : 5, outlivesLease: false,
        usesJobs: true)
      for _ in 0..<80 { sides.happen() }
      sides.round()
      let writes = sides.writes
      #expect(sides.isSettled, "seed \(seed &+ run)")
      sides.round()
      #expect(sides.writes == writes && sides.isSettled, "seed \(seed &+ run)")
      guard alphabet == nil else { continue }
      let explained = Set(writes).union(sides.lost).union(sides.refusals).union(sides.superseded)
      #expect(Set(sides.edits).isSubset(of: explained), "seed \(seed &+ run)")
    }
  }

  @Test("random edits on both sides settle in one round: each change is written once, or is explained")
  func everyEditIsAccountedFor() {
    let seed = Chance.fresh().seed
    for run in 0..<2_000 as Range<UInt64> {
      var sides = TwoSides(Chance(seed: seed &+ run), alphabet: nil, outlivesLease: true)
      for _ in 0..<60 { sides.happen() }
      sides.round()
      let writes = sides.writes
      #expect(sides.isSettled, "seed \(seed &+ run)")
      sides.round()
      #expect(sides.writes == writes && sides.isSettled, "seed \(seed &+ run)")
      #expect(Set(writes).count == writes.count, "a value is written once; seed \(seed &+ run)")
      let explained = Set(writes).union(sides.lost).union(sides.refusals).union(sides.superseded)
      #expect(Set(sides.edits).isSubset(of: explained), "seed \(seed &+ run)")
      #expect(Set(writes).isSubset(of: sides.edits), "nothing but marketers' changes is written; seed \(seed &+ run)")
    }
  }

  @Test("the same few values on both sides, with a clock of coarse seconds, settle in one round")
  func coincidences() {
    let seed = Chance.fresh().seed
    for run in 0..<2_000 as Range<UInt64> {
      var sides = TwoSides(Chance(seed: seed &+ run), alphabet: 4, eventsPerTick: 5, outlivesLease: false)
      for _ in 0..<80 { sides.happen() }
      sides.round()
      let writes = sides.writes.count
      #expect(sides.isSettled, "seed \(seed &+ run)")
      // An answer is lost, somebody in Veeva restores the agreed value: nothing tells that from a write that never came.
      #expect(writes <= sides.edits.count + sides.changesInVeeva, "seed \(seed &+ run)")
      sides.round()
      #expect(sides.writes.count == writes && sides.isSettled, "seed \(seed &+ run)")
    }
  }

  // MARK: What marketing owns

  @Test("nothing that Veeva shows replaces an owned value; it is written over anything else, and not written twice")
  func owned() {
    var value = TwoWayValue("m", isOwned: true)
    #expect(value.meet("v", stamp: 5) == .kept)
    #expect(value.value == "m" && value.agreed == "v" && value.isDue)
    #expect(value.meet("v", stamp: 6) == .kept && value.send() == "m")
    #expect(value.step(whenVeevaShows: "w") == .write("m") && value.step(whenVeevaShows: "v") == .write("m"))
    #expect(value.step(whenVeevaShows: "m") == .nothing)
    value.written("m", at: 7)
    #expect(!value.isDue && value.meet("v", stamp: 6) == .kept && !value.isDue)
    #expect(value.meet("m", stamp: 8) == .kept && !value.isDue && value.sent.isEmpty)
    value.edit("n")
    #expect(value.send() == "n" && value.meet("w", stamp: 9) == .kept)
    // Whether that version came before or after the write cannot be told: it is looked at again.
    value.written("n", at: 8)
    #expect(value.value == "n" && value.isDue)
  }

  @Test("an owned value that the org replaces each time it is written is given up, until a marketer changes it")
  func replaced() {
    var value = TwoWayValue("m", isOwned: true)
    var moment: Int64 = 0
    func rounds() -> Int {
      var writes = 0
      while writes < 100 {
        moment += 1
        let meeting = value.meet("v", stamp: moment)
        guard let sent = value.send() else {
          #expect(meeting == .refused && value.refused == value.value)
          return writes
        }
        writes += 1
        value.written(sent, at: moment)
      }
      return writes
    }
    #expect(rounds() == TwoWayValue<String>.mostReplaced && value.value == "m")
    #expect(value.meet("w", stamp: moment + 1) == .kept && !value.isDue)
    value.edit("n")
    #expect(value.isDue)
    // Seen in between, it was somebody in Veeva each time, and the value is put right each time.
    for _ in 0..<10 {
      moment += 2
      if let sent = value.send() { value.written(sent, at: moment) }
      #expect(value.meet("n", stamp: moment) == .kept)
      #expect(value.meet("v", stamp: moment + 1) == .kept && value.isDue)
    }
  }

  @Test("an owned value is never lost: Veeva comes to have it in one round, or it was refused")
  func ownedSettles() {
    let seed = Chance.fresh().seed
    for run in 0..<2_000 as Range<UInt64> {
      let alphabet = run % 2 == 0 ? nil : 4
      var sides = TwoSides(
        Chance(seed: seed &+ run), alphabet: alphabet, eventsPerTick: alphabet ?? 1, outlivesLease: false, isOwned: true
      )
      for _ in 0..<80 { sides.happen() }
      sides.round()
      let writes = sides.writes.count
      #expect(sides.marketing.value == sides.edits.last ?? 0 && sides.lost.isEmpty, "seed \(seed &+ run)")
      #expect(
        sides.isSettled
          || sides.marketing.refused == sides.marketing.value
            && sides.givenUp.contains(sides.marketing.value),
        "seed \(seed &+ run)")
      #expect(writes <= sides.edits.count + sides.changesInVeeva, "seed \(seed &+ run)")
      sides.round()
      #expect(sides.writes.count == writes, "seed \(seed &+ run)")
    }
  }
}

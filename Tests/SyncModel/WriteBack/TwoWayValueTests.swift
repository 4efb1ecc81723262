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
}

import SyncModel
import TestSupport
import Testing

@Suite("What an entry of Marketo's feed means for a field")
struct LeadFieldTests {
  private typealias Field = LeadField<String?>

  private static func at(_ seconds: Int64) -> Instant { Instant(seconds: 1_772_000_000 + seconds) }

  private static func delivery(_ value: String?, _ began: Int64, _ ended: Int64?) -> Field.Delivery {
    Field.Delivery(batch: "b\(began)", value: value, began: at(began), ended: ended.map(at))
  }

  private static func field(
    _ mirror: String?, deliveredAt: Int64? = nil, _ deliveries: [Field.Delivery] = [], seen: Field.Seen? = nil
  ) -> Field {
    Field(
      mirror: mirror, deliveredAt: deliveredAt.map(at), deliveries: deliveries, seen: seen, tolerance: .seconds(1))
  }

  private static func change(_ old: String?, _ new: String?, _ date: Int64, _ guid: String? = nil) -> Field.Change {
    Field.Change(guid: guid ?? "g\(date)", date: at(date), old: old, new: new)
  }

  @Test("a change of what the mirror has is taken, once")
  func edit() {
    var field = Self.field("a")
    #expect(field.meet(Self.change("a", "b", 5)) == .take("b"))
    #expect(field.mirror == "b")
    #expect(field.meet(Self.change("a", "b", 5)) == .nothing)
    #expect(field.meet(Self.change("b", nil, 5, "later")) == .take(nil))
    #expect(field.meet(Self.change("x", "y", 4)) == .nothing)
    #expect(field.mirror == nil)
  }

  @Test("a value that a delivery was bringing is an echo once; before and after it is a marketer's")
  func echo() {
    let dates: [(Int64, Field.Meaning)] = [
      (10, .nothing), (20, .nothing), (30, .nothing), (8, .take("a")), (32, .take("a")),
    ]
    for (date, meaning) in dates {
      var field = Self.field("b", [Self.delivery("a", 10, 30), Self.delivery("b", 40, 45)])
      #expect(field.meet(Self.change("b", "a", date)) == meaning, "\(date)")
      if meaning == .nothing {
        #expect(field.mirror == "b" && field.deliveries.map(\.value) == ["b"])
        // The same value again is nobody's echo.
        #expect(field.meet(Self.change("b", "a", date, "again")) == .take("a"))
      }
    }
    // Whether it has ended is not known.
    var field = Self.field("b", [Self.delivery("a", 10, nil)])
    #expect(field.meet(Self.change("x", "a", 5000)) == .deliverAgain)
  }

  @Test("an echo of what the mirror no longer has makes it be delivered again, unless a later delivery has done that")
  func overtakenEcho() {
    var behind = Self.field("c", [Self.delivery("a", 10, 12)])
    #expect(behind.meet(Self.change("x", "a", 11)) == .deliverAgain)
    var ahead = Self.field("c", [Self.delivery("a", 10, 12), Self.delivery("c", 20, nil)])
    #expect(ahead.meet(Self.change("x", "a", 11)) == .nothing)
  }

  @Test("where the mirror has changed meanwhile its value wins")
  func veevaWins() {
    var waiting = Self.field("v")
    #expect(waiting.meet(Self.change("a", "b", 5)) == .overruled(lost: "b"))
    #expect(waiting.mirror == "v")
    var delivered = Self.field("v", deliveredAt: 6, [Self.delivery("v", 5, 6)])
    #expect(delivered.meet(Self.change("a", "b", 4)) == .overruled(lost: "b"))
    #expect(delivered.meet(Self.change("b", "v", 5)) == .nothing)
    #expect(delivered.meet(Self.change("v", "c", 7)) == .take("c"))
  }

  @Test("who changes what was delivered before has seen it, though an entry in between comes late")
  func late() {
    var field = Self.field("a", deliveredAt: 2)
    #expect(field.meet(Self.change("b", "c", 9)) == .take("c"))
    #expect(field.meet(Self.change("a", "b", 8)) == .nothing)
    #expect(field.mirror == "c")
  }

  @Test("a value that the column cannot hold is refused, and the next one is taken all the same")
  func refused() {
    var field = Self.field("a")
    let bad = Field.Change(guid: "1", date: Self.at(1), old: "a", new: "bad", isHoldable: false)
    #expect(field.meet(bad) == .refused("bad"))
    #expect(field.mirror == "a")
    #expect(field.meet(Self.change("bad", "c", 2)) == .take("c"))
  }

  @Test("what marketing owns is taken whatever the mirror has, in the feed's order")
  func owned() {
    var field = Field(mirror: "v", deliveredAt: nil, deliveries: [], seen: nil, tolerance: .seconds(1), isOwned: true)
    #expect(field.meet(Self.change("a", "b", 5)) == .take("b"))
    #expect(field.meet(Self.change("a", "b", 5)) == .nothing)
    #expect(field.meet(Self.change("x", "c", 4)) == .nothing)
    #expect(field.meet(Self.change(nil, "b", 6)) == .nothing && field.mirror == "b")
    #expect(field.meet(.init(guid: "7", date: Self.at(7), old: "b", new: "bad", isHoldable: false)) == .refused("bad"))
    #expect(field.meet(Self.change("bad", nil, 8)) == .take(nil) && field.mirror == nil)
  }

  @Test("both sides come to agree whatever happens in which order, and only marketers' values are taken")
  func convergence() {
    var chance = Chance.fresh()
    for _ in 0..<3000 {
      var world = LeadWorld(Chance(seed: chance.next()), hasVeeva: true)
      for _ in 0..<30 { world.happen() }
      world.settle()
      #expect(world.marketo == world.mirror, "seed \(world.seed): \(world.history.joined(separator: "; "))")
      #expect(world.taken.allSatisfy { world.edits.contains($0) })
      if world.marketo != world.mirror { return }
    }
  }

  @Test("where Veeva changes nothing, the last change of a marketer is what both sides have")
  func lastEdit() {
    var chance = Chance.fresh()
    for _ in 0..<3000 {
      var world = LeadWorld(Chance(seed: chance.next()), hasVeeva: false)
      for _ in 0..<30 { world.happen() }
      world.settle()
      let last = world.edits.last ?? 0
      #expect(
        world.mirror == last && world.lost.isEmpty, "seed \(world.seed): \(world.history.joined(separator: "; "))")
      if world.mirror != last { return }
    }
  }
}

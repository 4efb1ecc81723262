import TestSupport
import Testing

@testable import AMQP

/// Which caller hears what, whatever order the broker answers in.
@Suite("Messages on their way")
struct OutboxTests {
  static let message = AMQPMessage([])
  static let start = ContinuousClock.now
  static let later = start.advanced(by: .seconds(30))

  /// An outbox in which messages wait for their turn.
  static func outbox(window: Int, messages: Int) -> Outbox {
    var outbox = Outbox(window: window)
    for _ in 0..<messages { _ = outbox.add(message, exchange: "", routingKey: "", deadline: later) }
    return outbox
  }

  static func send(_ outbox: inout Outbox) -> [Outbox.Ticket] {
    var sent: [Outbox.Ticket] = []
    while let (departure, _) = outbox.next() { sent.append(departure.ticket) }
    return sent
  }

  @Test("no more than the window goes out before confirms come, in order of arrival")
  func window() {
    var outbox = Self.outbox(window: 3, messages: 7)
    #expect(Self.send(&outbox) == [1, 2, 3])
    #expect(outbox.settle(2, multiple: true, isAcknowledged: true).map(\.0) == [1, 2])
    #expect(Self.send(&outbox) == [4, 5])
    #expect(outbox.unconfirmed == 3)
  }

  @Test("a returned message is unroutable once its confirm comes, and its neighbours are not")
  func returned() {
    var outbox = Self.outbox(window: 9, messages: 3)
    _ = Self.send(&outbox)
    outbox.markReturned(2)
    let outcomes = outbox.settle(3, multiple: true, isAcknowledged: true)
    #expect(outcomes.map(\.0) == [1, 2, 3])
    #expect(outcomes.map(\.1) == [.confirmed, .unroutable, .confirmed])
  }

  @Test("confirms out of order reach their own messages, and a multiple one only what is left")
  func outOfOrder() {
    var outbox = Self.outbox(window: 9, messages: 5)
    _ = Self.send(&outbox)
    #expect(outbox.settle(4, multiple: false, isAcknowledged: true).map(\.0) == [4])
    #expect(outbox.settle(2, multiple: false, isAcknowledged: false).map(\.1) == [.nacked])
    #expect(outbox.settle(5, multiple: true, isAcknowledged: true).map(\.0) == [1, 3, 5])
    #expect(outbox.unconfirmed == 0)
  }

  @Test("one that timed out keeps its place in the window until its confirm comes")
  func timedOut() {
    var outbox = Self.outbox(window: 2, messages: 3)
    _ = Self.send(&outbox)
    #expect(outbox.expire(at: Self.start).isEmpty)
    #expect(Set(outbox.expire(at: Self.later).map(\.0)) == [1, 2, 3])
    let next = outbox.add(Self.message, exchange: "", routingKey: "", deadline: Self.later)
    #expect(Self.send(&outbox).isEmpty)
    #expect(outbox.settle(2, multiple: true, isAcknowledged: true).isEmpty)
    #expect(Self.send(&outbox) == [next])
  }

  @Test("a cancelled message that waits is never sent")
  func cancelled() {
    var outbox = Self.outbox(window: 1, messages: 3)
    outbox.cancel(2)
    _ = outbox.next()
    _ = outbox.settle(1, multiple: false, isAcknowledged: true)
    #expect(Self.send(&outbox) == [3])
  }

  @Test("numbers that were never sent settle nothing", arguments: [0, 4, UInt64.max])
  func nonsense(tag: UInt64) {
    var outbox = Self.outbox(window: 9, messages: 3)
    _ = Self.send(&outbox)
    #expect(outbox.settle(tag, multiple: false, isAcknowledged: true).isEmpty)
  }

  @Test("after a lost channel the next message is number 1 again, and those in flight are told")
  func lostChannel() {
    var outbox = Self.outbox(window: 2, messages: 3)
    _ = Self.send(&outbox)
    #expect(Set(outbox.forgetInFlight()) == [1, 2])
    #expect(outbox.next()?.tag == 1)
    #expect(outbox.forgetAll() == [3])
  }

  @Test("in any order of events every message ends at most once, the window holds, and nothing is left behind")
  func random() {
    var random = Chance.fresh()
    let seed = random.seed
    for _ in 0..<200 { Self.run(&random, seed: seed) }
  }

  private static func run(_ random: inout Chance, seed: UInt64) {
    let window = Int.random(in: 1...6, using: &random)
    var outbox = Outbox(window: window)
    var now = start
    var added: Set<Outbox.Ticket> = []
    var ended: Set<Outbox.Ticket> = []
    var sent: UInt64 = 0
    func end(_ tickets: [Outbox.Ticket]) {
      for ticket in tickets { #expect(ended.insert(ticket).inserted, "ticket \(ticket) ended twice, seed \(seed)") }
    }
    for _ in 0..<200 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...3:
        let deadline = now.advanced(by: .seconds(10))
        added.insert(outbox.add(message, exchange: "", routingKey: "", deadline: deadline))
      case 4, 5: if let (_, tag) = outbox.next() { sent = tag }
      case 6, 7:
        let tag = UInt64.random(in: 0...(sent + 1), using: &random)
        if Bool.random(using: &random) { outbox.markReturned(tag) }
        end(
          outbox.settle(tag, multiple: Bool.random(using: &random), isAcknowledged: Bool.random(using: &random))
            .map(\.0))
      case 8:
        now = now.advanced(by: .seconds(Int.random(in: 0...4, using: &random)))
        end(outbox.expire(at: now).map(\.0))
      default:
        if let ticket = added.subtracting(ended).randomElement(using: &random), Bool.random(using: &random) {
          outbox.cancel(ticket)
          end([ticket])
        } else if Int.random(in: 0..<10, using: &random) == 0 {
          end(outbox.forgetInFlight())
          sent = 0
        }
      }
      #expect(outbox.unconfirmed <= window, "seed \(seed)")
    }
    end(outbox.forgetAll())
    #expect(ended == added, "somebody waits for ever, seed \(seed)")
  }
}

/// Messages on their way to the broker: those that wait for their turn, and those that wait for their confirm.
///
/// Pure: what happened goes in, whose waiting is over comes out. Time is an argument.
struct Outbox {
  /// Names a message from the moment it is handed in until its outcome is known.
  typealias Ticket = UInt64

  /// How a message's waiting ended.
  enum Outcome: Equatable {
    case confirmed
    case unroutable
    case nacked
    case timedOut
  }

  /// A message whose turn it is.
  struct Departure {
    let ticket: Ticket
    let message: AMQPMessage
    let exchange: String
    let routingKey: String
    /// Whether a message that no queue takes comes back.
    let isMandatory: Bool
  }

  private struct Waiting {
    let departure: Departure
    let deadline: ContinuousClock.Instant
  }

  private struct InFlight {
    /// `nil` when nobody waits any more: the confirm is still owed, and counts towards the window.
    var ticket: Ticket?
    let deadline: ContinuousClock.Instant
  }

  private let window: Int
  /// In order of arrival; those that were cancelled are gone from `waiting` only.
  private var order: [Ticket] = []
  private var head = 0
  private var waiting: [Ticket: Waiting] = [:]
  private var inFlight: [UInt64: InFlight] = [:]
  private var lastTicket: Ticket = 0
  /// Number of the next message on this channel, as the broker counts.
  private var nextTag: UInt64 = 1
  /// No message before this one is in flight.
  private var lowestTag: UInt64 = 1
  private var returned: Set<UInt64> = []

  /// - Parameter window: messages that may be unconfirmed at once.
  init(window: Int) { self.window = max(1, window) }

  /// Messages whose confirm is owed.
  var unconfirmed: Int { inFlight.count }

  /// Whether anybody waits for a confirm.
  var isAwaited: Bool { inFlight.values.contains { $0.ticket != nil } }

  // MARK: Going out

  /// Takes a message in.
  mutating func add(
    _ message: AMQPMessage, exchange: String, routingKey: String, isMandatory: Bool = true,
    deadline: ContinuousClock.Instant
  ) -> Ticket {
    lastTicket += 1
    let departure = Departure(
      ticket: lastTicket, message: message, exchange: exchange, routingKey: routingKey, isMandatory: isMandatory)
    waiting[lastTicket] = Waiting(departure: departure, deadline: deadline)
    order.append(lastTicket)
    return lastTicket
  }

  /// The message whose turn it is, with the number that the broker will give it; `nil` when there is none or the
  /// window is full.
  mutating func next() -> (Departure, tag: UInt64)? {
    guard inFlight.count < window else { return nil }
    while let ticket = first() {
      head += 1
      guard let next = waiting.removeValue(forKey: ticket) else { continue }
      let tag = nextTag
      nextTag += 1
      inFlight[tag] = InFlight(ticket: ticket, deadline: next.deadline)
      return (next.departure, tag)
    }
    return nil
  }

  private mutating func first() -> Ticket? {
    if head < order.count { return order[head] }
    order.removeAll(keepingCapacity: true)
    head = 0
    return nil
  }

  // MARK: What the broker says

  /// No queue took that message; its confirm follows.
  mutating func markReturned(_ tag: UInt64) {
    if inFlight[tag] != nil { returned.insert(tag) }
  }

  /// The broker has spoken about a message, or, with `multiple`, about all up to it.
  mutating func settle(_ tag: UInt64, multiple: Bool, isAcknowledged: Bool) -> [(Ticket, Outcome)] {
    // Only what was sent: a broker's nonsense must not make this loop long.
    let last = min(tag, nextTag - 1)
    let first = multiple ? lowestTag : tag
    guard first <= last, first > 0 else { return [] }
    var settled: [(Ticket, Outcome)] = []
    for tag in first...last {
      guard let message = inFlight.removeValue(forKey: tag) else { continue }
      let wasReturned = returned.remove(tag) != nil
      guard let ticket = message.ticket else { continue }
      settled.append((ticket, !isAcknowledged ? .nacked : wasReturned ? .unroutable : .confirmed))
    }
    while lowestTag < nextTag, inFlight[lowestTag] == nil { lowestTag += 1 }
    return settled
  }

  // MARK: Giving up

  /// Those whose time is over. Their confirms are still owed.
  mutating func expire(at now: ContinuousClock.Instant) -> [(Ticket, Outcome)] {
    var expired: [(Ticket, Outcome)] = []
    for (tag, message) in inFlight where message.deadline <= now {
      guard let ticket = message.ticket else { continue }
      inFlight[tag]?.ticket = nil
      expired.append((ticket, .timedOut))
    }
    for (ticket, message) in waiting where message.deadline <= now {
      waiting[ticket] = nil
      expired.append((ticket, .timedOut))
    }
    return expired
  }

  /// Nobody waits for that message any more.
  mutating func cancel(_ ticket: Ticket) {
    if waiting.removeValue(forKey: ticket) != nil { return }
    for (tag, message) in inFlight where message.ticket == ticket { inFlight[tag]?.ticket = nil }
  }

  /// The channel is gone, and what was in flight on it is unknown. The next one counts from 1.
  mutating func forgetInFlight() -> [Ticket] {
    let lost = inFlight.values.compactMap(\.ticket)
    inFlight = [:]
    returned = []
    (nextTag, lowestTag) = (1, 1)
    return lost
  }

  /// The connection is gone, for those that wait for their turn, too.
  mutating func forgetAll() -> [Ticket] {
    let lost = forgetInFlight() + waiting.keys
    waiting = [:]
    order = []
    head = 0
    return lost
  }
}

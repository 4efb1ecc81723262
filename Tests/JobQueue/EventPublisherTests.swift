import AMQP
import Foundation
import TestSupport
import Testing

@testable import JobQueue

/// Events on a real broker.
@Suite("Publishing events", .timeLimit(.minutes(3)))
struct EventPublisherTests {
  static func event(_ number: Int, entity: String = "call") -> PublishedEvent {
    var event = EventMessageTests.event
    (event.id, event.entity) = ("e\(number)", entity)
    return event
  }

  static func publisher(_ host: VirtualHost) throws -> EventPublisher {
    EventPublisher(try host.configuration(), logger: QueueTests.quiet)
  }

  /// A subscriber's queue for some keys; the exchange need not be there before.
  static func subscribe(_ host: VirtualHost, _ queue: String, to keys: String) async throws -> AMQPPublisher {
    let subscriber = AMQPPublisher(try host.configuration())
    try await subscriber.connect()
    try await subscriber.declareExchange(EventPublisher.exchange, type: "topic")
    try await subscriber.declareQueue(
      queue, deadLetterExchange: nil, boundTo: EventPublisher.exchange, routingKey: keys)
    return subscriber
  }

  static func takeAll(_ subscriber: AMQPPublisher, from queue: String) async throws -> [String] {
    struct Identified: Decodable { let id: String }
    var ids: [String] = []
    while let body = try await subscriber.take(from: queue) {
      ids.append(try JSONDecoder().decode(Identified.self, from: Data(body)).id)
    }
    return ids
  }

  @Test("without a subscriber an event is confirmed and gone, and no error")
  func nobody() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      for number in 0..<3 { try await publisher.publish(Self.event(number)) }
      await publisher.close()
    }
  }

  @Test("an event arrives persistent, with its type, its id and its key, at those who subscribe to it and nobody else")
  func arrives() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      let calls = try await Self.subscribe(host, "calls", to: "acme.call.*")
      let removed = try await Self.subscribe(host, "removed", to: "#.removed")
      try await publisher.publish(Self.event(1))
      try await publisher.publish(Self.event(2, entity: "call.x.*"))
      let message = try await host.peek("calls")
      #expect(message.payload == String(decoding: Self.event(1).body, as: UTF8.self))
      #expect(message.exchange == "crmsync.events" && message.routing_key == "acme.call.updated")
      #expect(message.properties.delivery_mode == 2 && message.properties.message_id == "e1")
      #expect(message.properties.content_type == "application/cloudevents+json")
      #expect(try await Self.takeAll(calls, from: "calls") == ["e1"])
      #expect(try await Self.takeAll(removed, from: "removed") == [])
    }
  }

  @Test("many events at once all arrive; those that are awaited one by one arrive in order")
  func many() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      let subscriber = try await Self.subscribe(host, "all", to: "acme.#")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<500 { group.addTask { try await publisher.publish(Self.event(number)) } }
        try await group.waitForAll()
      }
      #expect(Set(try await Self.takeAll(subscriber, from: "all")).count == 500)
      for number in 0..<50 { try await publisher.publish(Self.event(number)) }
      #expect(try await Self.takeAll(subscriber, from: "all") == (0..<50).map { "e\($0)" })
    }
  }

  @Test("ids and entities of any length and any characters break no connection")
  func odd() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      let subscriber = try await Self.subscribe(host, "all", to: "#")
      let long = String(repeating: "é*.#\u{0}", count: 100)
      var event = Self.event(1)
      (event.id, event.entity, event.recordID) = (long, long, long)
      try await publisher.publish(event)
      try await publisher.publish(Self.event(2))
      #expect(try await Self.takeAll(subscriber, from: "all") == [long, "e2"])
    }
  }

  @Test("an exchange that is gone, or a broker that came back empty, takes events again by itself")
  func wiped() async throws {
    try await VirtualHost.with { host in
      let publisher = try Self.publisher(host)
      try await publisher.publish(Self.event(1))
      try await host.delete(exchange: EventPublisher.exchange)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 { group.addTask { try await publisher.publish(Self.event(number)) } }
        try await group.waitForAll()
      }
      try await host.wipe()
      try await until("an event is published again", within: .seconds(20)) {
        (try? await publisher.publish(Self.event(3))) != nil
      }
      let subscriber = try await Self.subscribe(host, "all", to: "#")
      try await publisher.publish(Self.event(4))
      #expect(try await Self.takeAll(subscriber, from: "all") == ["e4"])
    }
  }

  @Test("an exchange of that name and another type is an error that says so")
  func otherType() async throws {
    try await VirtualHost.with { host in
      let other = AMQPPublisher(try host.configuration())
      try await other.connect()
      try await other.declareExchange(EventPublisher.exchange, type: "fanout")
      let publisher = try Self.publisher(host)
      let error = await #expect(throws: QueueError.self) { try await publisher.publish(Self.event(1)) }
      #expect(error?.kind == .precondition && error.map { "\($0)".contains("crmsync.events") } == true)
    }
  }

  @Test("a broker that cannot be reached is tried now and then; calls in between fail at once")
  func unreachable() async throws {
    let configuration = try AMQPConfiguration(url: "amqp://crmsync@127.0.0.1:1/x")
    let publisher = EventPublisher(configuration, logger: QueueTests.quiet)
    for number in 0..<200 {
      let error = await #expect(throws: QueueError.self) { try await publisher.publish(Self.event(number)) }
      #expect(error?.kind == .connect)
    }
  }
}

import TestSupport
import Testing

@testable import AMQP

/// Deliveries in a worker's hands, and how they come back.
@Suite("Pulling", .timeLimit(.minutes(2)))
struct PullerTests {
  let queue = TestBroker.name("pull")
  let other = TestBroker.name("pull")

  /// Runs with a connected puller and two queues, and removes these again.
  func withPuller(
    _ configuration: AMQPConfiguration? = nil, _ body: (AMQPPuller, AMQPPublisher) async throws -> Void
  ) async throws {
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration())
    for queue in [queue, other] { try await publisher.declareTestQueue(queue) }
    let puller = AMQPPuller(try configuration ?? TestBroker.configuration())
    try await puller.connect()
    do {
      try await body(puller, publisher)
    } catch {
      for queue in [queue, other] { try? await publisher.deleteQueue(queue) }
      throw error
    }
    await puller.close()
    for queue in [queue, other] { try await publisher.deleteQueue(queue) }
  }

  func publish(_ bytes: [UInt8], to queue: String, _ publisher: AMQPPublisher) async throws {
    try await publisher.publish(
      AMQPMessage(bytes, messageID: "id \(bytes.count)"), exchange: AMQPPublisher.testExchange, routingKey: queue)
  }

  @Test("a message is taken once, with its id, and gone when acknowledged")
  func acknowledged() async throws {
    try await withPuller { puller, publisher in
      #expect(try await puller.get(queue) == nil)
      try await publish([1, 2], to: queue, publisher)
      let delivery = try #require(try await puller.get(queue))
      #expect(delivery.body == [1, 2] && delivery.messageID == "id 2" && !delivery.isRedelivered)
      #expect(try await puller.get(queue) == nil)
      try await puller.acknowledge(delivery)
      await puller.close()
      try await puller.connect()
      #expect(try await puller.get(queue) == nil)
    }
  }

  @Test("bodies arrive as they were, empty ones and those of many frames", arguments: [0, 131_065, 3_000_000])
  func bodies(bytes: Int) async throws {
    try await withPuller { puller, publisher in
      let body = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try await publish(body, to: queue, publisher)
      #expect(try await puller.get(queue)?.body == body)
    }
  }

  @Test("after a lost connection the message comes again, and the old delivery can do nothing")
  func redelivered() async throws {
    let cable = try Cable(to: TestBroker.port())
    try await withPuller(TestBroker.configuration(port: cable.port)) { puller, publisher in
      try await publish([1], to: queue, publisher)
      let lost = try #require(try await puller.get(queue))
      cable.cut()
      try await until("the loss is noticed") { await !puller.isConnected }
      #expect(await errorOf { try await puller.acknowledge(lost) }?.kind == .connectionLost)
      #expect(await errorOf { _ = try await puller.get(queue) }?.kind == .connectionLost)
      try await puller.connect()
      #expect(await errorOf { try await puller.acknowledge(lost) }?.kind == .connectionLost)
      // The broker puts the message back when it has noticed, too.
      try await until("the message is back") { try await publisher.depth(of: queue)?.ready == 1 }
      let again = try #require(try await puller.get(queue))
      #expect(again.isRedelivered)
      #expect(await errorOf { try await puller.acknowledge(lost) }?.kind == .connectionLost)
      try await puller.acknowledge(again)
      #expect(try await puller.get(queue) == nil)
    }
  }

  @Test("a queue that does not exist is said so, and deliveries from other queues stay in hand")
  func missingQueue() async throws {
    try await withPuller { puller, publisher in
      try await publish([1], to: queue, publisher)
      let delivery = try #require(try await puller.get(queue))
      for _ in 0..<3 { #expect(await errorOf { _ = try await puller.get("no-such-queue") }?.kind == .notFound) }
      try await puller.acknowledge(delivery)
      await puller.close()
      #expect(try await publisher.depth(of: queue)?.ready == 0)
    }
  }

  @Test("a queue that is deleted takes its deliveries along, no others; declared again, it is pulled from")
  func deletedQueue() async throws {
    try await withPuller { puller, publisher in
      for queue in [queue, other] { try await publish([1], to: queue, publisher) }
      let gone = try #require(try await puller.get(queue))
      let kept = try #require(try await puller.get(other))
      try await publisher.deleteQueue(queue)
      #expect(await errorOf { _ = try await puller.get(queue) }?.kind == .notFound)
      #expect(await errorOf { try await puller.acknowledge(gone) }?.kind == .connectionLost)
      try await puller.acknowledge(kept)
      try await publisher.declareTestQueue(queue)
      try await publish([2], to: queue, publisher)
      #expect(try await puller.get(queue)?.body == [2])
    }
  }

  @Test("a rejected message goes back to its queue, or to the dead-letter exchange")
  func rejected() async throws {
    try await withPuller { puller, publisher in
      let dead = TestBroker.name("dead")
      try await publisher.declareExchange(dead, type: "fanout")
      try await publisher.declareQueue(dead, deadLetterExchange: nil, boundTo: dead, routingKey: "")
      let source = TestBroker.name("source")
      try await publisher.declareTestQueue(source, deadLetterExchange: dead)
      try await publish([9], to: source, publisher)
      try await puller.reject(try #require(try await puller.get(source)), requeue: true)
      let again = try #require(try await puller.get(source))
      #expect(again.isRedelivered)
      try await puller.reject(again, requeue: false)
      try await until("the dead letter") { try await publisher.depth(of: dead)?.ready == 1 }
      #expect(try await publisher.take(from: dead) == [9])
      for queue in [dead, source] { try await publisher.deleteQueue(queue) }
    }
  }
}

import TestSupport
import Testing

@testable import AMQP

/// A message that was confirmed is on a queue; every other caller learns what happened.
@Suite("Publishing", .timeLimit(.minutes(2)))
struct PublisherTests {
  let queue = TestBroker.name("publish")
  let exchange = AMQPPublisher.testExchange

  /// Runs with a connected publisher and a queue, and removes the queue again.
  func withPublisher(
    _ configuration: AMQPConfiguration? = nil, window: Int = 256, timeout: Duration = .seconds(30),
    _ body: (AMQPPublisher) async throws -> Void
  ) async throws {
    let plain = try await AMQPPublisher.connected(TestBroker.configuration())
    try await plain.declareTestQueue(queue)
    let publisher = try await AMQPPublisher.connected(
      configuration ?? TestBroker.configuration(), window: window, timeout: timeout)
    do {
      try await body(publisher)
    } catch {
      try? await plain.deleteQueue(queue)
      throw error
    }
    try await plain.deleteQueue(queue)
    await publisher.close()
    await plain.close()
  }

  @Test("a confirmed message is on its queue")
  func confirmed() async throws {
    try await withPublisher { publisher in
      try await publisher.publish(AMQPMessage([1, 2, 3]), exchange: exchange, routingKey: queue)
      #expect(try await publisher.depth(of: queue) == QueueDepth(ready: 1, consumers: 0))
      #expect(try await publisher.take(from: queue) == [1, 2, 3])
      #expect(try await publisher.take(from: queue) == nil)
    }
  }

  @Test(
    "bodies arrive as they were, empty ones and those of many frames", arguments: [0, 1, 131_064, 131_065, 3_000_000])
  func bodies(bytes: Int) async throws {
    try await withPublisher { publisher in
      let body = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try await publisher.publish(AMQPMessage(body), exchange: exchange, routingKey: queue)
      #expect(try await publisher.take(from: queue) == body)
    }
  }

  @Test("of many at once, exactly those without a queue are unroutable", arguments: [1, 4, 256])
  func unroutable(window: Int) async throws {
    try await withPublisher(window: window) { publisher in
      let keys = (0..<200).map { $0 % 3 == 0 ? "no-such-queue" : queue }
      let kinds = await publisher.publishAll(keys, body: Array(repeating: 1, count: 500), exchange: exchange)
      for (key, kind) in zip(keys, kinds) { #expect(kind == (key == queue ? nil : .unroutable)) }
      let depth = try await publisher.depth(of: queue)
      #expect(depth?.ready == keys.count { $0 == queue })
    }
  }

  @Test("a returned message of many frames is unroutable, and the connection goes on")
  func largeUnroutable() async throws {
    try await withPublisher { publisher in
      let body = [UInt8](repeating: 1, count: 400_000)
      #expect(await publisher.publishAll(["nowhere", queue], body: body, exchange: exchange) == [.unroutable, nil])
    }
  }

  @Test("what a full queue refuses is nacked, and only that")
  func nacked() async throws {
    try await withPublisher { publisher in
      let full = TestBroker.name("full")
      try await publisher.declareRefusingQueue(full, room: 2)
      var kinds: [AMQPError.Kind?] = []
      for _ in 0..<5 { kinds += await publisher.publishAll([full], exchange: "") }
      #expect(kinds == [nil, nil, .nacked, .nacked, .nacked])
    }
  }

  @Test("a queue that has refused is served again as soon as its limit is lifted, or it has room")
  func limitLifted() async throws {
    try await withPublisher { publisher in
      let policy = ["set_policy", queue, "^\(queue)$", #"{"max-length":1,"overflow":"reject-publish"}"#]
      try await TestBroker.control(policy + ["--priority", "9", "--apply-to", "queues"])
      try await until("the limit", within: .seconds(30)) {
        await publisher.publishAll([queue], exchange: exchange) == [.nacked]
      }
      // What is refused with others on their way costs them nothing.
      #expect(await publisher.publishAll([queue, queue], exchange: exchange) == [.nacked, .nacked])
      try await TestBroker.control(["clear_policy", queue])
      let start = ContinuousClock.now
      try await until("the broker to take messages again", within: .seconds(20)) {
        await publisher.publishAll([queue], exchange: exchange) == [nil]
      }
      print("a limit was lifted: messages are taken after \(ContinuousClock.now - start)")
    }
  }

  @Test("a missing exchange fails what is in flight, and the next message goes out")
  func missingExchange() async throws {
    try await withPublisher { publisher in
      let error = await errorOf {
        try await publisher.publish(AMQPMessage([1]), exchange: "no-such-exchange", routingKey: queue)
      }
      #expect(error?.kind == .channelClosed)
      #expect(error?.replyCode == 404)
      #expect(await publisher.publishAll([queue, queue], exchange: exchange) == [nil, nil])
    }
  }

  @Test("asking for a queue that does not exist disturbs no message on its way")
  func missingQueue() async throws {
    try await withPublisher { publisher in
      let questions = Task {
        for _ in 0..<50 {
          let depth = try await publisher.depth(of: TestBroker.name("missing"))
          #expect(depth == nil)
        }
      }
      for _ in 0..<20 {
        let kinds = await publisher.publishAll(Array(repeating: queue, count: 50), exchange: exchange)
        #expect(kinds.allSatisfy { $0 == nil })
      }
      try await questions.value
    }
  }

  @Test("a queue that exists with other properties is named, with a remedy")
  func precondition() async throws {
    try await withPublisher { publisher in
      let error = await errorOf { try await publisher.declareTestQueue(queue, deadLetterExchange: "elsewhere") }
      #expect(error?.kind == .precondition)
      #expect(error?.replyCode == 406)
      #expect(error.map { "\($0)".contains(queue) && "\($0)".contains("delete it") } == true)
      #expect(await publisher.publishAll([queue], exchange: exchange) == [nil])
    }
  }

  @Test("a queue that is deleted makes its messages unroutable; declared again, it takes them")
  func deletedQueue() async throws {
    try await withPublisher { publisher in
      try await publisher.deleteQueue(queue)
      #expect(try await publisher.depth(of: queue) == nil)
      #expect(await publisher.publishAll([queue], exchange: exchange) == [.unroutable])
      try await publisher.declareTestQueue(queue)
      #expect(await publisher.publishAll([queue], exchange: exchange) == [nil])
    }
  }

  // MARK: A connection in trouble

  @Test("when the connection is cut, everybody who waits is told, and connecting again is enough")
  func cut() async throws {
    let cable = try Cable(to: TestBroker.port())
    try await withPublisher(TestBroker.configuration(port: cable.port), window: 5) { publisher in
      cable.freeze()
      async let kinds = publisher.publishAll(Array(repeating: queue, count: 20), exchange: exchange)
      try await until("20 callers wait") { await publisher.waiting == 20 }
      cable.cut()
      #expect(await kinds.allSatisfy { $0 == .connectionLost })
      #expect(await !publisher.isConnected)
      try await publisher.connect()
      #expect(await publisher.publishAll([queue, "nowhere"], exchange: exchange) == [nil, .unroutable])
    }
  }

  @Test("a broker that falls silent is given up after a few heartbeats")
  func silence() async throws {
    let cable = try Cable(to: TestBroker.port())
    try await withPublisher(TestBroker.configuration(port: cable.port, heartbeat: 2)) { publisher in
      cable.freeze()
      let kinds = try await within(.seconds(15), "the loss of the connection") {
        await publisher.publishAll([queue], exchange: exchange)
      }
      #expect(kinds == [.connectionLost])
    }
  }

  @Test("an idle connection stays alive for many heartbeats")
  func idle() async throws {
    try await withPublisher(TestBroker.configuration(heartbeat: 2)) { publisher in
      // The broker gives up after two heartbeats: time itself is what is tested.
      try await Task.sleep(for: .seconds(7))
      #expect(await publisher.isConnected)
      #expect(await publisher.publishAll([queue], exchange: exchange) == [nil])
    }
  }

  @Test("a confirm that does not come in time ends the waiting; one that comes later does no harm")
  func timeout() async throws {
    let cable = try Cable(to: TestBroker.port())
    try await withPublisher(
      TestBroker.configuration(port: cable.port), window: 2, timeout: .milliseconds(500)
    ) { publisher in
      cable.freeze()
      let kinds = try await within(.seconds(10), "timeouts") {
        await publisher.publishAll(Array(repeating: queue, count: 4), exchange: exchange)
      }
      #expect(kinds == [.timeout, .timeout, .timeout, .timeout])
      cable.thaw()
      #expect(await publisher.publishAll([queue, "nowhere"], exchange: exchange) == [nil, .unroutable])
      #expect(try await publisher.depth(of: queue)?.ready == 3)
    }
  }

  @Test("a cancelled caller is let go at once, in flight or waiting for its turn")
  func cancelled() async throws {
    let cable = try Cable(to: TestBroker.port())
    try await withPublisher(TestBroker.configuration(port: cable.port), window: 1) { publisher in
      cable.freeze()
      let callers = Task { await publisher.publishAll([queue, queue, queue], exchange: exchange) }
      try await until("3 callers wait") { await publisher.waiting == 3 }
      callers.cancel()
      let kinds = try await within(.seconds(5), "cancelled callers") { await callers.value }
      #expect(kinds == [.cancelled, .cancelled, .cancelled])
      cable.thaw()
      #expect(await publisher.publishAll([queue], exchange: exchange) == [nil])
      #expect(try await publisher.depth(of: queue)?.ready == 2)
    }
  }

  @Test("when the broker closes the connection, its reason is passed on")
  func closedByBroker() async throws {
    let name = TestBroker.name("closed")
    let cable = try Cable(to: TestBroker.port())
    try await withPublisher(TestBroker.configuration(port: cable.port, name: name)) { publisher in
      // Kept on its way to the broker, so that somebody waits.
      cable.freeze()
      let caller = Task {
        await errorOf { try await publisher.publish(AMQPMessage([1]), exchange: exchange, routingKey: queue) }
      }
      try await until("the caller waits") { await publisher.waiting == 1 }
      try await TestBroker.evaluate(
        #"[rabbit_networking:close_connection(P, "by the test") || \#(TestBroker.connections(named: name))]."#)
      cable.thaw()
      let error = await caller.value
      if let error {
        #expect(error.kind == .connectionLost)
        #expect("\(error)".contains("by the test"))
      }
      try await until("the connection is gone") { await !publisher.isConnected }
    }
  }
}

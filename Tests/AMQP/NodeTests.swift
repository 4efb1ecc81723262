import Foundation
import TestSupport
import Testing

@testable import AMQP

/// Trouble that the broker itself makes: an alarm, and deliveries that are held for too long. One at a time.
@Suite("A broker in trouble", .serialized, .timeLimit(.minutes(3)))
struct NodeTests {
  let queue = TestBroker.name("node")
  let name = TestBroker.name("connection")
  let exchange = AMQPPublisher.testExchange

  /// Tells the broker's process of one connection of an alarm, as its alarm handler does, or that it is over.
  static func alarm(_ isOn: Bool, connection: String) async throws {
    try await TestBroker.evaluate(
      "[P ! {conserve_resources, memory, \(isOn)} || \(TestBroker.connections(named: connection))].")
  }

  @Test("in a memory alarm callers wait, can be cancelled and time out, and questions are not asked in vain")
  func memoryAlarm() async throws {
    let (changes, change) = AsyncStream.makeStream(of: String?.self)
    let publisher = try await AMQPPublisher.connected(
      TestBroker.configuration(name: name), timeout: .seconds(2), onBlocked: { change.yield($0) })
    try await publisher.declareTestQueue(queue)
    let (queue, exchange) = (queue, exchange)
    try await Self.alarm(true, connection: name)
    // The broker says that it is blocked to those that publish, and reads no further.
    async let first = publisher.publishAll([queue], exchange: exchange)
    let reason = try await within(.seconds(10), "connection.blocked") { await next(of: changes) }
    #expect(reason??.contains("memory") == true)
    #expect(await publisher.isBlocked)

    let error = await errorOf { _ = try await publisher.depth(of: queue) }
    #expect(error?.kind == .timeout)
    #expect(error.map { "\($0)".contains("low on memory") } == true)

    let callers = Task { await publisher.publishAll([queue, queue], exchange: exchange) }
    try await until("callers wait") { await publisher.waiting == 2 }
    callers.cancel()
    #expect(await callers.value == [.cancelled, .cancelled])

    let late = try await within(.seconds(10), "a timeout") {
      await publisher.publishAll([queue], exchange: exchange)
    }
    #expect(late == [.timeout])
    #expect(await first == [.timeout])

    try await Self.alarm(false, connection: name)
    let end = try await within(.seconds(10), "connection.unblocked") { await next(of: changes) }
    #expect(end == .some(nil))
    #expect(await publisher.publishAll([queue], exchange: exchange) == [nil])
    // The first one was on its way already; the others were never sent.
    #expect(try await publisher.depth(of: queue)?.ready == 2)
    try await publisher.deleteQueue(queue)
  }

  @Test("closing while the broker reads nothing does not wait for its answer")
  func closeInAlarm() async throws {
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration(name: name))
    try await publisher.declareTestQueue(queue)
    try await Self.alarm(true, connection: name)
    let (queue, exchange) = (queue, exchange)
    async let caller = publisher.publishAll([queue], exchange: exchange)
    try await until("the broker blocks") { await publisher.isBlocked }
    try await within(.seconds(5), "the end of the connection") { await publisher.close() }
    #expect(await caller == [.connectionLost])
    try await publisher.connect()
    #expect(await !publisher.isBlocked)
    try await publisher.deleteQueue(queue)
  }

  @Test("large messages in a memory alarm leave nobody hanging, and all arrive when it is over")
  func largeMessages() async throws {
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration(name: name))
    try await publisher.declareTestQueue(queue)
    let (queue, exchange) = (queue, exchange)
    let keys = Array(repeating: queue, count: 60)
    let body = [UInt8](repeating: 7, count: 200_000)
    try await Self.alarm(true, connection: name)
    let callers = Task { await publisher.publishAll(keys, body: body, exchange: exchange) }
    try await until("the broker blocks") { await publisher.isBlocked }
    try await Self.alarm(false, connection: name)
    let ended = try await within(.seconds(60), "every caller") { await callers.value }
    #expect(ended.allSatisfy { $0 == nil })
    try await publisher.deleteQueue(queue)
  }

  @Test(
    "a broker that stops reading in the middle of a message is given up after 20 seconds",
    .enabled(if: ProcessInfo.processInfo.environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1 > 1))
  func stopsReading() async throws {
    let cable = try Cable(to: TestBroker.port())
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration(port: cable.port))
    cable.freeze()
    let (exchange, queue) = (exchange, queue)
    let ended = try await within(.seconds(40), "the end of a blocked call") {
      await publisher.publishAll([queue], body: Array(repeating: 7, count: 50_000_000), exchange: exchange)
    }
    #expect(ended == [.connectionLost])
  }

  @Test("a delivery that is held for too long closes its channel alone, and comes again")
  func heldTooLong() async throws {
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration())
    let puller = AMQPPuller(try TestBroker.configuration())
    try await puller.connect()
    try await publisher.declareTestQueue(queue)
    try await publisher.publish(AMQPMessage([1]), exchange: exchange, routingKey: queue)
    try await TestBroker.evaluate(
      """
      persistent_term:put(crmsync_test,
        [{K, application:get_env(rabbit, K)} || K <- [consumer_timeout, channel_tick_interval]]),
      application:set_env(rabbit, consumer_timeout, 3000), application:set_env(rabbit, channel_tick_interval, 500).
      """)
    // The channel is opened by this, and looks at the time as often as was just said.
    let held = try #require(try await puller.get(queue))
    let isBack = Task {
      try await until("the message comes back", within: .seconds(30)) {
        try await publisher.depth(of: queue)?.ready == 1
      }
    }
    let back = await isBack.result
    try await TestBroker.evaluate(
      """
      [case V of {ok, X} -> application:set_env(rabbit, K, X); undefined -> application:unset_env(rabbit, K) end
        || {K, V} <- persistent_term:get(crmsync_test)].
      """)
    try back.get()
    #expect(await errorOf { try await puller.acknowledge(held) }?.kind == .connectionLost)
    #expect(await puller.isConnected)
    let again = try #require(try await puller.get(queue))
    #expect(again.isRedelivered)
    try await puller.acknowledge(again)
    try await publisher.deleteQueue(queue)
  }

  @Test("an idle puller with a delivery in hand stays alive for many heartbeats")
  func idle() async throws {
    let publisher = try await AMQPPublisher.connected(TestBroker.configuration())
    let puller = AMQPPuller(try TestBroker.configuration(heartbeat: 2))
    try await puller.connect()
    try await publisher.declareTestQueue(queue)
    try await publisher.publish(AMQPMessage([1]), exchange: exchange, routingKey: queue)
    let delivery = try #require(try await puller.get(queue))
    // The broker gives up after two heartbeats: time itself is what is tested.
    try await Task.sleep(for: .seconds(7))
    try await puller.acknowledge(delivery)
    #expect(try await puller.get(queue) == nil)
    try await publisher.deleteQueue(queue)
  }
}

import Foundation
import Testing

@testable import AMQP

/// What can be wrong with a broker, a login or a certificate.
@Suite("Connecting", .timeLimit(.minutes(2)))
struct ConnectTests {
  static func refusal(_ url: String, password: String? = nil) async throws -> AMQPError {
    let configuration = try AMQPConfiguration(url: url, password: password)
    let publisher = AMQPPublisher(configuration)
    let error = try #require(await errorOf { try await publisher.connect() })
    #expect(await !publisher.isConnected)
    return error
  }

  @Test("a wrong password is said to be one, and is not shown")
  func password() async throws {
    let error = try await Self.refusal(TestBroker.url(), password: "sesame")
    #expect(error.kind == .authentication)
    #expect(error.replyCode == 403)
    #expect(error.isUnreachable && !error.isRetriable)
    #expect("\(error)".contains("password") && !"\(error)".contains("sesame"))
  }

  @Test("a user that the broker does not know is said so")
  func user() async throws {
    #expect(try await Self.refusal(TestBroker.url(user: "nobody-here")).kind == .authentication)
  }

  @Test("a virtual host that does not exist is named")
  func virtualHost() async throws {
    let error = try await Self.refusal(TestBroker.url(virtualHost: "no-such-host"))
    #expect(error.kind == .accessRefused)
    #expect("\(error)".contains("no-such-host"))
  }

  @Test("a port where nobody listens, and a host that does not exist, cannot be connected to")
  func nobody() async throws {
    let error = try await Self.refusal(TestBroker.url(port: 1))
    #expect(error.kind == .connect)
    #expect("\(error)".contains("127.0.0.1:1"))
    #expect(try await Self.refusal(TestBroker.url(host: "no-such-host.invalid")).kind == .connect)
  }

  @Test("a server that speaks something else is not waited for without end")
  func otherServer() async throws {
    let relay = try Cable(to: 1)
    #expect(try await Self.refusal(TestBroker.url(port: relay.port)).isUnreachable)
  }

  @Test("TLS to a port that speaks none fails as TLS")
  func noTLS() async throws {
    #expect(try await Self.refusal(TestBroker.url(scheme: "amqps")).kind == .tls)
  }

  @Test("over TLS the broker must prove its name with a certificate of the authority that was named")
  func verification() async throws {
    let relay = try await TLSRelay(to: TestBroker.port(), host: "localhost")
    func url(_ host: String, query: String?) throws -> String {
      try TestBroker.url(scheme: "amqps", host: host, port: relay.port, query: query)
    }
    let named = "cacertfile=\(relay.certificate)"
    let publisher = try await AMQPPublisher.connected(AMQPConfiguration(url: url("localhost", query: named)))
    #expect(try await publisher.depth(of: TestBroker.name("tls")) == nil)
    let big = [UInt8](repeating: 7, count: 300_000)
    let queue = TestBroker.name("tls")
    try await publisher.declareTestQueue(queue)
    try await publisher.publish(AMQPMessage(big), exchange: AMQPPublisher.testExchange, routingKey: queue)
    #expect(try await publisher.take(from: queue) == big)
    try await publisher.deleteQueue(queue)

    #expect(try await Self.refusal(url("127.0.0.1", query: named)).kind == .tls, "another name")
    #expect(try await Self.refusal(url("localhost", query: nil)).kind == .tls, "an unknown authority")
    let missing = try await Self.refusal(url("localhost", query: "cacertfile=/no/such/file"))
    #expect(missing.kind == .tls && "\(missing)".contains("/no/such/file"))
  }

  @Test("a publisher that is not connected says so")
  func notConnected() async throws {
    let publisher = AMQPPublisher(try TestBroker.configuration())
    let error = await errorOf { try await publisher.publish(AMQPMessage([]), exchange: "", routingKey: "x") }
    #expect(error?.kind == .connectionLost)
    await publisher.close()
  }
}

import AMQP
import Testing

@testable import JobQueue

/// What `crmsync check` says about a broker.
@Suite("The check of the broker", .timeLimit(.minutes(2)))
struct TopologyCheckTests {
  static func refusal(_ configuration: AMQPConfiguration) async -> QueueError? {
    await #expect(throws: QueueError.self) { _ = try await TopologyCheck(configuration, tenants: ["acme"]).run() }
  }

  @Test("a broker that works is found to work, twice, and keeps nothing but the queues")
  func works() async throws {
    try await VirtualHost.with { host in
      for _ in 0..<2 {
        let notes = try await TopologyCheck(host.configuration(), tenants: ["acme"]).run()
        #expect(notes.isEmpty)
      }
    }
  }

  @Test("a broker that gives messages up after a few deliveries is told apart, with the policy to set")
  func deliveryLimit() async throws {
    try await VirtualHost.with { host in
      try await host.setPolicy(#"{"delivery-limit":3}"#)
      let notes = try await TopologyCheck(host.configuration(), tenants: ["acme"]).run()
      #expect(notes.count == 1 && notes.first?.contains("gives a message up after 4 deliveries") == true, "\(notes)")
      try await host.setPolicy(#"{"delivery-limit":1000000}"#)
      #expect(try await TopologyCheck(host.configuration(), tenants: ["acme"]).run().isEmpty)
    }
  }

  @Test("a user who may not declare is told which permission is missing")
  func poorUser() async throws {
    try await VirtualHost.with { host in
      try await host.withPoorUser { configuration in
        let error = await Self.refusal(configuration)
        #expect(error?.kind == .accessRefused)
        #expect(error.map { "\($0)".contains("configure, write and read") } == true)
      }
    }
  }

  @Test("a virtual host that is not there is named")
  func missingHost() async throws {
    var host: AMQPConfiguration?
    try await VirtualHost.with { host = try $0.configuration() }
    let error = await Self.refusal(try #require(host))
    #expect(error?.kind == .accessRefused)
    #expect(error.map { "\($0)".contains("vhost test.") } == true)
  }
}

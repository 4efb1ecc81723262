import AMQP
import Foundation
import Testing

/// A virtual host of its own on the private broker that `./dev test` provides: a broker that can be wiped alone.
struct VirtualHost: Sendable {
  let name: String
  private let management: Management
  private let user: String

  /// Runs with a virtual host that is deleted afterwards.
  static func with(_ body: (VirtualHost) async throws -> Void) async throws {
    let host = try VirtualHost()
    try await host.add()
    do {
      try await body(host)
    } catch {
      try? await host.delete()
      throw error
    }
    try await host.delete()
  }

  private init() throws {
    name = "test.\(String(UInt64.random(in: .min ... .max), radix: 36))"
    management = try Management()
    user = try Self.url().user ?? "guest"
  }

  private static func url() throws -> URLComponents { try Management.url("CRMSYNC_TEST_RABBITMQ_URL") }

  /// How to log in here, perhaps as somebody else.
  func configuration(user: String? = nil, password: String? = nil) throws -> AMQPConfiguration {
    var url = try Self.url()
    url.path = "/" + name
    if let user { url.user = user }
    if let password { url.password = password }
    return try AMQPConfiguration(url: url.string ?? "")
  }

  private func add() async throws {
    try await management.send("PUT", "vhosts/\(name)")
    try await permit(user, configure: ".*")
  }

  private func permit(_ user: String, configure: String) async throws {
    try await management.send(
      "PUT", "permissions/\(name)/\(user)", ["configure": configure, "write": ".*", "read": ".*"])
  }

  func delete(exchange: String) async throws { try await management.send("DELETE", "exchanges/\(name)/\(exchange)") }

  private func delete() async throws { try await management.send("DELETE", "vhosts/\(name)") }

  /// The oldest message of a queue, with its properties, as the broker's HTTP API gives it.
  func peek(_ queue: String) async throws -> Message {
    let data = try await management.send(
      "POST", "queues/\(name)/\(queue)/get",
      ["count": "1", "ackmode": "ack_requeue_true", "encoding": "auto"])
    return try #require(try JSONDecoder().decode([Message].self, from: data).first)
  }

  struct Message: Decodable {
    struct Properties: Decodable {
      let delivery_mode: Int
      let content_type: String?
      let message_id: String?
    }
    let exchange: String
    let routing_key: String
    let payload: String
    let properties: Properties
  }

  /// Sets the policy of all queues of crmsync.
  func setPolicy(_ definition: String) async throws {
    try await management.control(
      ["-q", "set_policy", "-p", name, "crmsync", #"^crmsync\.v1\."#, definition, "--apply-to", "queues"])
  }

  /// Closes all connections and forgets everything, as a broker that comes back empty.
  func wipe() async throws {
    try await delete()
    try await add()
  }

  /// Runs with a user who may not configure anything.
  func withPoorUser(_ body: (AMQPConfiguration) async throws -> Void) async throws {
    let poor = "poor-\(name)"
    try await management.send("PUT", "users/\(poor)", ["password": "poor", "tags": ""])
    try await permit(poor, configure: "^$")
    try await body(configuration(user: poor, password: "poor"))
    try await management.send("DELETE", "users/\(poor)")
  }
}

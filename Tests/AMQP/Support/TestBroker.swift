import AMQP
import Foundation
import TestSupport

/// The private broker that `./dev test` provides.
enum TestBroker {
  struct Missing: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is not set: run ./dev test, which starts the servers and sets it" }
  }

  static func environment(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { throw Missing(name: name) }
    return value
  }

  /// The broker's URL, with parts replaced.
  static func url(
    scheme: String? = nil, host: String? = nil, port: Int? = nil, user: String? = nil, password: String? = nil,
    virtualHost: String? = nil, query: String? = nil
  ) throws -> String {
    guard var parts = URLComponents(string: try environment("CRMSYNC_TEST_RABBITMQ_URL")) else {
      throw Missing(name: "a readable CRMSYNC_TEST_RABBITMQ_URL")
    }
    if let scheme { parts.scheme = scheme }
    if let host { parts.host = host }
    if let port { parts.port = port }
    if let user { parts.user = user }
    if let password { parts.password = password }
    if let virtualHost { parts.path = "/" + virtualHost }
    if let query { parts.query = query }
    return parts.string ?? ""
  }

  static func configuration(port: Int? = nil, heartbeat: Int? = nil, name: String = "test") throws -> AMQPConfiguration
  {
    try AMQPConfiguration(url: try url(port: port, query: heartbeat.map { "heartbeat=\($0)" }), name: name)
  }

  static func port() throws -> Int { URLComponents(string: try environment("CRMSYNC_TEST_RABBITMQ_URL"))?.port ?? 5672 }

  /// A name that no other test has.
  static func name(_ what: String) -> String { "test.\(what).\(String(UInt64.random(in: .min ... .max), radix: 36))" }

  /// Evaluates Erlang on the broker's node.
  @discardableResult
  static func evaluate(_ erlang: String) async throws -> String {
    try await run(try environment("CRMSYNC_TEST_RABBITMQ_CTL"), ["-q", "eval", erlang])
  }

  /// Runs `rabbitmqctl` for the virtual host of these tests.
  @discardableResult
  static func control(_ arguments: [String]) async throws -> String {
    let host = URLComponents(string: try environment("CRMSYNC_TEST_RABBITMQ_URL"))?.path.dropFirst() ?? ""
    return try await run(
      try environment("CRMSYNC_TEST_RABBITMQ_CTL"),
      ["-q"] + arguments.prefix(1) + ["-p", String(host)]
        + arguments.dropFirst())
  }

  /// Erlang's generators of the processes of all connections of that name, as `P`.
  static func connections(named name: String) -> String {
    """
    [{pid, P}, {client_properties, C}] <- rabbit_networking:connection_info_all([pid, client_properties]),
    lists:keyfind(<<"connection_name">>, 1, C) =:= {<<"connection_name">>, longstr, <<"\(name)">>}
    """
  }

  /// Runs a program to its end.
  @discardableResult
  static func run(_ program: String, _ arguments: [String]) async throws -> String {
    let (status, text) = try await runProgram(program, arguments)
    guard status == 0 else { throw Failed(program: program, text: text) }
    return text
  }

  struct Failed: Error, CustomStringConvertible {
    let program: String
    let text: String
    var description: String { "\(program) failed: \(text)" }
  }
}

import Foundation

/// Where a RabbitMQ broker is and how to log in.
public struct AMQPConfiguration: Sendable, CustomStringConvertible {
  let host: String
  let port: Int
  let user: String
  let password: String
  let virtualHost: String
  let usesTLS: Bool
  let caFile: String?
  /// Seconds between heartbeats that broker and client agree on.
  let heartbeat: Int
  /// Shown in the broker's list of connections.
  public var name: String

  /// Reads an `amqp://` or `amqps://` URL; the query may hold `heartbeat` (seconds) and `cacertfile`.
  ///
  /// With `amqps` the broker's certificate and host name are always verified.
  /// - Parameter password: wins over one in the URL.
  public init(url: String, password: String? = nil, name: String = "crmsync") throws(AMQPError) {
    guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["amqp", "amqps"].contains(scheme),
      let host = parts.host, !host.isEmpty
    else {
      throw AMQPError(kind: .connect, what: "the RabbitMQ URL should read amqp://user@host:5672/vhost", broker: "")
    }
    let query = Dictionary(
      (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
    self.host = host
    usesTLS = scheme == "amqps"
    port = parts.port ?? (usesTLS ? 5671 : 5672)
    user = parts.user ?? "guest"
    self.password = password ?? parts.password ?? "guest"
    let path = parts.path.hasPrefix("/") ? String(parts.path.dropFirst()) : parts.path
    virtualHost = path.isEmpty ? "/" : path
    caFile = query["cacertfile"]
    heartbeat = query["heartbeat"].flatMap { Int($0) }.map { min(max($0, 2), 600) } ?? 20
    self.name = name
  }

  /// Broker, virtual host and user; never the password.
  public var description: String { "\(usesTLS ? "amqps" : "amqp")://\(user)@\(host):\(port)/\(virtualHost)" }
}

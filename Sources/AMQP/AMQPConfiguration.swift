import Foundation

/// Where a RabbitMQ broker is and how to log in.
public struct AMQPConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
  let host: String
  let port: Int
  let user: String
  let password: String
  let virtualHost: String
  let usesTLS: Bool
  let authorityFile: String?
  /// Seconds between heartbeats; the broker may ask for fewer.
  let heartbeat: Int
  /// Shown in the broker's list of connections.
  public var name: String

  /// Reads an `amqp://` or `amqps://` URL; the query may hold `heartbeat` (seconds) and `cacertfile`.
  ///
  /// With `amqps` the broker's certificate and host name are always verified, against `cacertfile` or the
  /// authorities of this machine.
  /// - Parameter password: wins over one in the URL.
  public init(url: String, password: String? = nil, name: String = "crmsync") throws(AMQPError) {
    guard let parts = URLComponents(string: url, encodingInvalidCharacters: false),
      let scheme = parts.scheme?.lowercased(),
      ["amqp", "amqps"].contains(scheme), let host = parts.host, !host.isEmpty
    else { throw Self.malformed("the URL cannot be read") }
    let options = try Self.options(of: parts)
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    usesTLS = scheme == "amqps"
    port = parts.port ?? (usesTLS ? 5671 : 5672)
    user = parts.user ?? "guest"
    self.password = password ?? parts.password ?? "guest"
    let path = parts.path.hasPrefix("/") ? String(parts.path.dropFirst()) : parts.path
    virtualHost = path.isEmpty ? "/" : path
    authorityFile = options["cacertfile"]
    heartbeat = try Self.heartbeat(options["heartbeat"])
    self.name = name
    // C strings end at a zero byte: what follows would be dropped without a word.
    let texts = [self.host, user, self.password, virtualHost, authorityFile ?? "", name]
    guard (1...65535).contains(port), texts.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw Self.malformed("the URL or the password holds what a URL cannot hold")
    }
  }

  private static func options(of parts: URLComponents) throws(AMQPError) -> [String: String] {
    var options: [String: String] = [:]
    for item in parts.queryItems ?? [] {
      guard ["heartbeat", "cacertfile"].contains(item.name) else {
        throw malformed("the URL has an option '\(item.name)'; there are 'heartbeat' and 'cacertfile'")
      }
      options[item.name] = item.value
    }
    return options
  }

  private static func heartbeat(_ text: String?) throws(AMQPError) -> Int {
    guard let text else { return 20 }
    guard let seconds = Int(text), (2...600).contains(seconds) else {
      throw malformed("the URL's heartbeat must be 2 to 600 seconds")
    }
    return seconds
  }

  private static func malformed(_ what: String) -> AMQPError { AMQPError(kind: .malformedURL, what: what, broker: "") }

  /// What a person should know about it: that a password crosses the network in clear.
  public var warning: String? {
    guard !usesTLS, host != "localhost", host != "::1", !host.hasPrefix("127.") else { return nil }
    return "the password for RabbitMQ on \(host) crosses the network in clear; amqps:// encrypts it"
  }

  /// Broker, virtual host and user; never the password.
  public var description: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return "\(usesTLS ? "amqps" : "amqp")://\(user)@\(shown):\(port)/\(virtualHost == "/" ? "" : virtualHost)"
  }

  /// As ``description``: a dump shows no password, either.
  public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

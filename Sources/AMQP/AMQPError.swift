/// What went wrong with RabbitMQ. Carries no secrets.
public struct AMQPError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Kind: Sendable, Equatable {
    /// The URL cannot be read.
    case malformedURL
    /// The broker cannot be reached.
    case connect
    /// The broker could not prove who it is, or TLS cannot be agreed on.
    case tls
    /// The broker does not know this user and password.
    case authentication
    /// The user may not do this, or may not use the virtual host, or there is no such virtual host.
    case accessRefused
    /// The connection broke, or was never made.
    case connectionLost
    /// The broker closed the channel: an acknowledgement that took too long, or an operation it cannot do.
    case channelClosed
    /// The queue or exchange does not exist.
    case notFound
    /// The queue or exchange exists with other properties, or the delivery is unknown.
    case precondition
    /// No queue takes the message.
    case unroutable
    /// The broker could not take responsibility for the message.
    case nacked
    /// The broker did not answer in time; it may be short of memory or disk.
    case timeout
    /// The caller's task was cancelled. A message in hand may or may not be on its queue.
    case cancelled
  }

  public let kind: Kind
  /// What was attempted, and what the broker or the library said.
  public let what: String
  /// The number that the broker gave, as AMQP 0-9-1 defines them.
  public let replyCode: Int?
  /// Which broker, without a password.
  public let broker: String

  /// An error; `broker` as a configuration describes itself.
  public init(kind: Kind, what: String, replyCode: Int? = nil, broker: String) {
    self.kind = kind
    self.what = what
    self.replyCode = replyCode
    self.broker = broker
  }

  /// Whether the same work may pass later, without a person's help.
  public var isRetriable: Bool {
    switch kind {
    case .malformedURL, .tls, .authentication, .accessRefused, .precondition: false
    default: true
    }
  }

  /// Whether the broker cannot be reached or will not let us in.
  public var isUnreachable: Bool {
    switch kind {
    case .connect, .tls, .authentication, .accessRefused, .connectionLost, .timeout: true
    default: false
    }
  }

  /// What a person can do about it.
  public var remedy: String? {
    switch kind {
    case .malformedURL: "write it as amqp://user@host:5672/vhost, or amqps:// for TLS"
    case .connect: "check that the broker runs, and host and port"
    case .tls: "check the host name, and that cacertfile names the authority that signed the broker's certificate"
    case .authentication: "check user and password"
    case .accessRefused: "check that the virtual host exists, and that the user may configure, write and read in it"
    case .precondition: "if it was declared by other software or by hand, delete it once it is empty"
    case .timeout: "look for a memory or disk alarm: rabbitmq-diagnostics alarms"
    case .connectionLost, .channelClosed, .notFound, .unroutable, .nacked, .cancelled: nil
    }
  }

  public var description: String {
    "RabbitMQ\(broker.isEmpty ? "" : " \(broker)"): \(what)" + (remedy.map { "; \($0)" } ?? "")
  }
}

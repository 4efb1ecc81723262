/// What went wrong with RabbitMQ. Carries no secrets.
public struct AMQPError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Kind: Sendable, Equatable {
    /// The broker cannot be reached.
    case connect
    /// The broker refused the login or the virtual host.
    case refused
    /// The connection broke.
    case connectionLost
    /// The broker closed the channel: a refused operation, or an acknowledgement that took too long.
    case channelClosed
    /// No queue takes the message.
    case unroutable
    /// The broker could not take responsibility for the message.
    case nacked
    /// The broker did not answer in time; it may be short of memory or disk.
    case timeout
    /// The queue does not exist.
    case noSuchQueue
  }

  public let kind: Kind
  public let what: String
  /// Which broker, without a password.
  public let broker: String

  /// Whether the same work may pass later.
  public var isRetriable: Bool { kind != .refused }

  /// Whether the broker cannot be reached or will not let us in.
  public var isUnreachable: Bool { [.connect, .refused, .connectionLost, .timeout].contains(kind) }

  public var description: String { "RabbitMQ \(broker): \(what)" }
}

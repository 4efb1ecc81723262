import AMQP

/// A job in a worker's hands.
public struct PulledJob: Sendable {
  public let message: JobMessage
  /// Whether it may have been in somebody's hands before.
  public var isRedelivered: Bool { delivery.isRedelivered }
  let delivery: AMQPDelivery

  public var job: Int64 { message.job }
  public var tenant: String { message.tenant }
}

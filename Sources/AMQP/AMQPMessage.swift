/// A message to publish.
public struct AMQPMessage: Sendable, Equatable {
  public let body: [UInt8]
  /// For people who look at a queue; the broker does not care.
  public let messageID: String?
  /// The MIME type of the body.
  public let contentType: String?

  /// A message.
  public init(_ body: [UInt8], messageID: String? = nil, contentType: String? = nil) {
    self.body = body
    self.messageID = messageID
    self.contentType = contentType
  }
}

/// Messages that wait on a queue, and who takes them.
public struct QueueDepth: Sendable, Equatable {
  /// Messages that are ready to be delivered.
  public let ready: Int
  /// Consumers that have subscribed; those who pull are not counted.
  public let consumers: Int
}

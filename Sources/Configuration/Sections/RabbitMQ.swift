extension Configuration {
  /// The RabbitMQ broker.
  public struct RabbitMQ: Sendable, Equatable {
    var server = ServerURL()

    /// An `amqp://` or `amqps://` URL, without its password. Required: there is no place to guess.
    public var url: String { server.text }

    /// The password, from the URL, from `password` or from `passwordFile`. Default: none.
    public var password: Secret?
  }
}

extension Configuration.RabbitMQ: Section {
  static var keys: [Key<Self>] {
    [
      .required("url", \.server, .rabbitmq, "The broker, the user and the virtual host; `amqps` for TLS."),
      .secret("password", \.password, "The user's password; it may stand in the URL instead."),
    ]
  }

  mutating func finish(_ reader: SectionReader) { reader.takePassword(from: &server, into: &password) }
}

extension Configuration {
  /// The PostgreSQL server of the checkpoints.
  public struct Postgres: Sendable, Equatable {
    var server = ServerURL()

    /// A `postgresql://` URL as libpq reads it, without its password. Required: there is no place to guess.
    public var url: String { server.text }

    /// The password, from the URL, from `password` or from `passwordFile`. Default: none, for servers that need none.
    public var password: Secret?
  }
}

extension Configuration.Postgres: Section {
  static var keys: [Key<Self>] {
    [
      .required("url", \.server, .postgres, "The server, the database and the user."),
      .secret("password", \.password, "The user's password; it may stand in the URL instead."),
    ]
  }

  mutating func finish(_ reader: SectionReader) { reader.takePassword(from: &server, into: &password) }
}

extension ValueKind where Value == ServerURL {
  /// libpq: the host may be missing, and is then the socket of this machine.
  static var postgres: ValueKind {
    url(["postgresql", "postgres"], example: "postgresql://user@host:5432/database", needsHost: false)
  }

  /// RabbitMQ URI specification.
  static var rabbitmq: ValueKind { url(["amqp", "amqps"], example: "amqp://user@host:5672/vhost") }
}

extension SectionReader {
  /// Moves the password of a URL to where passwords are kept; the URL is printed, and the password never.
  func takePassword(from url: inout ServerURL, into password: inout Secret?) {
    guard let inURL = url.password else { return }
    url.password = nil
    guard password == nil else {
      return report(
        Complaint(.conflict, "the URL holds a password, and so does another key", "keep one of them"), at: "url")
    }
    password = inURL
  }
}

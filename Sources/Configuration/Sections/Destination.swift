extension TenantConfiguration {
  /// Where the copy goes. Exactly one kind.
  public struct Destination: Sendable, Equatable {
    /// Typed tables in a schema of a PostgreSQL database.
    public var postgres: PostgresSchema?
  }

  /// A schema of a PostgreSQL database.
  public struct PostgresSchema: Sendable, Equatable {
    var server = ServerURL()

    /// A `postgresql://` URL as libpq reads it, without its password. Required. The same database as that of the
    /// checkpoints is best: rows and checkpoint are then one transaction.
    public var url: String { server.text }

    /// The schema that holds the tables. Required: two tenants must never share one.
    public var schema = ""

    /// The password, from the URL, from `password` or from `passwordFile`. Default: none.
    public var password: Secret?
  }
}

extension TenantConfiguration.Destination: Section {
  static var keys: [Key<Self>] {
    [.optionalSection("postgres", \.postgres, unset: "required", "Typed tables in a schema of a PostgreSQL database.")]
  }

  static func hint(unknown name: String) -> Complaint? {
    Complaint(
      .unknownKey, "\(Quote.quoted(name)) is not a known kind of destination",
      "supported is: \(keys.flatMap(\.names).joined(separator: ", "))")
  }

  mutating func finish(_ reader: SectionReader) {
    guard reader["postgres"] == nil, reader.entries.isEmpty else { return }
    reader.loading.report(
      Complaint(.missing, "no destination is given", "add postgres: { url: …, schema: … }"), at: reader.place)
  }
}

extension TenantConfiguration.PostgresSchema: Section {
  static var keys: [Key<Self>] {
    [
      .required("url", \.server, .postgres, "The server, the database and the user."),
      .secret("password", \.password, "The user's password; it may stand in the URL instead."),
      .required("schema", \.schema, .schemaName, "The schema that holds the tables; one for each tenant."),
    ]
  }

  mutating func finish(_ reader: SectionReader) { reader.takePassword(from: &server, into: &password) }
}

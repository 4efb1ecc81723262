extension TenantConfiguration {
  /// Where the copy goes. Exactly one kind.
  public struct Destination: Sendable, Equatable {
    /// Typed tables in a schema of a PostgreSQL database.
    public var postgres: PostgresSchema?
    /// An instance of Marketo Engage, behind a mirror in PostgreSQL.
    public var marketo: Marketo?

    /// Where the rows are kept: the destination itself, or the mirror of what Marketo gets.
    public var tables: PostgresSchema? { postgres ?? marketo?.mirror }
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
    [
      .optionalSection(
        "postgres", \.postgres, unset: "this or `marketo`", "Typed tables in a schema of a PostgreSQL database."),
      .optionalSection(
        "marketo", \.marketo, unset: "this or `postgres`",
        "An instance of Marketo Engage. Rows are kept in a mirror in PostgreSQL first."),
    ]
  }

  static func hint(unknown name: String) -> Complaint? {
    Complaint(
      .unknownKey, "\(Quote.quoted(name)) is not a known kind of destination",
      "supported is: \(keys.flatMap(\.names).joined(separator: ", "))")
  }

  mutating func finish(_ reader: SectionReader) {
    if reader["postgres"] != nil, reader["marketo"] != nil {
      reader.report(
        Complaint(
          .conflict, "two destinations are given, and an org is connected to one only", "keep postgres or marketo"),
        at: "marketo")
    }
    guard reader.entries.isEmpty else { return }
    reader.loading.report(
      Complaint(
        .missing, "no destination is given",
        "add postgres: { url: …, schema: … } or marketo: { baseURL: …, clientID: …, clientSecret: … }"),
      at: reader.place)
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

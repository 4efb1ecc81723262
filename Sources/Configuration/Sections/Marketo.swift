extension TenantConfiguration {
  /// An instance of Marketo Engage, and how it may be used.
  public struct Marketo: Sendable, Equatable {
    var base = ServerURL()
    var identity: ServerURL?

    /// The instance, without `/rest` and slashes at its end. https, or http on this machine. Required.
    public var baseURL: String { Self.trimmed(base, "/rest") }

    /// Where tokens come from, up to and with `/identity`. Default: `/identity` of the instance.
    public var identityURL: String {
      identity.map { Self.trimmed($0, "/identity") + "/identity" } ?? baseURL + "/identity"
    }

    /// The custom service. Required.
    public var clientID = ""

    /// Its secret. Required.
    public var clientSecret: Secret?

    /// Where the rows are kept before they are delivered. Left out, the database of the checkpoints and a schema that
    /// is named after the tenant.
    public var mirror: PostgresSchema?

    /// Calls that the instance takes in a day. 1 to 10,000,000. Default 50,000: what subscriptions usually have.
    public var callsPerDay = 50_000

    /// Part of the instance's daily calls that may be used. 0.01 to 1. Default 0.8: others use it, too.
    public var apiShare = 0.8

    /// Calls in 20 seconds. 1 to 100. Default 50: half of what an instance takes from all its integrations together
    /// (Marketo, "Integration best practices").
    public var callsPerWindow = 50

    /// Calls at once in the whole cluster. 1 to 10. Default 5: half of what an instance takes.
    public var concurrency = 5

    /// PEM file of certificate authorities to trust instead of the system's. Default nil: the system's.
    public var caFile: String?

    /// What tells one instance from another: host and, where one is given, port.
    public var instance: String {
      guard let host = base.hosts.first else { return "" }
      return host.name.lowercased() + (host.port.map { ":\($0)" } ?? "")
    }

    private static func trimmed(_ url: ServerURL, _ folder: String) -> String {
      var text = url.text[...]
      while text.hasSuffix("/") { text = text.dropLast() }
      if text.hasSuffix(folder) { text = text.dropLast(folder.count) }
      return String(text)
    }

    /// The schema of a tenant's mirror that names none.
    static func mirrorSchema(of tenant: String) -> String {
      let name = tenant.replacing("-", with: "_") + "_mirror"
      let isTaken = name.hasPrefix("pg_") || name.first.map { !("a"..."z").contains($0) } ?? true
      return isTaken ? "t_" + name : name
    }
  }
}

extension TenantConfiguration.Marketo: Section {
  static var keys: [Key<Self>] {
    [
      .required("baseURL", \.base, .marketo(folder: "/rest"), "The instance, as Admin → Web Services shows it."),
      .optional(
        "identityURL", \.identity, .marketo(folder: "/identity"), unset: "`/identity` of `baseURL`",
        "Where tokens come from, as Admin → Web Services shows it."),
      .required("clientID", \.clientID, .text, "The client id of the custom service."),
      .secret("clientSecret", \.clientSecret, "The client secret of the custom service. Required."),
      .optionalSection(
        "mirror", \.mirror, unset: "the database of the checkpoints, schema `NAME_mirror`",
        "Where the rows are kept, as for the destination `postgres`, before they are delivered."),
      .value("callsPerDay", \.callsPerDay, .whole(1...10_000_000), "Calls that the instance takes in a day."),
      .value(
        "apiShare", \.apiShare, .number(0.01...1),
        "Part of the instance's daily calls that may be used; past it the tenant waits for midnight US Central."),
      .value(
        "callsPerWindow", \.callsPerWindow, .whole(1...100),
        "Calls in 20 seconds; an instance takes 100 from all its integrations together."),
      .value(
        "concurrency", \.concurrency, .whole(1...10),
        "Calls at once in the whole cluster; an instance takes 10 from all its integrations together."),
      .optional(
        "caFile", \.caFile, .file, unset: "the system's authorities",
        "PEM file of certificate authorities to trust instead of the system's."),
    ]
  }

  mutating func finish(_ reader: SectionReader) {
    guard reader["clientSecret"] == nil, reader["clientSecretFile"] == nil else { return }
    reader.report(
      Complaint(.missing, "this key is missing", "add clientSecret or clientSecretFile"), at: "clientSecret")
  }
}

/// What one configuration file says, checked and with all defaults filled in.
///
/// A section is declared once: the keys that a type lists are what is read, what is documented and what is printed.
public struct Configuration: Sendable, Equatable {
  /// The database of the checkpoints.
  public var postgres = Postgres()
  /// The broker of the queues.
  public var rabbitmq = RabbitMQ()
  public var sync = Sync()
  public var worker = Worker()
  public var coordinator = Coordinator()
  public var operations = Operations()
  public var log = Log()
  /// By name; at least one.
  public var tenants: [String: TenantConfiguration] = [:]

  /// The values as YAML, secrets masked.
  public func describe() -> String { outline.yaml }
}

extension Configuration: Section {
  static var keys: [Key<Self>] {
    [
      .section("postgres", \.postgres, "The database that remembers; the checkpoints live in its schema `crmsync`."),
      .section("rabbitmq", \.rabbitmq, "The broker that hands out the work."),
      .section("sync", \.sync, "How copies and cycles go on."),
      .section("worker", \.worker, "What a worker may use."),
      .section("coordinator", \.coordinator, "How the coordinator leads."),
      .section(
        "operations", \.operations,
        "The status page and its actions. Validated, and not served yet: see `crmsync status`."),
      .section("log", \.log, "What a process says."),
      .named(
        "tenants", \.tenants, placeholder: "NAME", checkName: tenantName, "The tenants of this cluster.",
        eachMeaning: "One Veeva org connected to one destination; the name is up to 40 of `a-z 0-9 _ -`."),
    ]
  }

  private static func tenantName(_ name: String) -> Complaint? {
    Characters.isTenantName(name)
      ? nil
      : Complaint(
        .invalid, "\(Quote.quoted(name)) cannot be a tenant's name",
        "use up to 40 lower-case letters, digits, _ and -, beginning with a letter or a digit")
  }

  mutating func finish(_ reader: SectionReader) {
    for (name, tenant) in tenants {
      guard let marketo = tenant.destination.marketo, marketo.mirror == nil else { continue }
      tenants[name]?.destination.marketo?.mirror = TenantConfiguration.PostgresSchema(
        server: postgres.server, schema: TenantConfiguration.Marketo.mirrorSchema(of: name),
        password: postgres.password)
    }
    TenantConflicts.report(tenants, checkpoints: postgres, reader)
  }
}

import Yams

/// Tenants that would get into each other's way.
enum TenantConflicts {
  /// Schema of the checkpoints.
  private static let checkpointSchema = "crmsync"

  static func report(
    _ tenants: [String: TenantConfiguration], checkpoints: Configuration.Postgres, _ reader: SectionReader
  ) {
    var destinations: [Destination: String] = [:]
    var orgs: [String: String] = [:]
    var instances: [String: String] = [:]
    let memory = Destination(database: DatabaseIdentity(checkpoints.server), schema: checkpointSchema)
    for (name, tenant) in tenants.sorted(by: { $0.key < $1.key }) {
      let place = place(of: name, reader)
      let schemaKey = tenant.destination.postgres == nil ? "destination.marketo.mirror" : "destination.postgres.schema"
      if let destination = destination(of: tenant) {
        if destination == memory {
          reader.loading.report(
            Complaint(
              .conflict, "the schema \(checkpointSchema) of this database holds the checkpoints",
              "choose another schema, such as \(name)"), at: place.key(schemaKey, line: place.line))
        }
        if let other = destinations.updateValue(name, forKey: destination) {
          reader.loading.report(
            Complaint(
              .conflict, "tenant \(Quote.bare(other)) already fills this schema of this database",
              "give each tenant a schema of its own"), at: place.key(schemaKey, line: place.line))
        }
      }
      if let instance = tenant.destination.marketo?.instance, !instance.isEmpty,
        let other = instances.updateValue(name, forKey: instance)
      {
        reader.loading.report(
          Complaint(
            .conflict, "tenant \(Quote.bare(other)) already fills this Marketo instance",
            "connect an instance to one org only; remove one of the two tenants"),
          at: place.key("destination.marketo.baseURL", line: place.line))
      }
      if let org = organization(of: tenant), let other = orgs.updateValue(name, forKey: org) {
        reader.loading.report(
          Complaint(
            .conflict, "tenant \(Quote.bare(other)) is already connected to this org",
            "connect an org to one destination only; remove one of the two tenants"),
          at: place.key("veeva.loginURL", line: place.line))
      }
    }
  }

  private struct Destination: Hashable {
    let database: DatabaseIdentity
    let schema: String
  }

  private static func destination(of tenant: TenantConfiguration) -> Destination? {
    guard let tables = tenant.destination.tables, !tables.schema.isEmpty, !tables.url.isEmpty else { return nil }
    return Destination(database: DatabaseIdentity(tables.server), schema: tables.schema)
  }

  /// The org, where the login host names it: a My Domain host belongs to one org. Others are told apart at login.
  private static func organization(of tenant: TenantConfiguration) -> String? {
    let host = tenant.veeva.login.hosts.first?.name.lowercased() ?? ""
    return host.hasSuffix(".my.salesforce.com") ? host : nil
  }

  private static func place(of tenant: String, _ reader: SectionReader) -> Place {
    guard let node = reader["tenants"]?.node, case .mapping(let mapping) = node else { return reader.place(of: tenant) }
    let line = mapping.first { $0.key.scalar?.string == tenant }?.key.line
    return reader.place(of: "tenants").key(tenant, line: line)
  }
}

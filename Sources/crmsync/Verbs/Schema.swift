import ArgumentParser
import SyncModel
import Tenants

/// The fields and where they go.
struct Schema: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The fields of a tenant's objects: column, type, direction, events; what is left out or hidden, and why.",
    discussion: """
      Reads the org's schema now, with the rights of the sync user.

      EXAMPLES
        crmsync schema acme
        crmsync schema acme --object Call2_vod__c
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The tenant.") var tenant: String
  @Option(help: "Only this object, by its API name.") var object: String?

  func run() async throws {
    let cluster = try await Cluster.ready(options)
    let tenant = try cluster.tenant(tenant)
    let selected = tenant.selections.map(\.object).filter { object == nil || $0.apiName == object }
    guard !selected.isEmpty else {
      throw Failure(
        description: "tenant \(tenant.name) does not sync \(object ?? ""); it syncs "
          + tenant.selections.map(\.object.apiName).joined(separator: ", "))
    }
    var mappings: [ObjectMapping] = []
    for object in selected { mappings.append(try await SchemaReader(tenant: tenant).read(object).mapping) }
    if output.json { return try printJSON(mappings) }
    mappings.forEach(show)
  }

  private func show(_ mapping: ObjectMapping) {
    for table in mapping.tables {
      print("\(mapping.object) → \(table.table)")
      for column in table.columns {
        print(
          "  \(column.field.padded(42)) \(column.direction.rawValue) \(column.column.padded(42)) \(column.type.rawValue)"
            + (column.raisesEvents ? "" : "  raises no events")
        )
      }
    }
    for field in mapping.hidden { print("  \(field.padded(42)) hidden from the sync user, or not in this org") }
    for field in mapping.omitted { print("  \(field.field.padded(42)) left out: \(field.reason.rawValue)") }
    print("")
  }
}

import ArgumentParser
import Checkpoints
import JobQueue
import PostgresDestination
import SyncModel
import Tenants
import Veeva

/// Whether a sync could start.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validates the configuration, connects to everything, shows what the credentials can see.",
    discussion: """
      Exit 0 only if a sync could start; 2 for the configuration, 3 for what cannot be reached, 1 for the rest.

      EXAMPLES
        crmsync check
        crmsync check --config /etc/crmsync.yaml
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let cluster = try Cluster(options.source)
    var worst = ExitStatus.done
    func step(_ name: String, _ body: () async throws -> String) async {
      do {
        print("  ok      \(name)\(try await body())")
      } catch {
        print("  FAILED  \(name): \(error)")
        worst = max(worst, ExitStatus(for: error))
      }
    }
    await step("PostgreSQL, checkpoints") {
      try await cluster.checkpoints.migrate()
      return ""
    }
    await step("RabbitMQ") {
      let notes = try await cluster.topologyCheck.run()
      return notes.isEmpty ? "" : ", but: " + notes.joined(separator: "; ")
    }
    for tenant in cluster.tenants {
      print(tenant.name)
      await step("destination \(tenant.destinationIdentity)") {
        try await cluster.checkpoints.register(tenant: tenant.name, destination: tenant.destinationIdentity)
        return ""
      }
      await step("Veeva login") { try await login(tenant, cluster.checkpoints) }
      // Without a login every object would fail the same way.
      guard (try? await tenant.veeva.organizationID()) != nil else { continue }
      for object in tenant.selections.map(\.object) {
        await step("\(object)") { try await see(object, tenant) }
      }
    }
    if worst != .done { throw ExitCode(worst.rawValue) }
  }

  private func login(_ tenant: Tenant, _ checkpoints: CheckpointStore) async throws -> String {
    let organization = try await tenant.veeva.organizationID()
    try await checkpoints.bind(tenant: tenant.name, organization: organization)
    let versions = try await tenant.veeva.versions()
    guard versions.contains(tenant.veeva.apiVersion) else {
      throw VeevaError(
        code: .unknownVersion, call: "versions",
        message: "the org does not offer API \(tenant.veeva.apiVersion), but up to \(versions.last ?? "none")")
    }
    return ", org \(organization), API \(tenant.veeva.apiVersion)"
  }

  private func see(_ object: SourceObject, _ tenant: Tenant) async throws -> String {
    let described = try await SchemaReader(tenant: tenant).read(object)
    try await tenant.rehearseTables(for: described.mapping)
    let hidden = described.mapping.hidden
    return
      ": \(described.mapping.fields.count) fields → \(described.mapping.tables.map(\.table).joined(separator: ", "))"
      + (hidden.isEmpty ? "" : "; not visible: \(hidden.joined(separator: ", "))")
  }
}

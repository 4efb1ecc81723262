import ArgumentParser
import Checkpoints
import Delivery
import JobQueue
import Marketo
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
        try await cluster.checkpoints.register(tenant)
        return ""
      }
      await step("Veeva login") { try await login(tenant, cluster.checkpoints) }
      // Without a login every object would fail the same way.
      guard (try? await tenant.veeva.organizationID()) != nil else { continue }
      var mappings: [ObjectMapping] = []
      for object in tenant.selections.map(\.object) {
        await step("\(object)") {
          let described = try await SchemaReader(tenant: tenant).read(object)
          mappings.append(described.mapping)
          return try await see(described, tenant)
        }
      }
      guard let end = tenant.delivery else { continue }
      var looked: DeliveryPreparation?
      await step("Marketo \(end.instance)") {
        let calls = try await end.client.callsToday()
        looked = try await DeliveryPreparation(DeliveryPlan(mappings), at: end.client)
        return ", \(calls) of \(end.limits.callsPerDay) calls used today"
      }
      guard let preparation = looked else { continue }
      await step("Marketo permissions") {
        try await end.rehearse(preparation)
        return ""
      }
      if preparation.travelsBack { await step("Marketo activity log") { try await seeActivityLog(end) } }
      for entity in preparation.steps { await step("\(entity.entity.table)") { try see(entity) } }
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

  private func see(_ described: DescribedObject, _ tenant: Tenant) async throws -> String {
    try await tenant.rehearseTables(for: described.mapping)
    let hidden = described.mapping.hidden
    return
      ": \(described.mapping.fields.count) fields → \(described.mapping.tables.map(\.table).joined(separator: ", "))"
      + (hidden.isEmpty ? "" : "; not visible: \(hidden.joined(separator: ", "))")
      + writeBack(described.mapping, tenant)
  }

  /// What travels back, where that is asked for.
  private func writeBack(_ mapping: ObjectMapping, _ tenant: Tenant) -> String {
    guard tenant.selections.contains(where: { $0.object == mapping.object && $0.writesBack }) else { return "" }
    let columns = mapping.tables.flatMap(\.columns).filter(\.direction.reachesVeeva)
    let owned = columns.count { $0.direction == .toVeeva }
    return columns.isEmpty
      ? "; the sync user may update no contact field, so that nothing travels back"
      : "; \(columns.count - owned) two-way" + (owned > 0 ? ", \(owned) that marketing owns" : "")
  }

  /// Without it everything else goes on, so that a sync could start.
  private func seeActivityLog(_ end: DeliveryEnd) async throws -> String {
    do {
      let type = try await ActivityLogType(at: end.client)
      try await type.rehearse(at: end.client)
      return " → \(ActivityLogType.apiName)" + (type.usableID == nil ? "; the activity type is made" : "")
    } catch let error as MarketoError where error.disposition == .hopeless {
      return
        ", but: what Veeva refuses is not told to Marketo: \(error) The permissions are Read-Write Activity and "
        + "Read-Write Activity Metadata. Everything else is delivered"
    }
  }

  private func see(_ step: DeliveryPreparation.Step) throws -> String {
    if let stop = step.problems.first(where: \.stopsEntity) {
      throw DeliveryError(entity: stop.entity, field: stop.field, what: stop.what)
    }
    let making = step.schema.newFields.count
    return " → \(step.entity.target.name): \(step.schema.fields.count) fields"
      + (step.schema.makesType ? "; the custom object is made" : making > 0 ? "; \(making) are made" : "")
      + step.leftOut.map { "\n            left out, since \($0.reason): \($0.fields.joined(separator: ", "))" }.joined()
  }
}

extension DeliveryPreparation.Step {
  /// Fields that are not delivered, by reason.
  var leftOut: [(reason: String, fields: [String])] {
    Dictionary(grouping: problems.filter { !$0.stopsEntity }, by: \.what)
      .map { ($0.key, $0.value.map(\.field).sorted()) }.sorted { $0.0 < $1.0 }
  }
}

import ArgumentParser
import Delivery
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
    // What a custom object links to may be another object's matter.
    let needed = tenant.delivery == nil ? selected : tenant.selections.map(\.object)
    var mappings: [ObjectMapping] = []
    for object in needed { mappings.append(try await SchemaReader(tenant: tenant).read(object).mapping) }
    let plan = tenant.delivery.map { _ in DeliveryPlan(mappings) }
    let shown = mappings.filter { selected.contains($0.object) }.map { MappingOutput(mapping: $0, plan: plan) }
    if output.json { return try printJSON(shown) }
    for one in shown {
      show(one.mapping)
      for entity in one.marketo ?? [] { show(entity) }
    }
  }

  /// Marketo's side of a table.
  private func show(_ entity: MarketoFields) {
    print("\(entity.table) → Marketo \(entity.object), found by \(entity.key)")
    for field in entity.fields {
      print(
        "  \(field.column.padded(42)) → \(field.name.padded(42)) \(field.type)" + (field.isStandard ? "" : "  (custom)")
      )
    }
    for field in entity.owned { print("  \(field.column.padded(42)) ← \(field.name.padded(42)) \(field.type)") }
    for (column, reason) in entity.omitted.sorted(by: { $0.key < $1.key }) {
      print("  \(column.padded(42)) left out: \(reason)")
    }
    print("")
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

/// A mapping as JSON, with Marketo's side where there is one.
private struct MappingOutput: Encodable {
  let mapping: ObjectMapping
  let marketo: [MarketoFields]?

  private enum CodingKeys: String, CodingKey { case marketo }

  init(mapping: ObjectMapping, plan: DeliveryPlan?) {
    self.mapping = mapping
    let tables = mapping.tables.map(\.table)
    marketo = plan?.entities.filter { tables.contains($0.table) }.map(MarketoFields.init)
  }

  func encode(to encoder: any Encoder) throws {
    try mapping.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(marketo, forKey: .marketo)
  }
}

/// Marketo's names and types of a table's columns.
private struct MarketoFields: Encodable {
  struct Field: Encodable {
    let column: String
    let name: String
    let type: String
    let isStandard: Bool
  }

  let table: String
  let object: String
  let key: String
  let fields: [Field]
  /// What marketing owns: read from Marketo, never delivered.
  let owned: [Field]
  /// By column, why it is not delivered.
  let omitted: [String: String]

  init(_ entity: DeliveryEntity) {
    table = entity.table
    object = entity.target.name
    key = entity.key
    var fields = entity.fields.map {
      Field(column: $0.column, name: $0.name, type: $0.type.rawValue, isStandard: $0.isStandard)
    }
    fields += entity.parents.map { Field(column: $0.column, name: $0.name, type: "string", isStandard: true) }
    if let path = entity.leadPath {
      fields.append(
        Field(
          column: path.parent?.column ?? path.column, name: DeliveryEntity.leadLink, type: "link", isStandard: false))
    }
    self.fields = fields
    owned = entity.owned.map {
      Field(column: $0.column, name: $0.name, type: $0.type.rawValue, isStandard: $0.isStandard)
    }
    omitted = Dictionary(entity.omitted.map { ($0.column, $0.reason) }, uniquingKeysWith: { first, _ in first })
  }
}

public import Checkpoints
public import Marketo
public import PostgreSQL
public import SyncModel

/// The Marketo instance of a tenant, and what is remembered of its deliveries.
public struct DeliveryEnd: Sendable {
  /// What tells the instance from another: its host.
  public let instance: String
  public let client: MarketoClient
  public let store: DeliveryStore
  /// The mirror's.
  public let schema: String
  /// What of the instance's calls may be used.
  public let limits: MarketoBudget.Limits

  /// An end.
  /// - Parameter pool: connections to the mirror's database.
  public init(
    instance: String, client: MarketoClient, pool: PostgresPool, schema: String, limits: MarketoBudget.Limits
  ) {
    self.instance = instance
    self.client = client
    self.store = DeliveryStore(pool: pool, schema: schema)
    self.schema = schema
    self.limits = limits
  }

  /// Makes sure, by calls that change nothing, that the API user may do what a plan needs.
  /// - Throws: ``Marketo/MarketoError`` with the first thing that it may not.
  public func rehearse(_ preparation: DeliveryPreparation) async throws {
    for step in preparation.steps {
      try await client.rehearseWrite(step.entity.target.object, key: step.entity.key)
    }
    let making = preparation.steps.filter { $0.schema.isPossible && !$0.schema.newFields.isEmpty }
    if making.contains(where: { $0.entity.target == .lead }) { try await client.rehearseLeadFields() }
    if making.contains(where: { $0.entity.leadPath != nil }) { try await client.rehearseTypes() }
  }

  /// Makes what an instance lacks for a plan, and gets the mirror ready.
  /// - Returns: what can be delivered.
  /// - Throws: ``DeliveryError`` when not even leads can be.
  func prepare(_ plan: DeliveryPlan, checkpoints: CheckpointStore) async throws -> [DeliverySource] {
    try await store.bind(to: instance)
    let used = try await client.callsToday()
    try await checkpoints.updateMarketoBudget(of: instance) { $0.told(usedToday: used, at: $1) }
    var preparation = try await DeliveryPreparation(plan, at: client)
    try await rehearse(preparation)
    if preparation.steps.contains(where: { $0.schema.isPossible && !$0.schema.newFields.isEmpty }) {
      try await preparation.make(at: client)
      preparation = try await DeliveryPreparation(plan, at: client)
    }
    let problems = preparation.problems
    if let stop = problems.first(where: { $0.entity == "person" && $0.stopsEntity }) {
      try await store.remember(plan: nil, problems: problems)
      throw DeliveryError(entity: stop.entity, field: stop.field, what: stop.what)
    }
    let sources = preparation.sources(schema: schema)
    try await store.prepare(sources)
    try await store.remember(plan: plan.identity, problems: problems)
    return sources
  }
}

extension DeliveryPreparation {
  /// What a person should look at.
  public var problems: [DeliveryProblem] { steps.flatMap(\.problems) }
}

extension DeliveryPreparation.Step {
  /// What a person should look at.
  public var problems: [DeliveryProblem] {
    schema.problems.map {
      DeliveryProblem(entity: entity.table, field: $0.field, what: $0.what, stopsEntity: $0.stopsEntity)
    }
  }
}

extension DeliveryPlan {
  /// What tells it from another, across processes.
  var identity: String { ColumnHash.short("\(entities)") }
}

extension CheckpointStore {
  /// What is delivered of those of a tenant's objects that have been mapped so far.
  public func deliveryPlan(of objects: [SourceObject], tenant: String) async throws -> DeliveryPlan {
    var mappings: [ObjectMapping] = []
    for object in objects {
      if let stored = try await mapping(of: object, tenant: tenant) { mappings.append(stored.mapping) }
    }
    return DeliveryPlan(mappings)
  }
}

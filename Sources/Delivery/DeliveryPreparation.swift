public import Marketo
public import SyncModel

/// What an instance has to get before a plan can be delivered: looked at without changing anything, then made.
public struct DeliveryPreparation: Sendable {
  /// An entity, and what stands between it and its delivery.
  public struct Step: Sendable {
    public let entity: DeliveryEntity
    public let schema: DeliverySchema
  }

  /// In the order of delivery.
  public let steps: [Step]

  /// Compares a plan with an instance. Changes nothing.
  public init(_ plan: DeliveryPlan, at client: MarketoClient) async throws {
    try await self.init(plan.entities, at: client)
  }

  /// Compares entities with an instance. Changes nothing.
  init(_ entities: [DeliveryEntity], at client: MarketoClient) async throws {
    var steps: [Step] = []
    for entity in entities {
      let there = try await Self.describe(entity, client)
      let keys =
        entity.target == .lead
        ? (there?.searchableFields ?? []).filter { $0.count == 1 }.flatMap { $0 } : there?.dedupeFields ?? []
      steps.append(
        Step(
          entity: entity,
          schema: DeliverySchema(
            entity,
            present: there?.fields.map {
              PresentField(name: $0.name, dataType: $0.dataType, length: $0.length, isWritable: $0.isWritable)
            }, keys: keys)))
    }
    self.steps = steps
  }

  private static func describe(_ entity: DeliveryEntity, _ client: MarketoClient) async throws -> MarketoDescription? {
    do {
      return try await client.describe(entity.target.object)
    } catch let error as MarketoError
      where entity.leadPath != nil && ["610", "1013", "1026"].contains(error.reason.code)
    {
      return nil
    }
  }

  /// Whether changes of leads travel back.
  public var travelsBack: Bool {
    steps.contains(where: \.entity.travelsBack)
  }

  /// Makes what is missing, as far as it is possible. Each step may be repeated.
  public func make(at client: MarketoClient) async throws {
    for step in steps where step.schema.isPossible && !step.schema.newFields.isEmpty {
      switch step.entity.target {
      case .lead: try await makeLeadFields(step, client)
      case .custom(let name): try await makeType(name, step, client)
      case .company, .salesperson: break
      }
    }
  }

  private func makeLeadFields(_ step: Step, _ client: MarketoClient) async throws {
    var fields = step.schema.newFields.map {
      NewLeadField(name: $0.name, displayName: $0.label, dataType: $0.type.rawValue)
    }
    while !fields.isEmpty {
      let part = Array(fields.prefix(MarketoClient.fieldsPerCall))
      fields.removeFirst(part.count)
      for outcome in try await client.createLeadFields(part) where !outcome.isThere {
        throw DeliveryError(
          entity: step.entity.table, field: outcome.name,
          what: outcome.reasons.first.map { "\($0.code) \($0.message)" } ?? "it was not made")
      }
    }
  }

  private func makeType(_ name: String, _ step: Step, _ client: MarketoClient) async throws {
    // A draft may be left from an attempt that was interrupted.
    let there = try await client.customObjectSchema(name)
    if there == nil {
      try await client.createCustomObject(
        name, displayName: name, pluralName: name + "s", description: "Veeva \(step.entity.table), kept by crmsync")
    }
    let known = Set((there?.fields ?? []).map(\.name))
    try await client.addFields(
      step.schema.newFields.filter { !known.contains($0.name) }.map { field in
        NewObjectField(
          name: field.name, displayName: field.label, dataType: field.type.rawValue, isDedupeField: field.isKey,
          relatedTo: field.linksToLead ? .init(name: "lead", field: DeliveryEntity.leadKey) : nil)
      }, toCustomObject: name)
    try await client.approveCustomObject(name)
  }

  /// What can be delivered now; what travels both ways is remembered.
  /// - Parameter schema: the mirror's.
  public func sources(schema: String) -> [DeliverySource] {
    steps.filter(\.schema.isPossible).map {
      DeliverySource($0.entity, fields: $0.schema.fields, owned: $0.schema.owned, schema: schema)
        .remembering(Set($0.entity.fields.filter(\.isTwoWay).map(\.column)))
    }
  }
}

/// Something about an entity that a person has to look at.
public struct DeliveryError: Error, Sendable, CustomStringConvertible {
  public let entity: String
  public let field: String?
  public let what: String

  /// An error.
  public init(entity: String, field: String?, what: String) {
    self.entity = entity
    self.field = field
    self.what = what
  }

  public var description: String {
    "\(entity)\(field.map { ".\($0)" } ?? "") cannot be delivered to Marketo: \(what). Put it right in Marketo; "
      + "crmsync schema shows names and types, and crmsync check looks again"
  }
}

extension DeliveryTarget {
  /// As Marketo names it.
  public var name: String {
    switch self {
    case .salesperson: "salesperson"
    case .company: "company"
    case .lead: "lead"
    case .custom(let name): name
    }
  }

  /// Its records in the client's words.
  var object: MarketoObject {
    switch self {
    case .salesperson: .salesperson
    case .company: .company
    case .lead: .lead
    case .custom(let name): .custom(name)
    }
  }
}

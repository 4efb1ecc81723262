public import Delivery
import Marketo
public import SyncModel
public import Tenants

/// What copying one object would take.
public struct ObjectPlanReport: Sendable, Codable {
  public let object: String
  public let rows: Int
  public let fields: Int
  /// Fields that the default mapping or the configuration names and the sync user cannot see.
  public let hidden: [String]
  public let method: ExtractMethod
  public let partitions: Int
  public let apiCalls: Int
  public let tables: [String]
  /// What becomes of the tables in Marketo; `nil` where the tables are the destination.
  public var delivery: [DeliveryPlanReport]?
  /// The type of Marketo's activities that tells what became of marketers' changes; `nil` where nothing travels back.
  public var activityLog: ActivityLogPlanReport?
  /// Which leads of Marketo would become persons; `nil` where nobody asked.
  public var adoption: AdoptionReport?
}

/// What delivering one table to Marketo would take.
public struct DeliveryPlanReport: Sendable, Codable {
  /// The table, which is also the entity's name.
  public let entity: String
  /// `lead`, `company`, `salesperson`, or the API name of a custom object.
  public let target: String
  /// Whether the custom object would be made.
  public let makesObject: Bool
  /// API names of fields that would be made.
  public let newFields: [String]
  /// What a person should look at.
  public let problems: [DeliveryProblem]
  /// Rows that Marketo has none of yet, at most: some may lead to no synced person.
  public let rows: Int
  /// Calls that bring them there, or 0 where something stops the entity.
  public let calls: Int
}

/// What telling marketers' refused changes to Marketo would take.
public struct ActivityLogPlanReport: Sendable, Codable {
  /// API name of the type of activities.
  public let type: String
  /// Whether it would be made, or gets attributes that it lacks.
  public let isToMake: Bool
  /// Why Marketo would not be told.
  public let problem: String?
}

/// Finds out what a first copy would take, and changes nothing.
public struct PlanReporter: Sendable {
  private static let callsToCount = 1
  let limits: PlanningLimits

  /// A reporter.
  public init(limits: PlanningLimits) { self.limits = limits }

  /// The plan for a tenant's objects.
  public func plan(_ tenant: Tenant) async throws -> [ObjectPlanReport] {
    var reports: [ObjectPlanReport] = []
    var mappings: [ObjectMapping] = []
    for object in tenant.selections.map(\.object) {
      let (report, mapping) = try await plan(object, of: tenant)
      reports.append(report)
      mappings.append(mapping)
    }
    guard let end = tenant.delivery else { return reports }
    let preparation = try await DeliveryPreparation(DeliveryPlan(mappings), at: end.client)
    let isMade = (try? await end.store.isMade()) ?? false
    for place in reports.indices {
      var deliveries: [DeliveryPlanReport] = []
      for step in preparation.steps where reports[place].tables.contains(step.entity.table) {
        let source = DeliverySource(counting: step.entity, schema: end.schema)
        let delivered = isMade ? try await end.store.standing(of: source).delivered : 0
        deliveries.append(DeliveryPlanReport(step, rows: max(0, reports[place].rows - delivered)))
      }
      reports[place].delivery = deliveries
      if reports[place].object == SourceObject.personAccounts.apiName, preparation.travelsBack {
        reports[place].activityLog = try await ActivityLogPlanReport(at: end)
      }
    }
    return reports
  }

  private func plan(_ object: SourceObject, of tenant: Tenant) async throws -> (ObjectPlanReport, ObjectMapping) {
    let described = try await SchemaReader(tenant: tenant).read(object)
    let rows = try await tenant.count(object, conditions: described.conditions)
    let partition = Partition(
      object: object, method: .rest, fields: described.mapping.fields, conditions: described.conditions, range: .all)
    let plan = ExtractPlanner.plan(rows: rows, urlBytes: partition.longestURLBytes, limits: limits)
    let report = ObjectPlanReport(
      object: object.apiName, rows: rows, fields: described.mapping.fields.count, hidden: described.mapping.hidden,
      method: plan.method, partitions: plan.partitions,
      apiCalls: described.apiCalls + Self.callsToCount + plan.apiCalls,
      tables: described.mapping.tables.map(\.table))
    return (report, described.mapping)
  }
}

extension ActivityLogPlanReport {
  init(at end: DeliveryEnd) async throws {
    type = ActivityLogType.apiName
    do {
      isToMake = try await ActivityLogType(at: end.client).usableID == nil
      problem = nil
    } catch let error as MarketoError where error.disposition == .hopeless {
      isToMake = false
      problem = error.description
    }
  }
}

extension DeliveryPlanReport {
  /// Bytes that a field's name and value are taken for before anything is known of them.
  private static let bytesPerField = 40

  init(_ step: DeliveryPreparation.Step, rows: Int) {
    entity = step.entity.table
    target = step.entity.target.name
    makesObject = step.schema.makesType
    newFields = step.schema.isPossible ? step.schema.newFields.map(\.name) : []
    problems = step.problems
    self.rows = rows
    let bytes = Self.bytesPerField * (step.schema.fields.count + 2)
    let method = DeliveryMethod.cheapest(step.entity.target, rows: rows, bytesPerRow: bytes, areNew: true)
    let needed =
      method == .importFile
      ? DeliveryMethod.importCalls(rows: rows, bytesPerRow: bytes)
      : DeliveryMethod.calls(rows: rows, bytesPerRow: bytes)
    calls = step.schema.isPossible ? needed : 0
  }
}

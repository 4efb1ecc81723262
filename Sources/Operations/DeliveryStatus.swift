import Checkpoints
public import Delivery
import SyncModel
import Tenants

/// How the deliveries to a tenant's Marketo instance stand, for people.
public struct DeliveryStatus: Sendable, Codable {
  /// Records of one kind.
  public struct Entity: Sendable, Codable {
    public let entity: String
    /// Marketo has them, perhaps in an older version.
    public let delivered: Int
    /// Wait, or are under way.
    public let waiting: Int
    /// Of these, under way.
    public let inFlight: Int
    public let refused: Int
    /// Rows that lead to no synced person.
    public let unlinked: Int
  }

  public let tenant: String
  public let instance: String
  /// The instance's calls of the day, everybody's as far as known, and how many of them may be used.
  public let callsToday: Int
  public let callsAllowed: Int
  /// Why calls have to wait.
  public let waitingFor: String?
  public let waitingSeconds: Int64?
  public let entities: [Entity]
  public let problems: [DeliveryProblem]
  /// What Marketo was told of the activity log; `nil` where there is nothing to say.
  public var activityLog: ActivityLogStore.Standing?

  /// Whether something needs a person.
  public var isStopped: Bool { problems.contains(where: \.stopsEntity) }

  /// - Returns: `nil` for a tenant without a Marketo instance, and before anything is to be delivered.
  static func read(_ tenant: Tenant, _ checkpoints: CheckpointStore) async throws -> DeliveryStatus? {
    guard let end = tenant.delivery, try await end.store.isMade() else { return nil }
    let plan = try await checkpoints.deliveryPlan(of: tenant.selections.map(\.object), tenant: tenant.name)
    var entities: [Entity] = []
    for entity in plan.entities {
      let standing = try await end.store.standing(of: DeliverySource(counting: entity, schema: end.schema))
      // What a person, a company or a user has not been collected of yet waits; of others it may lead to nobody.
      let isLinked = entity.leadPath != nil
      entities.append(
        Entity(
          entity: entity.table, delivered: standing.delivered,
          waiting: standing.waiting + (isLinked ? 0 : standing.unlinked), inFlight: standing.inFlight,
          refused: standing.refused, unlinked: isLinked ? standing.unlinked : 0))
    }
    let known = try await checkpoints.marketoBudget(of: end.instance)
    let wait = known.flatMap { known in
      known.budget.blockedUntil.map { $0.milliseconds - known.now.milliseconds }
    }.flatMap { $0 > 0 ? $0 : nil }
    let log = try await end.activityLog.standing()
    return DeliveryStatus(
      tenant: tenant.name, instance: end.instance, callsToday: known.map { $0.budget.used(at: $0.now) } ?? 0,
      callsAllowed: end.limits.callsPerDay, waitingFor: wait == nil ? nil : known?.budget.blockedBecause?.rawValue,
      waitingSeconds: wait.map { ($0 + 999) / 1000 }, entities: entities, problems: try await end.store.problems(),
      activityLog: log.isQuiet ? nil : log)
  }
}

extension StatusText {
  /// The lines about a tenant's deliveries.
  func lines(_ delivery: DeliveryStatus) -> [String] {
    var lines = [
      "  Marketo \(delivery.instance)   calls \(Self.grouped(Int64(delivery.callsToday))) of "
        + "\(Self.grouped(Int64(delivery.callsAllowed))) today"
    ]
    if let waiting = delivery.waitingFor {
      lines.append("    Waiting \(delivery.waitingSeconds ?? 0) s: \(waiting); goes on by itself")
    }
    for entity in delivery.entities {
      let counts = [
        (entity.waiting, "waiting"), (entity.inFlight, "under way"), (entity.refused, "refused"),
        (entity.unlinked, "of no synced person"),
      ].filter { $0.0 > 0 }.map { ", \(Self.grouped(Int64($0.0))) \($0.1)" }.joined()
      lines.append(
        "    \(Self.padded(entity.entity, 28)) \(Self.grouped(Int64(entity.delivered))) delivered\(counts)")
    }
    if delivery.entities.contains(where: { $0.refused > 0 }) {
      lines.append("      refused records: crmsync rejects list \(delivery.tenant)")
    }
    if let log = delivery.activityLog { lines += self.lines(log) }
    for problem in delivery.problems where problem.stopsEntity {
      lines.append("      " + red("\(problem.entity) is not delivered: \(problem.field): \(problem.what)"))
    }
    let leftOut = delivery.problems.count { !$0.stopsEntity }
    if leftOut > 0 {
      lines.append("      \(leftOut) fields have no place in Marketo: crmsync check says which, and why")
    }
    return lines
  }

  /// The lines about the activity log.
  private func lines(_ log: ActivityLogStore.Standing) -> [String] {
    let counts = [(log.waiting, "waiting"), (log.refused, "refused")].filter { $0.0 > 0 }
      .map { "\(Self.grouped(Int64($0.0))) \($0.1)" }.joined(separator: ", ")
    var lines: [String] = []
    if !counts.isEmpty { lines.append("    \(Self.padded("activity log", 28)) \(counts)") }
    if let refusal = log.refusal, log.refused > 0 { lines.append("      last refused: \(refusal)") }
    if let problem = log.problem {
      lines.append("      " + red("the activity log is not told to Marketo: \(problem)"))
    }
    return lines
  }
}

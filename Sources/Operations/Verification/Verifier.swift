public import Checkpoints
import PostgreSQL
import PostgresDestination
public import SyncModel
public import Tenants
import Veeva

/// Compares what was copied with what the source holds now, object by object, and mends what differs.
///
/// One pass over the source folds ids and stamps, or every value, into a checksum per range of ids; the destination
/// comes to its own by set work. Only where those differ are records looked at one by one. Memory is bounded whatever
/// the object, and the API calls are about those of reading the ids once.
public struct Verifier: Sendable {
  private let checkpoints: CheckpointStore
  private let limits: PlanningLimits
  private let options: VerificationOptions
  private let progress: @Sendable (VerificationProgress) -> Void

  /// Most rejects that are told from missing records, and most that a repair tries again.
  private static let mostRejects = 100_000
  private static let mostRetries = 1000

  /// Calls that name an object in a statement, which is not found when the object is hidden.
  private static let statements: Set<String> = ["query", "create bulk job"]

  /// A verifier.
  /// - Parameter progress: told now and then how far it has come.
  public init(
    checkpoints: CheckpointStore, limits: PlanningLimits, options: VerificationOptions = VerificationOptions(),
    progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
  ) {
    self.checkpoints = checkpoints
    self.limits = limits
    self.options = options
    self.progress = progress
  }

  /// Verifies one object; `nil` when it has not been copied yet.
  public func verify(_ object: SourceObject, of tenant: Tenant) async throws -> ObjectVerification? {
    guard let stored = try await checkpoints.mapping(of: object, tenant: tenant.name) else { return nil }
    let (mapping, conditions) = (stored.mapping, stored.conditions)
    let watermark = try await checkpoints.watermark(of: object, tenant: tenant.name)
    let calls = await tenant.budget.requests.values.reduce(0, +)
    do {
      var result = try await tenant.destinationPool.withConnection { connection in
        let look = ObjectLook(
          tenant: tenant, mapping: mapping, conditions: conditions, limits: limits, watermark: watermark,
          checksum: RowChecksum(mapping, allColumns: options.allColumns), connection: connection, progress: progress)
        return try await verify(look)
      }
      // What may have been missed is found and mended now, or was not.
      if result.isGood { try await checkpoints.forgetWarning(of: object, tenant: tenant.name) }
      result.apiCalls = await tenant.budget.requests.values.reduce(0, +) - calls
      return result
    } catch let error as VeevaError where error.code == .notFound && Self.statements.contains(error.call) {
      throw HiddenObject(tenant: tenant.name, object: object.apiName)
    }
  }

  private func verify(_ look: ObjectLook) async throws -> ObjectVerification {
    let findings = try await look.whole(rejected: try await rejected(look))
    let tables = findings.destination.enumerated().map { index, sums in
      TableComparison(findings.source, index, sums, findings.differences.first { $0.table == sums.table })
    }
    var result = ObjectVerification(object: look.mapping.object.apiName, tables: tables, apiCalls: 0)
    if options.repair, !result.isEqual || findings.source.rejectedRows > 0 {
      result.repair = try await repair(look, findings)
    }
    return result
  }

  private func rejected(_ look: ObjectLook) async throws -> Set<PackedID> {
    Set(
      try await checkpoints.rejectedIDs(
        of: look.mapping.object.apiName, tenant: look.tenant.name, limit: Self.mostRejects
      ).compactMap { PackedID($0) })
  }

  private func repair(_ look: ObjectLook, _ findings: Findings) async throws -> RepairOutcome {
    let object = look.mapping.object
    look.tell(.repairing)
    let refresh = RecordRefresh(
      tenant: look.tenant, mapping: look.mapping, conditions: look.conditions, limits: limits,
      checkpoints: checkpoints, rejected: findings.rejected)
    var outcome = RepairOutcome()
    try await ObjectRepair(look: look, findings: findings, refresh: refresh).run(force: options.force, &outcome)
    let retries = try await checkpoints.rejects(
      tenant: look.tenant.name, object: object.apiName, limit: Self.mostRetries
    ).compactMap { VeevaID.widened($0.recordID) }.filter { PackedID($0).map(findings.rejected.contains) == true }
    if !retries.isEmpty { outcome.resolvedRejects += try await refresh.refresh(retries).resolved }
    if !findings.differences.isEmpty {
      look.tell(.checking)
      outcome.remaining = try await look.again(findings, rejected: try await rejected(look))
    }
    return outcome
  }
}

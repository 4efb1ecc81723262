public import Checkpoints
import PostgresDestination
public import SyncModel
public import Tenants
import Veeva

/// Fetches rejected records again, after they were put right in the source.
public struct RejectRetry: Sendable {
  /// Ids per statement: their list has to fit a URL.
  private static let idsPerQuery = 100
  private let checkpoints: CheckpointStore

  /// A retry.
  public init(checkpoints: CheckpointStore) { self.checkpoints = checkpoints }

  /// Fetches the rejects of a tenant's object and stores those that can be stored now.
  /// - Returns: how many were stored, and how many are still refused or gone.
  public func retry(_ object: SourceObject, of tenant: Tenant) async throws -> (stored: Int, left: Int) {
    let ids = try await checkpoints.rejects(tenant: tenant.name, object: object.apiName).map(\.recordID)
      .compactMap { VeevaID.widened($0) }
    guard !ids.isEmpty, let mapping = try await checkpoints.mapping(of: object, tenant: tenant.name)?.mapping else {
      return (0, ids.count)
    }
    var stored = 0
    for start in stride(from: 0, to: ids.count, by: Self.idsPerQuery) {
      let part = ids[start..<min(start + Self.idsPerQuery, ids.count)]
      stored += try await retry(Array(part), mapping, tenant)
    }
    return (stored, ids.count - stored)
  }

  private func retry(_ ids: [String], _ mapping: ObjectMapping, _ tenant: Tenant) async throws -> Int {
    let object = mapping.object.apiName
    let list = ids.map { "'\($0)'" }.joined(separator: ", ")
    let rows = try await tenant.veeva.queryPage(
      SOQL.select(mapping.fields, from: object, where: ["Id IN (\(list))"]), object: object, fields: mapping.fields)
    let refused = try await tenant.withPageWriter(for: mapping, mode: .merge(.none)) { writer in
      try await writer.write(rows)
      return try await writer.commit { _, _ in true }?.rejects ?? []
    }
    let stillRefused = Set(refused.map(\.recordID))
    let found = (0..<rows.rowCount).compactMap { rows.text(row: $0, column: ObjectMapping.idColumn) }
    let resolved = found.filter { !stillRefused.contains($0) }
    return try await checkpoints.resolveRejects(resolved, object: object, tenant: tenant.name)
  }
}

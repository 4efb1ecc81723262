import PostgreSQL
import PostgresDestination
import SyncModel
import Tenants
import Veeva

/// What a look at both sides has found.
struct Findings {
  let comparison: Comparison
  /// By the source's clock: what changed since is in motion.
  let start: Instant
  /// Records that were left out because they were refused.
  let rejected: Set<PackedID>
  let source: SourceSums
  /// How the source was read.
  let method: ExtractMethod
  let destination: [TableSums]
  /// The ranges that differ, ascending.
  let ranges: [Int]
  /// By table; empty when no range differs.
  var differences: [TableDifferences] = []
}

/// Looks at both sides of one object.
struct ObjectLook {
  let tenant: Tenant
  let mapping: ObjectMapping
  let conditions: [String]
  let limits: PlanningLimits
  /// What changed in the source since is for the next delta.
  let watermark: Instant?
  let checksum: RowChecksum
  /// Where the comparison's temporary tables live.
  let connection: PostgresConnection
  let progress: @Sendable (VerificationProgress) -> Void

  /// Limits under which records with few fields are read: long pages, few calls.
  var idLimits: PlanningLimits {
    guard checksum.fields.count <= ObjectMapping.modstampColumn + 1 else { return limits }
    var limits = limits
    limits.pageRows = ExtractPlanner.idPageRows(limits)
    return limits
  }

  func tell(_ step: VerificationProgress.Step, rows: Int64 = 0) {
    progress(VerificationProgress(object: mapping.object.apiName, step: step, rows: rows))
  }

  /// Reads the whole source once, and looks closely where checksums differ.
  func whole(rejected: Set<PackedID>) async throws -> Findings {
    let comparison = try await begin(rejected)
    let bounds = try await comparison.bounds()
    let start = try await motionStart()
    var source = SourceSums(checksum, bounds: bounds, rejected: rejected)
    let method = try await tenant.extract(
      mapping.object, fields: checksum.fields, conditions: conditions, limits: idLimits
    ) { batch in
      source.fold(batch)
      tell(.reading, rows: source.rows)
    }
    tell(.comparing, rows: source.rows)
    let destination = try await comparison.sums(bounds)
    let ranges = Set(zip(source.tables, destination).flatMap { $0.differing(from: $1.ranges) }).sorted()
    var findings = Findings(
      comparison: comparison, start: start, rejected: rejected, source: source, method: method,
      destination: destination, ranges: ranges)
    if !ranges.isEmpty { findings.differences = try await narrow(findings, comparison, rejected, since: start) }
    return findings
  }

  /// Looks closely at the same ranges once more.
  func again(_ findings: Findings, rejected: Set<PackedID>) async throws -> [TableDifferences] {
    let comparison = try await begin(rejected)
    return try await narrow(findings, comparison, rejected, since: try await motionStart())
  }

  /// The moment from which a record's stamp says that it is in motion.
  private func motionStart() async throws -> Instant {
    let now = try await tenant.veeva.serverTime()
    return watermark.map { min($0, now) } ?? now
  }

  private func begin(_ rejected: Set<PackedID>) async throws -> Comparison {
    try await Comparison.begin(
      tenant.destination, mapping: mapping, checksum: checksum, conditions: conditions, rejected: rejected,
      on: connection)
  }

  private func narrow(
    _ findings: Findings, _ comparison: Comparison, _ rejected: Set<PackedID>, since start: Instant
  ) async throws -> [TableDifferences] {
    let bounds = findings.source.bounds
    let merged = bounds.merged(findings.ranges)
    try await comparison.narrow(to: merged)
    let lines = ChecksumLines(checksum, bounds: bounds, ranges: findings.ranges, rejected: rejected)
    var rows: Int64 = 0
    try await comparison.stage { put in
      try await read(merged, findings) { batch in
        rows += Int64(batch.rowCount)
        tell(.narrowing, rows: rows)
        try await put(lines.lines(of: batch))
      }
    }
    return try await comparison.differences(since: start)
  }

  /// Reads the source's records of some ranges: those alone, or everything once more where that takes fewer calls.
  private func read(
    _ ranges: [MergedRange], _ findings: Findings, _ take: (RecordBatch) async throws -> Void
  ) async throws {
    let statement = SOQL.select(checksum.fields, from: mapping.object.apiName, where: conditions, orderBy: ["Id"])
    let groups = RecordSelection.groups(of: ranges, besides: statement, longestURL: limits.longestURL)
    let whole = RecordSelection.wholeCalls(
      rows: findings.source.rows, method: findings.method, pageRows: idLimits.pageRows)
    let counts = findings.source.tables.first?.counts ?? []
    if let groups,
      RecordSelection.restCalls(groups, rows: { counts.indices.contains($0) ? counts[$0] : 0 }) <= whole
    {
      try await tenant.extract(
        groups, of: mapping.object, fields: checksum.fields, conditions: conditions, take)
    } else {
      try await tenant.extract(
        mapping.object, fields: checksum.fields, conditions: conditions, limits: idLimits, take)
    }
  }
}

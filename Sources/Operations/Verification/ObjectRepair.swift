import PostgresDestination
import SyncModel
import Tenants

/// Mends what a look at one object has found.
struct ObjectRepair {
  let look: ObjectLook
  let findings: Findings
  let refresh: RecordRefresh

  /// Ids that are asked of the database at once.
  private static let idsPerRead = 2000

  private var comparison: Comparison { findings.comparison }
  private var object: SourceObject { look.mapping.object }

  /// Fetches what is missing or different, and removes what is no longer in the source.
  func run(force: Bool, _ outcome: inout RepairOutcome) async throws {
    guard !findings.differences.isEmpty else { return }
    if findings.differences.contains(where: { $0.missing + $0.different > 0 }) {
      try await comparison.lowerStamps()
      try await fetch(&outcome)
    }
    if findings.differences.contains(where: { $0.extra > 0 }) {
      try await weighExtras()
      outcome.removals = try await comparison.remove(
        of: findings.destination.map(\.ranges.count), force: force,
        raisesEvents: look.tenant.raisesEvents(in: .delta))
      outcome.refusal = refusal(outcome.removals)
    }
  }

  private func fetch(_ outcome: inout RepairOutcome) async throws {
    let statement = SOQL.select(look.mapping.fields, from: object.apiName, where: look.conditions + ["Id IN ()"])
    let lists = RecordSelection.listCalls(
      try await comparison.count(.wanted), besides: statement, longestURL: look.limits.longestURL)
    let whole = RecordSelection.wholeCalls(
      rows: findings.source.rows, method: findings.method, pageRows: look.limits.pageRows)
    if lists > whole { return add(try await refresh.refreshAll(), &outcome) }
    var last = ""
    while true {
      let ids = try await comparison.ids(.wanted, after: last, limit: Self.idsPerRead)
      guard let lastID = ids.last else { return }
      add(try await refresh.refresh(ids), &outcome)
      last = lastID
      look.tell(.repairing, rows: Int64(outcome.stored))
    }
  }

  private func add(_ refreshed: RecordRefresh.Outcome, _ outcome: inout RepairOutcome) {
    outcome.stored += refreshed.stored
    outcome.refused += refreshed.refused
    outcome.resolvedRejects += refreshed.resolved
  }

  /// Asks the source for the extra ids, deleted records included: by lists of them, or all of its ids once more where
  /// that takes fewer calls.
  private func weighExtras() async throws {
    let fields = EvidenceLines.fields(of: object)
    let lines = EvidenceLines(bounds: findings.source.bounds, ranges: findings.ranges)
    let statement = SOQL.select(fields, from: object.apiName, where: ["Id IN ()"])
    let extras = try await comparison.count(.extra)
    let whole = RecordSelection.wholeCalls(
      rows: findings.source.rows, method: findings.method, pageRows: look.idLimits.pageRows)
    let isListed =
      RecordSelection.listCalls(extras, besides: statement, longestURL: look.limits.longestURL) <= whole
    // Read before the source's answers are staged over the same connection. So many only as a few calls ask for.
    // What has not even the form of an id cannot be asked for, and the source cannot have it.
    let ids =
      isListed
      ? try await comparison.ids(.extra, after: "", limit: Int(extras)).filter { id in
        VeevaID.widened(String(id.prefix(15))) == id
      } : []
    try await comparison.weigh(since: findings.start, isSelective: !look.conditions.isEmpty) { put in
      if isListed {
        try await look.tenant.extract(
          ids: ids, of: object, fields: fields, conditions: [], limits: look.limits, includeDeleted: true
        ) { try await put(lines.lines(of: $0)) }
      } else {
        try await look.tenant.extract(
          object, fields: fields, conditions: [], limits: look.idLimits, includeDeleted: true
        ) { try await put(lines.lines(of: $0)) }
      }
    }
  }

  private func refusal(_ removals: [Removal]) -> String? {
    let refused = removals.filter(\.isRefused)
    guard !refused.isEmpty else { return nil }
    let tables = refused.map { removal in
      let rows = findings.destination.first { $0.table == removal.table }?.ranges.count ?? 0
      return "\(removal.gone) of \(rows) rows of \(removal.table)"
    }
    return "the org says nothing of \(tables.joined(separator: " and of ")): that looks like a loss of permissions or "
      + "sharing, and not like deletion, so that none of them was touched. Check what the sync user may see (View All "
      + "on \(object.apiName), its record types); if they are really gone, say --force"
  }
}

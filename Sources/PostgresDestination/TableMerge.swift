import PostgreSQL
import SyncModel

/// Works what was staged for one table in: what changes, what becomes of it, and which events that raises.
struct TableMerge {
  /// What a table's part of a page came to.
  struct Outcome: Sendable {
    var changed = 0
    var events = 0
  }

  /// How often rows are planned anew that somebody else changed meanwhile.
  private static let rounds = 10

  let statements: TableStatements
  let mode: WriteMode
  /// The table's columns as they were when its rows were staged.
  let shape: String
  /// Whether deleted records are among those staged.
  let hasDeletions: Bool

  private var staging: String { Self.staging(shape, mode) }
  private var plan: String { "plan_" + shape }
  private var hasFate: Bool { mode.rules != nil }

  /// The name of the staging table of a shape.
  static func staging(_ shape: String, _ mode: WriteMode) -> String {
    (mode.rules == nil ? "stage_" : "change_") + shape
  }

  func run(on db: PostgresConnection) async throws -> Outcome {
    try await TableLock.take(statements.name, isShared: hasFate, on: db)
    try await db.execute(statements.keepShape)
    try await check(on: db)
    if mode == .merge(.none) { return Outcome(changed: try await db.execute(statements.merge(from: staging))) }
    try await db.execute(statements.dropOlder(in: staging))
    try await db.execute(statements.makePlan(plan))
    var outcome = Outcome()
    for round in 1...Self.rounds {
      if round > 1 { try await db.execute(statements.clear(plan)) }
      if try await carryOut(try await makePlan(on: db), &outcome, on: db) {
        if hasDeletions, statements.table == CallDetails.parent { try await removeDetails(&outcome, on: db) }
        return outcome
      }
    }
    throw PostgresError(
      kind: .query, message: "rows of \(statements.table) were changed by others again and again", sqlState: "40001")
  }

  private func check(on db: PostgresConnection) async throws {
    guard try await db.query(statements.shape).first?.string("shape") == shape else {
      throw statements.altered("its columns were altered while the page was on its way")
    }
    try await statements.checkFit(on: db)
  }

  private func makePlan(on db: PostgresConnection) async throws -> [PlannedChange] {
    try await db.query(statements.plan(plan, from: staging, hasFate: hasFate, scope: mode.scope)).compactMap { row in
      guard let kind = try row.string("kind").flatMap(ChangeKind.init), let raises = try row.bool("raises"),
        let rows = try row.int("rows")
      else { return nil }
      return PlannedChange(kind: kind, raisesEvents: raises, rows: Int(rows))
    }
  }

  /// Carries a plan out.
  /// - Returns: whether all of it could be.
  private func carryOut(
    _ changes: [PlannedChange], _ outcome: inout Outcome, on db: PostgresConnection
  ) async throws -> Bool {
    var isComplete = true
    for change in changes {
      let result = try await db.query(statements.perform(change, of: plan, from: staging)).first
      let done = Int(try result?.int("rows") ?? 0)
      isComplete = isComplete && done == change.rows
      switch change.kind {
      case .add, .update, .flag, .remove: outcome.changed += done
      case .stamp, .remember: break
      }
      if change.raisesEvents { outcome.events += Int(try result?.int("events") ?? 0) }
    }
    if changes.contains(where: { $0.kind == .remove || $0.kind == .remember }) {
      try await db.execute(statements.remember(plan))
    }
    return isComplete
  }

  /// Key messages go with their call, though their own deletion may come late or never: the source deletes details
  /// with their master and does not always stamp them.
  ///
  /// Asked for each deletion that is delivered, not only for the first: what came in between goes, too.
  private func removeDetails(_ outcome: inout Outcome, on db: PostgresConnection) async throws {
    guard let details = try await Details(schema: statements.schema, on: db) else { return }
    try await TableLock.take(details.name, isShared: true, on: db)
    let calls = """
      select s.veeva_id as id, s.veeva_system_modstamp as stamp from pg_temp.\(quotedIdentifier(staging)) s
      where s.crmsync_fate = 'D' and not exists (select from \(statements.name) t where t.veeva_id = s.veeva_id)
      """
    try await db.execute(details.lock(of: calls))
    let removed = try await db.query(details.remove(of: calls, scope: mode.scope)).first
    outcome.changed += Int(try removed?.int("rows") ?? 0)
    outcome.events += Int(try removed?.int("events") ?? 0)
  }
}

extension TableStatements {
  func altered(_ what: String) -> DestinationError {
    DestinationError(problem: .altered(what), schema: schema, table: table, detail: "")
  }

  /// Makes sure that the table still holds what the mapping writes. Asked under a lock on the table.
  func checkFit(on db: PostgresConnection) async throws {
    guard let row = try await db.query(misfit).first, let column = try row.string("column") else { return }
    let (has, wants) = (try row.string("has") ?? "", try row.string("wants") ?? "")
    throw altered("column \(column) is \(has) by now, and the page's mapping needs \(wants)")
  }
}

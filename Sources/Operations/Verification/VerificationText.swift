public import Delivery
import PostgresDestination

/// A verification for people.
public enum VerificationText {
  /// The lines about one object.
  public static func lines(_ result: ObjectVerification) -> [String] {
    result.tables.map(line) + (result.repair.map { lines($0, result.object) } ?? [])
  }

  /// The line about what Marketo holds of one table.
  public static func line(_ delivery: DeliveryComparison) -> String {
    let counts = [(delivery.waiting, "waiting"), (delivery.refused, "refused")].filter { $0.0 > 0 }
      .map { ", \($0.0) \($0.1)" }.joined()
    if delivery.isEqual {
      return "  equal      Marketo's \(delivery.entity): \(delivery.delivered) records, \(delivery.compared) compared"
        + counts
    }
    let again = delivery.redelivered > 0 ? "; \(delivery.redelivered) are delivered again" : ""
    return
      "  DIFFERENT  Marketo's \(delivery.entity): \(delivery.missing) missing, \(delivery.different) different, "
      + "\(delivery.doubled) doubled of \(delivery.delivered)\(counts); such as "
      + delivery.examples.joined(separator: ", ") + again
  }

  /// What it comes to in all.
  public static func summary(_ results: [ObjectVerification]) -> [String] {
    let calls = results.reduce(0) { $0 + $1.apiCalls }
    var lines = ["\(calls) API calls."]
    if results.allSatisfy(\.isGood) {
      let after = results.allSatisfy(\.isEqual) ? "" : " after the repair"
      lines.append("Source and destination are equal\(after).")
    } else if results.allSatisfy({ $0.repair == nil }) {
      lines.append("Source and destination differ; crmsync verify TENANT --repair fetches what differs.")
    } else {
      lines.append("Source and destination still differ.")
    }
    return lines
  }

  private static func line(_ table: TableComparison) -> String {
    let counts = [
      (table.rejected, "rejected"), (table.inMotion, "in motion"), (table.ignored, "deleted or past in the org"),
    ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
    if table.isEqual {
      return "  equal      \(table.table): \(table.destinationRows) rows, checksum \(table.sourceChecksum)\(counts)"
    }
    return
      "  DIFFERENT  \(table.table): \(table.missing) missing, \(table.extra) extra, \(table.different) different of "
      + "\(table.sourceRows) in the org\(counts); such as \(table.examples.joined(separator: ", "))"
  }

  private static func lines(_ repair: RepairOutcome, _ object: String) -> [String] {
    let done = [
      (Int64(repair.stored), "fetched"), (Int64(repair.refused), "refused"),
      (Int64(repair.resolvedRejects), "rejects resolved"),
      (repair.removals.reduce(0) { $0 + $1.flagged }, "rows flagged as deleted"),
      (repair.removals.reduce(0) { $0 + $1.deleted }, "rows removed"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    var lines = [
      "  \(repair.isComplete ? "repaired " : "NOT WHOLE")  \(object): \(done.isEmpty ? "nothing to do" : done)"
    ]
    for table in repair.remaining where !table.isEqual {
      lines.append(
        "             \(table.table): still \(table.missing) missing, \(table.extra) extra, \(table.different) "
          + "different; such as \(table.examples.joined(separator: ", "))")
    }
    if let refusal = repair.refusal { lines.append("             \(refusal)") }
    return lines
  }
}

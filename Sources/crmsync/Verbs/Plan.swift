import ArgumentParser
import Operations
import SyncModel
import Tenants

/// What a sync would take.
struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What would be copied: objects, rows, partitions, API calls. Changes nothing.",
    discussion: """
      EXAMPLES
        crmsync plan
        crmsync plan --json
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  /// Rows per second that orgs deliver, at the slow and at the fast end; a first estimate before anything is measured.
  private static let usualRates = (slow: 2_000, fast: 20_000)

  func run() async throws {
    let cluster = try Cluster(options.source, readsOnly: true)
    let reporter = PlanReporter(limits: cluster.planning)
    var reports: [String: [ObjectPlanReport]] = [:]
    for tenant in cluster.tenants {
      for object in tenant.selections.map(\.object) {
        reports[tenant.name, default: []].append(try await reporter.plan(object, of: tenant))
      }
    }
    if output.json { return try printJSON(reports) }
    for (tenant, objects) in reports.sorted(by: { $0.key < $1.key }) { show(tenant, objects) }
  }

  private func show(_ tenant: String, _ objects: [ObjectPlanReport]) {
    print(tenant)
    print("  object                                  rows  fields  method  partitions  API calls  tables")
    for object in objects {
      let cells = [
        object.object.padded(32), "\(object.rows)".aligned(11), "\(object.fields)".aligned(7),
        "  " + object.method.rawValue.padded(6), "\(object.partitions)".aligned(11), "\(object.apiCalls)".aligned(10),
        "  " + object.tables.joined(separator: ", "),
      ]
      print("  " + cells.joined())
      if !object.hidden.isEmpty { print("    not visible to the sync user: \(object.hidden.joined(separator: ", "))") }
    }
    let rows = objects.reduce(0) { $0 + $1.rows }
    let calls = objects.reduce(0) { $0 + $1.apiCalls }
    let (slow, fast) = Self.usualRates
    print(
      "  \(rows) rows in about \(calls) API calls; expect \(StatusText.duration(Double(rows / fast))) to "
        + "\(StatusText.duration(Double(rows / slow))), depending on the org")
  }
}

extension String {
  /// The text, followed by blanks.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }

  /// The text, behind blanks.
  func aligned(_ width: Int) -> String { String(repeating: " ", count: max(1, width - count)) + self }
}

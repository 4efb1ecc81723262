import ArgumentParser
import Delivery
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
        crmsync plan --adoptions          Asks Marketo, too, which of its leads become persons of Veeva
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Look for leads of Marketo that have a person's email address: a call for 300 persons.")
  var adoptions = false

  /// Rows per second that orgs deliver, at the slow and at the fast end; a first estimate before anything is measured.
  private static let usualRates = (slow: 2_000, fast: 20_000)

  func run() async throws {
    let cluster = try Cluster(options.source, readsOnly: true)
    let reporter = PlanReporter(limits: cluster.planning)
    var reports: [String: [ObjectPlanReport]] = [:]
    for tenant in cluster.tenants {
      var objects = try await reporter.plan(tenant)
      if adoptions, let place = objects.firstIndex(where: { $0.object == SourceObject.personAccounts.apiName }) {
        objects[place].adoption = try await reporter.adoptions(of: tenant)
      }
      reports[tenant.name] = objects
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
    show(objects.flatMap { $0.delivery ?? [] })
    for report in objects.compactMap(\.activityLog) { show(report) }
    for report in objects.compactMap(\.adoption) { show(report) }
  }

  /// How marketers would see what Veeva does not take.
  private func show(_ log: ActivityLogPlanReport) {
    if log.isToMake { print("  activity type to make: \(log.type)") }
    if let problem = log.problem { print("  activity log not told to Marketo: \(problem)") }
  }

  /// What would become of leads that are there already.
  private func show(_ adoption: AdoptionReport) {
    print(
      "  \(adoption.adopted) leads of Marketo are known by their email address alone and become persons of Veeva"
        + (adoption.adopted > 0 ? ", whose veevaId they get:" : ""))
    show(adoption.adoptedExamples, of: adoption.adopted)
    guard adoption.ambiguous > 0 else { return }
    print("  \(adoption.ambiguous) persons would be rejects until somebody says which lead is whose:")
    show(adoption.examples, of: adoption.ambiguous)
  }

  private func show(_ examples: [String], of all: Int) {
    for example in examples { print("    \(example)") }
    if all > examples.count { print("    and \(all - examples.count) more") }
  }

  /// What would be brought to Marketo.
  private func show(_ deliveries: [DeliveryPlanReport]) {
    guard !deliveries.isEmpty else { return }
    print("  table                           Marketo                               rows  calls  fields to make")
    for delivery in deliveries {
      let object = delivery.target + (delivery.makesObject ? " (to make)" : "")
      print(
        "  \(delivery.entity.padded(31)) \(object.padded(31))\("\(delivery.rows)".aligned(10))"
          + "\("\(delivery.calls)".aligned(6))\("\(delivery.newFields.count)".aligned(15))")
      if !delivery.newFields.isEmpty { print("    to make: \(delivery.newFields.joined(separator: ", "))") }
      for problem in delivery.problems where problem.stopsEntity {
        print("    STOPPED  \(problem.field): \(problem.what)")
      }
      let leftOut = delivery.problems.filter { !$0.stopsEntity }.map(\.field)
      if !leftOut.isEmpty { print("    without a place in Marketo: \(leftOut.joined(separator: ", "))") }
    }
    let calls = deliveries.reduce(0) { $0 + $1.calls }
    print("  about \(calls) Marketo calls for what it has none of yet")
  }
}

extension String {
  /// The text, followed by blanks.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }

  /// The text, behind blanks.
  func aligned(_ width: Int) -> String { String(repeating: " ", count: max(1, width - count)) + self }
}

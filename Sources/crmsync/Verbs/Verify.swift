import ArgumentParser
import Checkpoints
import Delivery
import Operations
import PostgresDestination
import SyncModel
import Tenants

/// Source against destination.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares what was copied with what the org holds now: counts, checksums, differing ids.",
    discussion: """
      Reads ids and stamps of every synced record from the org once more, compares checksums by ranges of ids, and
      looks closely only where those differ. Exit 0 when both sides agree, or do so after the repair; 1 when not.

      A repair fetches what is missing or different. Of rows that the org does not have it asks the org: persons and
      companies are flagged as deleted, other rows are removed. Where the org says nothing of more than a fifth of a
      table's rows, they are taken for hidden, and stay, unless you say --force.

      Where Marketo is the destination, all that was delivered is read back from it by key, a call for 300 records, and
      compared value by value; a repair lets what is missing or different be delivered again.

      EXAMPLES
        crmsync verify acme
        crmsync verify acme --all-columns         Compares every value, at the price of another full read
        crmsync verify acme --repair
        crmsync verify acme --json
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The tenant.") var tenant: String
  @Flag(help: "Compare every value, not only ids and stamps.") var allColumns = false
  @Flag(help: "Fetch what is missing or different; remove or flag what the org no longer has.") var repair = false
  @Flag(help: "With --repair: take rows for deleted however many the org says nothing of.") var force = false

  func validate() throws {
    if force, !repair { throw ValidationError("--force goes with --repair") }
  }

  func run() async throws {
    let cluster = try await Cluster.ready(options)
    let tenant = try cluster.tenant(tenant)
    let line = ProgressLine()
    let verifier = Verifier(
      checkpoints: cluster.checkpoints, limits: cluster.planning,
      options: VerificationOptions(allColumns: allColumns, repair: repair, force: force)
    ) { progress in
      line.show("  \(progress.object): \(progress.step.rawValue), \(progress.rows) rows")
    }
    var results: [ObjectVerification] = []
    for object in tenant.selections.map(\.object) {
      defer { line.clear() }
      guard let result = try await verifier.verify(object, of: tenant) else {
        throw Failure(description: "tenant \(tenant.name): \(object) has not been copied yet; see crmsync status")
      }
      results.append(result)
      line.clear()
      if !output.json { VerificationText.lines(result).forEach { print($0) } }
    }
    for comparison in try await verifyDelivery(tenant, cluster, line) {
      if !output.json { print(VerificationText.line(comparison)) }
      guard let place = results.firstIndex(where: { $0.tables.contains { $0.table == comparison.entity } }) else {
        continue
      }
      results[place].delivery = (results[place].delivery ?? []) + [comparison]
    }
    if output.json { try printJSON(results) }
    let isGood = results.allSatisfy(\.isGood)
    if !output.json { VerificationText.summary(results).forEach { print($0) } }
    guard isGood else { throw ExitCode(ExitStatus.failed.rawValue) }
  }

  private func verifyDelivery(
    _ tenant: Tenant, _ cluster: Cluster, _ line: ProgressLine
  ) async throws -> [DeliveryComparison] {
    guard let end = tenant.delivery else { return [] }
    defer { line.clear() }
    let plan = try await cluster.checkpoints.deliveryPlan(of: tenant.selections.map(\.object), tenant: tenant.name)
    let comparisons = try await DeliveryVerifier(end, repairs: repair).verify(plan) { entity, records in
      line.show("  Marketo's \(entity): \(records) records")
    }
    if comparisons.contains(where: { $0.redelivered > 0 }) { try await cluster.checkpoints.announceProgress() }
    return comparisons
  }
}

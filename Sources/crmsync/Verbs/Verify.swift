import ArgumentParser
import Operations
import PostgresDestination
import SyncModel
import Tenants

/// Source against destination.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares what was copied with what the org holds now: counts, checksums, differing ids.",
    discussion: """
      Reads ids and stamps of every synced record from the org once more. Exit 0 when both sides agree, 1 when not.

      EXAMPLES
        crmsync verify acme
        crmsync verify acme --all-columns         Compares every value, at the price of another full read
        crmsync verify acme --json
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The tenant.") var tenant: String
  @Flag(help: "Compare every value, not only ids and stamps.") var allColumns = false

  func run() async throws {
    let cluster = try await Cluster.ready(options)
    let tenant = try cluster.tenant(tenant)
    let verifier = Verifier(checkpoints: cluster.checkpoints, limits: cluster.planning)
    var results: [ObjectVerification] = []
    for object in tenant.selections.map(\.object) {
      guard let result = try await verifier.verify(object, of: tenant, allColumns: allColumns) else {
        throw Failure(description: "tenant \(tenant.name): \(object) has not been copied yet; see crmsync status")
      }
      results.append(result)
      if !output.json { result.tables.forEach(show) }
    }
    if output.json { try printJSON(results) }
    guard results.allSatisfy(\.isEqual) else { throw ExitCode(ExitStatus.failed.rawValue) }
    if !output.json { print("Source and destination are equal.") }
  }

  private func show(_ table: TableComparison) {
    let rejected = table.rejected > 0 ? ", \(table.rejected) rejected" : ""
    if table.isEqual {
      print("  equal      \(table.table): \(table.destinationRows) rows, checksum \(table.sourceChecksum)\(rejected)")
    } else {
      print(
        "  DIFFERENT  \(table.table): \(table.missing) missing, \(table.extra) extra, \(table.different) different of "
          + "\(table.sourceRows) in the org\(rejected); such as \(table.examples.joined(separator: ", "))")
    }
  }
}

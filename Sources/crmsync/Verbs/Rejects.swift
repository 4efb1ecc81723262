import ArgumentParser
import Checkpoints
import Foundation
import Operations
import SyncModel
import Tenants

/// Refused records.
struct Rejects: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Records that could not be stored: list, show, retry, discard.",
    discussion: """
      EXAMPLES
        crmsync rejects list acme
        crmsync rejects show 3
        crmsync rejects retry acme        Fetches them again, after they were put right in Veeva
        crmsync rejects discard 3 4
      """,
    subcommands: [List.self, Show.self, Retry.self, Discard.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The rejects, oldest first.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only of this tenant.") var tenant: String?
    @Argument(help: "Only of this object, by its API name.") var object: String?

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let rejects = try await cluster.checkpoints.rejects(tenant: tenant, object: object)
      if output.json { return try printJSON(rejects) }
      if rejects.isEmpty { print("No rejects.") }
      for reject in rejects {
        let field = reject.field.map { ".\($0)" } ?? ""
        print("\(reject.id)  \(reject.tenant)  \(reject.object)\(field)  \(reject.recordID)  \(reject.reason)")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One reject in full.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The reject's number.") var id: Int64

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let rejects = try await cluster.checkpoints.rejects(tenant: nil, object: nil, limit: Int(Int32.max))
      guard let reject = rejects.first(where: { $0.id == id }) else {
        throw Failure(description: "there is no open reject \(id); see crmsync rejects list")
      }
      try printJSON(reject)
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetches a tenant's rejected records again and stores those that can be stored now.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The tenant.") var tenant: String

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let tenant = try cluster.tenant(tenant)
      for object in tenant.selections.map(\.object) {
        let (stored, left) = try await RejectRetry(checkpoints: cluster.checkpoints, limits: cluster.planning).retry(
          object, of: tenant)
        if stored + left > 0 { print("\(object): \(stored) stored, \(left) still refused or gone.") }
      }
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rejects that need no further attention.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Numbers of rejects.") var ids: [Int64]

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      print("\(try await cluster.checkpoints.discardRejects(ids)) reject(s) discarded.")
    }
  }
}

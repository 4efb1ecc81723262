import ArgumentParser
import Checkpoints
import Delivery
import Foundation
import Operations
import SyncModel
import Tenants

/// Refused records.
struct Rejects: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What could not be stored here, delivered to Marketo or written to Veeva: list, show, retry, discard.",
    discussion: """
      Records that could not be stored have numbers. What Marketo refused goes by tenant, table and id; what Veeva
      refused of marketers' changes by tenant, id and column.

      EXAMPLES
        crmsync rejects list acme
        crmsync rejects show 3
        crmsync rejects retry acme        Fetches, delivers and writes them again, after they were put right
        crmsync rejects discard 3 4
        crmsync rejects show acme/person/0015g00000AbCdEAAV
        crmsync rejects discard acme/0015g00000AbCdEAAV/email      Marketing's value stays, until Veeva has another
      """,
    subcommands: [List.self, Show.self, Retry.self, Discard.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The rejects, oldest first: of records, then of deliveries to Marketo, then of changes to Veeva.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only of this tenant.") var tenant: String?
    @Argument(help: "Only of this object, by its API name.") var object: String?

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let rejects = try await cluster.rejects(tenant: tenant, object: object)
      if output.json { return try printJSON(rejects) }
      if rejects.isEmpty { print("No rejects.") }
      for reject in rejects { print(reject.line) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One reject in full.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The reject's number or name.") var id: RejectID

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      guard let reject = try await cluster.reject(id) else {
        throw Failure(description: "there is no open reject \(id); see crmsync rejects list")
      }
      try printJSON(reject)
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetches a tenant's rejected records again, and delivers and writes again what was refused.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The tenant; of one record that Marketo refused, tenant/table/id.") var tenant: String

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      if case .undelivered(let name, let entity, let id)? = RejectID(argument: tenant) {
        let end = try UndeliveredRecord.end(cluster.tenant(name))
        guard try await end.store.retryRefusals(of: entity, id: id) > 0 else {
          throw Failure(description: "Marketo has refused no such record; see crmsync rejects list \(name)")
        }
        try await cluster.checkpoints.announceProgress()
        return print("1 record waits to be delivered again.")
      }
      let tenant = try cluster.tenant(tenant)
      for object in tenant.selections.map(\.object) {
        let (stored, left) = try await RejectRetry(checkpoints: cluster.checkpoints, limits: cluster.planning).retry(
          object, of: tenant)
        if stored + left > 0 { print("\(object): \(stored) stored, \(left) still refused or gone.") }
      }
      let waiting = try await tenant.delivery?.store.retryRefusals() ?? 0
      if waiting > 0 { print("\(waiting) record(s) that Marketo refused wait to be delivered again.") }
      let changes = try await tenant.retryRefusedChanges()
      if changes > 0 { print("\(changes) change(s) will be written to Veeva once more.") }
      if waiting + changes > 0 { try await cluster.checkpoints.announceProgress() }
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rejects that need no further attention.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Numbers or names of rejects.") var ids: [RejectID]

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      var discarded = 0
      for id in ids {
        switch id {
        case .stored(let number): discarded += try await cluster.checkpoints.discardRejects([number])
        case .undelivered(let tenant, let entity, let id):
          let end = try UndeliveredRecord.end(cluster.tenant(tenant))
          discarded += try await end.store.discardRefusals(of: entity, id: id)
        case .unwritten(let tenant, let id, let column):
          let isGone = try await cluster.tenant(tenant).discardRefusedChange(recordID: id, column: column)
          discarded += isGone ? 1 : 0
        }
      }
      print("\(discarded) reject(s) discarded.")
    }
  }
}

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
    abstract: "Records that could not be stored: list, show, retry, discard.",
    discussion: """
      EXAMPLES
        crmsync rejects list acme
        crmsync rejects show 3
        crmsync rejects retry acme        Fetches them again, after they were put right in Veeva
        crmsync rejects discard 3 4
        crmsync rejects show acme/person/0015g00000AbCdEAAV
                                          What Marketo refused goes by tenant, table and id
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
      let refusals = try await MarketoReject.all(cluster, tenant: tenant, object: object)
      if output.json { return try printJSON(rejects.map(RejectOutput.stored) + refusals.map(RejectOutput.refused)) }
      if rejects.isEmpty, refusals.isEmpty { print("No rejects.") }
      for reject in rejects {
        let field = reject.field.map { ".\($0)" } ?? ""
        print("\(reject.id)  \(reject.tenant)  \(reject.object)\(field)  \(reject.recordID)  \(reject.reason)")
      }
      for refusal in refusals { print("\(refusal.id)  \(refusal.reason)") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One reject in full.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The reject's number; of what Marketo refused, tenant/table/id.") var id: RejectID

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      guard case .number(let number) = id else {
        guard let refusal = try await MarketoReject.all(cluster, id).first else {
          throw Failure(description: "there is no open reject \(id); see crmsync rejects list")
        }
        return try printJSON(refusal)
      }
      let rejects = try await cluster.checkpoints.rejects(tenant: nil, object: nil, limit: Int(Int32.max))
      guard let reject = rejects.first(where: { $0.id == number }) else {
        throw Failure(description: "there is no open reject \(id); see crmsync rejects list")
      }
      try printJSON(reject)
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetches a tenant's rejected records again and stores those that can be stored now.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The tenant; of one record that Marketo refused, tenant/table/id.") var tenant: String

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      if case .record(let name, let entity, let id)? = RejectID(argument: tenant) {
        let end = try MarketoReject.end(cluster.tenant(name))
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
      guard let end = tenant.delivery else { return }
      let waiting = try await end.store.retryRefusals()
      guard waiting > 0 else { return }
      try await cluster.checkpoints.announceProgress()
      print("\(waiting) record(s) that Marketo refused wait to be delivered again.")
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rejects that need no further attention.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Numbers of rejects; of what Marketo refused, tenant/table/id.") var ids: [RejectID]

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      var numbers: [Int64] = []
      var discarded = 0
      for id in ids {
        switch id {
        case .number(let number): numbers.append(number)
        case .record(let tenant, let entity, let id):
          discarded += try await MarketoReject.end(cluster.tenant(tenant)).store.discardRefusals(of: entity, id: id)
        }
      }
      if !numbers.isEmpty { discarded += try await cluster.checkpoints.discardRejects(numbers) }
      print("\(discarded) reject(s) discarded.")
    }
  }
}

/// Names a reject.
enum RejectID: ExpressibleByArgument, CustomStringConvertible {
  /// Of a record that could not be stored.
  case number(Int64)
  /// Of a record that Marketo refused.
  case record(tenant: String, entity: String, id: String)

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if let number = Int64(argument) {
      self = .number(number)
    } else if parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) {
      self = .record(tenant: parts[0], entity: parts[1], id: parts[2])
    } else {
      return nil
    }
  }

  var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .record(let tenant, let entity, let id): "\(tenant)/\(entity)/\(id)"
    }
  }
}

/// A record that Marketo refused.
struct MarketoReject: Encodable {
  let id: String
  let tenant: String
  /// The table.
  let object: String
  let recordID: String
  /// Marketo's.
  let code: String
  /// With Marketo's own words.
  let reason: String

  /// Those of a tenant, or of all.
  static func all(_ cluster: Cluster, tenant: String?, object: String?) async throws -> [MarketoReject] {
    var all: [MarketoReject] = []
    for known in cluster.tenants where tenant == nil || known.name == tenant {
      all += try await known.delivery?.store.refusals(of: object).map { MarketoReject($0, known.name) } ?? []
    }
    return all
  }

  /// The one of that name, if there is one.
  static func all(_ cluster: Cluster, _ id: RejectID) async throws -> [MarketoReject] {
    guard case .record(let tenant, let entity, let record) = id else { return [] }
    return try await end(cluster.tenant(tenant)).store.refusals(of: entity, id: record).map {
      MarketoReject($0, tenant)
    }
  }

  /// The tenant's Marketo instance.
  static func end(_ tenant: Tenant) throws -> DeliveryEnd {
    guard let end = tenant.delivery else {
      throw Failure(description: "tenant \(tenant.name) has no Marketo instance as its destination")
    }
    return end
  }

  private init(_ refusal: DeliveryStore.Refusal, _ tenant: String) {
    id = "\(RejectID.record(tenant: tenant, entity: refusal.entity, id: refusal.veevaID))"
    self.tenant = tenant
    (object, recordID, code) = (refusal.entity, refusal.veevaID, refusal.code)
    reason = "Marketo: \(refusal.code) \(refusal.message)"
  }
}

/// A reject as JSON, of either kind.
private enum RejectOutput: Encodable {
  case stored(StoredReject)
  case refused(MarketoReject)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .stored(let reject): try reject.encode(to: encoder)
    case .refused(let reject): try reject.encode(to: encoder)
    }
  }
}

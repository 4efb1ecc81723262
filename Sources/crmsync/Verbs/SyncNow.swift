import ArgumentParser
import Checkpoints
import SyncModel
import Tenants

/// What is to happen to running syncs.
struct SyncGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "Cycles of the running cluster: now.", subcommands: [Now.self])

  struct Now: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ends the pause: the next cycle begins at once.",
      discussion: """
        The coordinator does the work; this only tells it to. What is being copied already goes on as it is.

        EXAMPLES
          crmsync sync now acme                     All objects of the tenant
          crmsync sync now acme Call2_vod__c        One object
        """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The tenant.") var tenant: String
    @Argument(help: "Only this object, by its API name.") var object: String?

    func run() async throws {
      let cluster = try Cluster(options.source)
      let tenant = try cluster.tenant(tenant)
      let object = try object.map { try tenant.selected($0) }
      try await cluster.checkpoints.migrate()
      let hurried = try await cluster.checkpoints.hurry(tenant: tenant.name, object: object)
      guard hurried > 0 else {
        throw Failure(
          description: "tenant \(tenant.name): nothing\(object.map { " of \($0)" } ?? "") has been begun yet; "
            + "a coordinator begins by itself, see crmsync status")
      }
      print("\(hurried) object(s) of \(tenant.name) due now; see crmsync status --watch")
    }
  }
}

/// An object that the configuration does not select.
struct UnknownObject: Error, CustomStringConvertible {
  let name: String
  let tenant: String
  let known: [String]

  var description: String {
    "tenant \(tenant) does not sync an object \(name); it syncs: \(known.joined(separator: ", "))"
  }
}

extension Tenant {
  /// The selected object of that API name, whatever the case of its letters.
  func selected(_ name: String) throws -> SourceObject {
    let objects = selections.map(\.object)
    guard let object = objects.first(where: { $0.apiName.lowercased() == name.lowercased() }) else {
      throw UnknownObject(name: name, tenant: self.name, known: objects.map(\.apiName))
    }
    return object
  }
}

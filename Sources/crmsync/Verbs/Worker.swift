import ArgumentParser

/// The copying role.
struct Worker: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fetches pages and upserts them. Start as many as you like, anywhere.",
    discussion: """
      SIGTERM: takes no more work, lets pages in hand be committed, hands the rest back, exits. A second one ends
      it at once; nothing is lost either way.

      EXAMPLES
        crmsync worker
        crmsync worker --slots 8
      """)

  @OptionGroup var options: ConfigurationOptions
  @Option(help: "Jobs at once, 1 to 64. Default: worker.slots of the configuration.")
  var slots: Int?

  func validate() throws {
    if let slots, !(1...64).contains(slots) { throw ValidationError("--slots must be from 1 to 64") }
  }

  func run() async throws {
    let cluster = try await Cluster.assemble(options.load())
    try await cluster.migrate()
    try await cluster.run(cluster.worker(slots: slots))
  }
}

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
  @OptionGroup var slots: SlotsOption

  func run() async throws {
    let cluster = try await Cluster.ready(options, slots: slots.slots)
    try await cluster.run(cluster.workerServices())
  }
}

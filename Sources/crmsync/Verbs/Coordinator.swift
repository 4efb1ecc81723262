import ArgumentParser

/// The planning role.
struct Coordinator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plans, publishes and advances. One is active, any number stand by.",
    discussion: """
      EXAMPLES
        crmsync coordinator
        crmsync coordinator               A second one, on another machine, takes over when the first is gone
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let cluster = try await Cluster.ready(options)
    try await cluster.run(cluster.coordinatorServices())
  }
}

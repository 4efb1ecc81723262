import ArgumentParser
import Checkpoints
import Foundation

/// Parked jobs.
struct DeadLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "Jobs that failed too often: list, show, retry, discard.",
    discussion: """
      EXAMPLES
        crmsync dead-letters list
        crmsync dead-letters list acme Call2_vod__c
        crmsync dead-letters show 17
        crmsync dead-letters retry 17 18
        crmsync dead-letters retry --all
      """,
    subcommands: [List.self, Show.self, Retry.self, Discard.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The dead letters, oldest first.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only of this tenant.") var tenant: String?
    @Argument(help: "Only of this object, by its API name.") var object: String?

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let letters = try await cluster.checkpoints.deadLetters(tenant: tenant, object: object)
      if output.json { return try printJSON(letters) }
      if letters.isEmpty { print("No dead letters.") }
      for letter in letters { print("\(letter.job)  \(letter.tenant)  \(letter.object)  \(letter.reason)") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One dead letter in full.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The job's number.") var job: Int64

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let letters = try await cluster.checkpoints.deadLetters(tenant: nil, object: nil)
      guard let letter = letters.first(where: { $0.job == job }) else {
        throw Failure(description: "job \(job) is no dead letter; see crmsync dead-letters list")
      }
      try printJSON(letter)
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sends dead letters back to work; they go on after their last committed page.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var which: WhichJobs

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let count = try await cluster.checkpoints.retryDeadLetters(try await which.jobs(cluster))
      print("\(count) dead letter(s) sent back to work.")
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Gives dead letters up: the rest of their records is not copied.")
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var which: WhichJobs

    func run() async throws {
      let cluster = try await Cluster.ready(options)
      let count = try await cluster.checkpoints.discardDeadLetters(try await which.jobs(cluster))
      print("\(count) dead letter(s) discarded.")
    }
  }
}

/// Which dead letters a verb is about.
struct WhichJobs: ParsableArguments {
  @Argument(help: "Numbers of jobs.") var jobs: [Int64] = []
  @Flag(help: "All of them.") var all = false

  func validate() throws {
    if jobs.isEmpty != all { throw ValidationError("name jobs by their numbers, or say --all") }
  }

  func jobs(_ cluster: Cluster) async throws -> [Int64] {
    all ? try await cluster.checkpoints.deadLetters(tenant: nil, object: nil).map(\.job) : jobs
  }
}

import ArgumentParser
import Checkpoints
import Foundation
import Operations

/// Progress, for people and programs.
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Per tenant and object: state, rows, rate, ETA; queue depth, workers, dead letters, API budget.",
    discussion: """
      EXAMPLES
        crmsync status
        crmsync status --watch            Refreshes every second, until Ctrl-C
        crmsync status --until-synced     The same, until every object was copied once; exit 1 if one failed
        crmsync status --json
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Refresh every second.")
  var watch = false
  @Flag(help: "Refresh until every object was copied once.")
  var untilSynced = false

  func run() async throws {
    let cluster = try await Cluster.ready(options)
    if output.json { return try printJSON(try await cluster.status()) }
    let text = StatusText(colours: output.colours)
    guard watch || untilSynced else {
      for line in text.lines(try await cluster.status()) { print(line) }
      return
    }
    let last = try await follow(cluster, text)
    if last.hasFailed { throw ExitCode(ExitStatus.failed.rawValue) }
  }

  /// Shows the status again and again; on a terminal in place, elsewhere a line of it every half minute.
  private func follow(_ cluster: Cluster, _ text: StatusText) async throws -> ClusterStatus {
    var meter = RateMeter()
    let screen = Screen(isTerminal: isatty(STDOUT_FILENO) == 1)
    while true {
      let status = try await cluster.status()
      let rates = meter.look(at: status, now: .now)
      let ends = untilSynced && (status.isCopied || status.tenants.contains { $0.error != nil })
      screen.show(text.lines(status, rates: rates), isLast: ends)
      if ends { return status }
      try await Task.sleep(for: .seconds(1))
    }
  }
}

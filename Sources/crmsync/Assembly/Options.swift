import ArgumentParser
import SyncConfiguration
import Foundation
import Logging

/// What every verb that reads the configuration understands.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "The configuration file. Default: CRMSYNC_CONFIG, else crmsync.yaml.")
  var config: String?

  /// Where the configuration is read from.
  var source: ConfigurationSource {
    let environment = ProcessInfo.processInfo.environment
    return ConfigurationSource(
      path: Configuration.path(flag: config, environment: environment), environment: environment)
  }
}

/// Where a configuration is read from, again when it has changed.
struct ConfigurationSource: Sendable {
  let path: String
  let environment: [String: String]

  /// The configuration, validated.
  func load() throws -> Configuration { try Configuration.load(path: path, environment: environment) }
}

/// How a verb prints.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON, for programs.")
  var json = false

  @Flag(help: "No colours; NO_COLOR in the environment does the same.")
  var noColor = false

  /// Whether standard output takes colours.
  var colours: Bool {
    !noColor && ProcessInfo.processInfo.environment["NO_COLOR"] == nil && isatty(STDOUT_FILENO) == 1
  }
}

/// Prints a value as one JSON document.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// How many jobs a process takes at once.
struct SlotsOption: ParsableArguments {
  @Option(help: "Jobs at once, 1 to 64. Default: worker.slots of the configuration.")
  var slots: Int?

  func validate() throws {
    if let slots, !(1...64).contains(slots) { throw ValidationError("--slots must be from 1 to 64") }
  }
}

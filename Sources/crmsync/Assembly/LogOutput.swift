import SyncConfiguration
import Foundation
import Logging

/// Where log lines go: standard error, as text for people or as JSON for programs.
enum LogOutput {
  /// Sets logging up, once per process.
  /// - Parameter settings: `nil` where no configuration is read.
  static func start(_ settings: Configuration.Log? = nil) -> Logger {
    let level = settings.flatMap { Logger.Level(rawValue: $0.level.rawValue) } ?? .info
    let format = settings?.format ?? .auto
    let isJSON = format == .json || (format == .auto && isatty(STDERR_FILENO) != 1)
    LoggingSystem.bootstrap { label in
      var handler: any LogHandler = isJSON ? JSONLogHandler() : StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    return Logger(label: "crmsync")
  }
}

/// One JSON object a line: time, level, message, and what the line is about.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = self.metadata.merging(event.metadata ?? [:]) { _, own in own }.mapValues { "\($0)" }
    fields["time"] = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
    fields["level"] = event.level.rawValue
    fields["message"] = event.message.description
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(fields) else { return }
    FileHandle.standardError.write(line + Data("\n".utf8))
  }
}

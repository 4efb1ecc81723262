/// One reading of a configuration: what values may refer to, and the problems found so far.
final class Loading {
  let environment: [String: String]
  /// The configuration file's folder, where relative file names start.
  let folder: String
  private(set) var problems: [ConfigurationError.Problem] = []
  private(set) var unlisted = 0

  init(environment: [String: String], folder: String) {
    self.environment = environment
    self.folder = folder
  }

  /// Whether another problem would only be counted.
  var isFull: Bool { problems.count >= ConfigurationError.mostProblems }

  func report(_ complaint: Complaint, at place: Place) {
    guard !isFull else {
      unlisted += 1
      return
    }
    problems.append(
      .init(
        kind: complaint.kind, path: place.path, line: place.line, what: complaint.what, remedy: complaint.remedy))
  }

  /// A file name, relative ones completed with the configuration file's folder.
  func resolve(_ path: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path
  }
}

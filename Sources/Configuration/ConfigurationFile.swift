extension Configuration {
  /// Longest file that is read, in bytes: a thousand tenants need less.
  public static let longestFile = 1 << 20

  /// The file to read: what the command line names, else `CRMSYNC_CONFIG`, else `crmsync.yaml`.
  public static func path(flag: String?, environment: [String: String]) -> String {
    if let flag { return flag }
    if let path = environment["CRMSYNC_CONFIG"], !path.isEmpty { return path }
    return "crmsync.yaml"
  }

  /// Reads and checks a file.
  /// - Parameter environment: where `${NAME}` comes from.
  /// - Throws: everything that is wrong with it.
  public static func load(path: String, environment: [String: String]) throws(ConfigurationError) -> Configuration {
    let text: String
    do {
      text = try BoundedFile.text(path, limit: longestFile)
    } catch {
      let problem = ConfigurationError.Problem(
        kind: .unreadable, path: "", line: nil, what: "the configuration file cannot be read: \(error.reason)",
        remedy: "name it with --config or in CRMSYNC_CONFIG, and check its rights")
      throw ConfigurationError(file: path, problems: [problem], unlisted: 0)
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return try parse(text, file: path, folder: folder, environment: environment)
  }

  /// Reads and checks a text.
  /// - Parameters:
  ///   - file: what errors call it.
  ///   - folder: where relative file names start; empty for the current folder.
  ///   - environment: where `${NAME}` comes from.
  /// - Throws: everything that is wrong with it.
  public static func parse(
    _ text: String, file: String = "crmsync.yaml", folder: String = "", environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Configuration {
    let loading = Loading(environment: environment, folder: folder)
    var configuration = Configuration()
    do {
      let root = try YAMLDocument.compose(text)
      configuration = .read(root, at: Place(path: "", line: root?.line), loading)
    } catch {
      loading.report(error.complaint, at: Place(path: "", line: error.line))
    }
    guard loading.problems.isEmpty else {
      throw ConfigurationError(file: file, problems: loading.problems, unlisted: loading.unlisted)
    }
    return configuration
  }
}

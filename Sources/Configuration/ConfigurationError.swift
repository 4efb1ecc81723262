/// A configuration that cannot be used: everything that is wrong with it, at once.
///
/// Safe to print: values of secrets, contents of secret files and passwords in URLs never get into it.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, as it was named.
  public let file: String
  /// In the order in which they were found; at most ``mostProblems``.
  public let problems: [Problem]
  /// Problems beyond those listed.
  public let unlisted: Int

  /// More problems than this are counted but not listed: nobody reads them before having fixed the first.
  public static let mostProblems = 100

  public var description: String {
    let count = problems.count + unlisted
    var lines = ["\(file): \(count) \(count == 1 ? "problem" : "problems")"]
    for problem in problems { lines.append("  \(problem)") }
    if unlisted > 0 { lines.append("  and \(unlisted) more") }
    return lines.joined(separator: "\n")
  }
}

extension ConfigurationError {
  /// One thing that is wrong.
  public struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// What kind of problem it is.
    public let kind: Kind
    /// Where in the file, such as `tenants.acme.veeva.auth.flow`; empty for the file as a whole.
    public let path: String
    /// From 1; nil where no line can be blamed.
    public let line: Int?
    /// What is wrong.
    public let what: String
    /// What to do about it.
    public let remedy: String

    public var description: String {
      var place = path
      if let line { place += place.isEmpty ? "line \(line)" : " (line \(line))" }
      return (place.isEmpty ? "" : place + ": ") + what + "\n      " + remedy
    }
  }

  /// Kinds of problems.
  public enum Kind: String, Sendable, CaseIterable {
    /// The file, or a file that it names, cannot be read.
    case unreadable
    /// The file is not YAML.
    case syntax
    case unknownKey
    case duplicateKey
    case missing
    case wrongType
    /// The type is right and the value is not.
    case invalid
    case outOfRange
    /// `${NAME}` names nothing, or is not written right.
    case variable
    /// Values that are right by themselves contradict each other.
    case conflict
    /// Something of the source that is not synced.
    case unsupported
  }
}

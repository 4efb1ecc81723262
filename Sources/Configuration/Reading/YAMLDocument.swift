import Yams

/// Turns the text of a file into a tree. Of what goes wrong only the place and the reason are told, never the text.
enum YAMLDocument {
  /// The root; nil for an empty document.
  static func compose(_ text: String) throws(Failure) -> Node? {
    var text = text
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    text.makeContiguousUTF8()
    guard DocumentGuard.accepts(text) else {
      throw Failure(
        Complaint(
          .syntax, "the aliases (*name) or explicit keys (? name) of this file could make it grow without bound",
          "write values where they are needed, and plain names as keys"), line: nil)
    }
    do {
      // The basic resolver leaves every scalar a text: what it means is decided by the key it belongs to.
      return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw Failure(error)
    } catch {
      throw Failure(Complaint(.syntax, "this is not YAML", Self.remedy), line: nil)
    }
  }

  private static let remedy = "correct the YAML; indent with spaces and quote texts that hold special characters"

  /// A text that is not YAML.
  struct Failure: Error {
    let complaint: Complaint
    let line: Int?

    init(_ complaint: Complaint, line: Int?) {
      self.complaint = complaint
      self.line = line
    }

    init(_ error: YamlError) {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        // The library's words for this name a function of its own.
        let problem = problem.contains("nesting level") ? "it is nested too deeply" : problem
        self.init(Complaint(.syntax, "this is not YAML: \(problem)", YAMLDocument.remedy), line: mark.line)
      case .reader(let problem, let offset, _, let yaml):
        let line = offset.map { yaml.prefix($0).reduce(1) { $1.isNewline ? $0 + 1 : $0 } }
        self.init(Complaint(.syntax, "this is not YAML: \(problem)", YAMLDocument.remedy), line: line)
      case .duplicatedKeysInMapping(let keys, let context):
        let names = keys.prefix(5).map(Quote.bare).joined(separator: ", ")
        self.init(
          Complaint(.duplicateKey, "the same mapping has more than once: \(names)", "keep one of them"),
          line: context.mark.line)
      default:
        self.init(Complaint(.syntax, "this is not YAML", YAMLDocument.remedy), line: nil)
      }
    }
  }
}

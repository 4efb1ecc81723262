/// What is wrong with a value, before it is known where the value stands.
struct Complaint: Error {
  let kind: ConfigurationError.Kind
  let what: String
  let remedy: String

  init(_ kind: ConfigurationError.Kind, _ what: String, _ remedy: String) {
    self.kind = kind
    self.what = what
    self.remedy = remedy
  }
}

/// A place in the file.
struct Place {
  var path: String
  var line: Int?

  /// The place of a key in the mapping at this place.
  func key(_ name: String, line: Int?) -> Place {
    let name = Quote.bare(name)
    return Place(path: path.isEmpty ? name : "\(path).\(name)", line: line)
  }

  /// The place of an item in the list at this place.
  func item(_ index: Int, line: Int?) -> Place { Place(path: "\(path)[\(index)]", line: line) }
}

/// Texts of the file as messages may show them: short, on one line, without control characters.
enum Quote {
  private static let longest = 60

  /// In quotation marks.
  static func quoted(_ text: String) -> String { "\"\(bare(text))\"" }

  /// Without quotation marks.
  static func bare(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(longest) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: shown += "?"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.count > longest ? shown + "…" : shown
  }
}

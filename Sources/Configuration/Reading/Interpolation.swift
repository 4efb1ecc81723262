/// Puts values of the environment in the place of `${NAME}` and `${NAME:-default}`; `$$` is a dollar sign.
///
/// Works on single values after the YAML has been taken apart, so what is in the environment never becomes structure.
enum Interpolation {
  struct Result {
    var value = ""
    /// Whether anything of it came from the environment, and must therefore not be shown.
    var isSubstituted = false
    var complaints: [Complaint] = []
  }

  static func expand(_ text: String, environment: [String: String]) -> Result {
    var result = Result()
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      result.value += rest[..<dollar]
      rest = rest[dollar...].dropFirst()
      if rest.hasPrefix("$") {
        result.value += "$"
        rest = rest.dropFirst()
      } else if rest.hasPrefix("{") {
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "}") else {
          result.complaints.append(
            Complaint(.variable, "a ${ has no closing }", "write ${NAME}, or $$ where a dollar sign is meant"))
          return result
        }
        substitute(rest[..<end], into: &result, environment)
        rest = rest[rest.index(after: end)...]
      } else {
        result.value += "$"
      }
    }
    result.value += rest
    return result
  }

  private static func substitute(_ inside: Substring, into result: inout Result, _ environment: [String: String]) {
    let separator = inside.firstRange(of: ":-")
    let name = String(inside[..<(separator?.lowerBound ?? inside.endIndex)])
    let fallback = separator.map { inside[$0.upperBound...] }
    guard Characters.isVariableName(name), fallback?.contains("${") != true else {
      result.complaints.append(
        Complaint(
          .variable, "a ${…} is not written right",
          "write ${NAME} or ${NAME:-default}; a default cannot hold another variable"))
      return
    }
    result.isSubstituted = true
    if let value = environment[name], !(value.isEmpty && fallback != nil) {
      result.value += value
    } else if let fallback {
      result.value += fallback
    } else {
      result.complaints.append(
        Complaint(
          .variable, "the environment has no variable \(name)",
          "set \(name), or give a default: ${\(name):-default}"))
    }
  }
}

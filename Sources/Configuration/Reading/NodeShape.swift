import Yams

extension Node {
  /// From 1.
  var line: Int? { mark?.line }

  /// Whether nothing was written, or `null`.
  var isNothing: Bool {
    guard case .scalar(let scalar) = self, scalar.style == .plain || scalar.style == .any else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  /// What this is, for a message.
  var shape: String {
    switch self {
    case .scalar: isNothing ? "nothing" : "a single value"
    case .mapping: "a mapping (key: value)"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }
}

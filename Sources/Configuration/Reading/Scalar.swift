import Yams

/// A single value of the file, with what it says of the environment put in.
struct Scalar {
  /// What the value is.
  let text: String
  /// As messages may show it: never what came from the environment.
  let quoted: String

  /// Reads a node as a single value; reports what keeps it from being one.
  init?(_ node: Node, at place: Place, expected: String, _ loading: Loading) {
    guard case .scalar(let scalar) = node, !node.isNothing else {
      loading.report(
        Complaint(
          node.isNothing ? .missing : .wrongType, "here is \(node.shape), and expected is \(expected)",
          node.isNothing ? "give it a value or remove the key" : "write a single value"), at: place)
      return nil
    }
    let expanded = Interpolation.expand(scalar.string, environment: loading.environment)
    for complaint in expanded.complaints { loading.report(complaint, at: place) }
    guard expanded.complaints.isEmpty else { return nil }
    text = expanded.value
    quoted = Quote.quoted(ServerURL.masked(scalar.string)) + (expanded.isSubstituted ? " (with the environment's)" : "")
  }
}

import Yams

/// A kind of single value: its name and range, how it is read and written.
struct ValueKind<Value> {
  /// For messages and the reference, such as `duration, 1s to 10m`.
  let type: String
  let parse: (Scalar, Loading) throws(Complaint) -> Value
  /// As the file would have it, without quotation marks.
  let text: (Value) -> String
  /// Whether the text may stand in YAML without quotation marks.
  let isPlain: Bool

  init(
    _ type: String, isPlain: Bool = false, text: @escaping (Value) -> String,
    parse: @escaping (Scalar, Loading) throws(Complaint) -> Value
  ) {
    self.type = type
    self.isPlain = isPlain
    self.text = text
    self.parse = parse
  }

  func outline(_ value: Value) -> Outline { .value(text(value), isPlain: isPlain) }

  /// Reads the value of a key; nil where there is none, or none that is right, which is reported.
  func read(_ name: String, _ reader: SectionReader) -> Value? {
    guard let entry = reader[name] else { return nil }
    return read(entry.node, at: reader.place(of: name), reader.loading)
  }

  /// Reads a node.
  func read(_ node: Node, at place: Place, _ loading: Loading) -> Value? {
    guard let scalar = Scalar(node, at: place, expected: type, loading) else { return nil }
    do {
      return try parse(scalar, loading)
    } catch {
      loading.report(error, at: place)
      return nil
    }
  }
}

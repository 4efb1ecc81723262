import Yams

/// One mapping of the file while its keys are read. Knows which keys there may be and reports all others.
struct SectionReader {
  struct Entry {
    let node: Node
    let line: Int?
  }

  let place: Place
  let loading: Loading
  /// Whether there is something else in the place of the mapping, which has been reported.
  private(set) var isBroken = false
  private(set) var entries: [(name: String, entry: Entry)] = []
  private var positions: [String: Int] = [:]

  /// Reads the keys of a mapping; no node is a mapping without any.
  init(_ node: Node?, at place: Place, _ loading: Loading) {
    self.place = place
    self.loading = loading
    guard let node, !node.isNothing else { return }
    guard case .mapping(let mapping) = node else {
      isBroken = true
      loading.report(
        Complaint(
          .wrongType, "here is \(node.shape), and expected is a mapping",
          "write key: value pairs, indented, below it"), at: place)
      return
    }
    for (key, value) in mapping { add(key, value) }
  }

  private mutating func add(_ key: Node, _ value: Node) {
    guard case .scalar(let scalar) = key else {
      loading.report(
        Complaint(.wrongType, "\(key.shape) is used as a key", "use plain names as keys"),
        at: Place(path: place.path, line: key.line ?? value.line))
      return
    }
    guard positions[scalar.string] == nil else {
      loading.report(
        Complaint(.duplicateKey, "this key is there more than once", "keep one of them"),
        at: place.key(scalar.string, line: key.line))
      return
    }
    positions[scalar.string] = entries.count
    entries.append((scalar.string, Entry(node: value, line: key.line ?? value.line)))
  }

  /// What the mapping has under a key.
  subscript(_ name: String) -> Entry? { positions[name].map { entries[$0].entry } }

  /// The place of a key, whether it is there or not.
  func place(of name: String) -> Place { place.key(name, line: self[name]?.line ?? place.line) }

  func report(_ complaint: Complaint, at name: String) { loading.report(complaint, at: place(of: name)) }

  /// Reports keys that nobody knows.
  func reportUnknown(known: [String], hint: (String) -> Complaint?) {
    for (name, entry) in entries where !known.contains(name) {
      let place = place.key(name, line: entry.line)
      // The nearest key is looked up only for problems that will be listed.
      let complaint = loading.isFull ? Complaint(.unknownKey, "", "") : hint(name) ?? unknown(name, known)
      loading.report(complaint, at: place)
    }
  }

  private func unknown(_ name: String, _ known: [String]) -> Complaint {
    let what = "\(Quote.quoted(name)) is not a known key"
    guard let nearest = NearestName.find(name, among: known) else {
      return Complaint(.unknownKey, what, "remove it")
    }
    if nearest.isClose { return Complaint(.unknownKey, what, "did you mean \(nearest.name)?") }
    let elsewhere = ConfigurationReference.keys.filter { $0.name == name }.map(\.path)
    let hint = elsewhere.isEmpty ? "" : "; there is \(elsewhere.joined(separator: ", "))"
    return Complaint(
      .unknownKey, what,
      "the nearest known key is \(nearest.name)\(hint); known here: \(known.joined(separator: ", "))")
  }
}

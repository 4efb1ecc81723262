import Yams

/// A mapping of the file whose keys are known. The list of keys is all there is to reading it, to documenting it and
/// to printing it.
protocol Section {
  /// The value where the file leaves the section out.
  init()

  /// What the values of keys are added to where the file has the section.
  static var blank: Self { get }

  /// The keys, in the order in which they are read, documented and printed.
  static var keys: [Key<Self>] { get }

  /// What to say of an unknown key, where there is something better than naming the nearest.
  static func hint(unknown name: String) -> Complaint?

  /// Checks what concerns several keys, and derives what follows from them.
  mutating func finish(_ reader: SectionReader)
}

extension Section {
  static var blank: Self { Self() }
  static func hint(unknown name: String) -> Complaint? { nil }
  mutating func finish(_ reader: SectionReader) {}

  /// Reads a section; no node stands for one that the file leaves out.
  static func read(_ node: Node?, at place: Place, _ loading: Loading) -> Self {
    var section = node == nil ? Self() : blank
    let keys = keys
    let reader = SectionReader(node, at: place, loading)
    if reader.isBroken { return section }
    reader.reportUnknown(known: keys.flatMap(\.names), hint: hint)
    for key in keys { key.read(&section, reader) }
    section.finish(reader)
    return section
  }

  /// The section as a tree to print.
  var outline: Outline { .mapping(Self.keys.flatMap { $0.outline(self) }) }

  /// The rows of the reference for the section at a path.
  static func reference(_ path: String) -> [ConfigurationReference.Key] { keys.flatMap { $0.reference(path) } }
}

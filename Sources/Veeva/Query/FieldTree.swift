/// The fields of a statement as answers nest them: `RecordType.DeveloperName` is a member of the object
/// `RecordType`. Names are compared without case.
///
/// Laid out flat, so that looking a name up counts no references.
struct FieldTree: Sendable {
  struct Member: Sendable {
    /// Where its name lies among all names.
    fileprivate let name: Range<Int>
    /// The column, when the name ends a path; otherwise -1.
    let column: Int
    /// The object, when paths go on; otherwise -1.
    let node: Int
  }

  /// All names in lower case, back to back.
  private var names: [UInt8] = []
  /// The members of all objects, those of one object side by side.
  private var members: [Member] = []
  /// The members of each object; the record itself is number 0.
  private var nodes: [Range<Int>] = []

  init(fields: [String]) {
    // Objects wait here until their members are laid out; number k is `waiting[k]`.
    var waiting = [
      fields.enumerated().map { column, field in
        Path(
          column: column, names: field.lowercased().split(separator: ".", omittingEmptySubsequences: false)[...])
      }
    ]
    var next = 0
    while next < waiting.count {
      let paths = waiting[next]
      let start = members.count
      var known: Set<Substring> = []
      for name in paths.compactMap(\.names.first) where known.insert(name).inserted {
        let same = paths.filter { $0.names.first == name }
        let longer = same.filter { $0.names.count > 1 }
        members.append(
          Member(
            name: names.count..<(names.count + name.utf8.count),
            column: same.first { $0.names.count == 1 }?.column ?? -1, node: longer.isEmpty ? -1 : waiting.count))
        names += Array(name.utf8)
        if !longer.isEmpty { waiting.append(longer.map { Path(column: $0.column, names: $0.names.dropFirst()) }) }
      }
      nodes.append(start..<members.count)
      next += 1
    }
  }

  private struct Path {
    let column: Int
    let names: ArraySlice<Substring>
  }

  /// A member of an object by its name.
  /// - Parameter hint: where it is looked for first, counted among those of its object, and where to look for the
  ///   next one: answers keep the statement's order.
  @inline(__always)
  func member(_ name: UnsafeBufferPointer<UInt8>, of node: Int, hint: inout Int) -> Member? {
    let range = nodes[node]
    if hint < range.count, equal(name, members[range.lowerBound + hint].name) {
      hint += 1
      return members[range.lowerBound + hint - 1]
    }
    for place in range where equal(name, members[place].name) {
      hint = place - range.lowerBound + 1
      return members[place]
    }
    return nil
  }

  @inline(__always)
  private func equal(_ name: UnsafeBufferPointer<UInt8>, _ wanted: Range<Int>) -> Bool {
    guard name.count == wanted.count else { return false }
    for place in 0..<name.count {
      let byte = name[place]
      let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if lowered != names[wanted.lowerBound + place] { return false }
    }
    return true
  }
}

/// The fields of a statement as answers nest them: `RecordType.DeveloperName` is a member of the object
/// `RecordType`. Names are compared without case.
struct FieldTree: Sendable {
  struct Member: Sendable {
    let name: [UInt8]
    /// The column, when the name ends a path.
    var column: Int?
    /// The object, when paths go on.
    var node: Int?
  }

  /// Members of each object; the record itself is number 0.
  private(set) var nodes: [[Member]] = [[]]

  init(fields: [String]) {
    for (column, field) in fields.enumerated() {
      let path = field.lowercased().split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
      var node = 0
      for (depth, name) in path.enumerated() {
        let place = place(of: name, in: node)
        if depth == path.count - 1 {
          // Of a field that is named twice, the first column gets the value.
          nodes[node][place].column = nodes[node][place].column ?? column
        } else if let next = nodes[node][place].node {
          node = next
        } else {
          nodes.append([])
          nodes[node][place].node = nodes.count - 1
          node = nodes.count - 1
        }
      }
    }
  }

  private mutating func place(of name: [UInt8], in node: Int) -> Int {
    if let place = nodes[node].firstIndex(where: { $0.name == name }) { return place }
    nodes[node].append(Member(name: name))
    return nodes[node].count - 1
  }

  /// The place of a member among those of its object.
  /// - Parameter hint: where it is looked for first: answers keep the statement's order.
  @inline(__always)
  func place(of name: UnsafeBufferPointer<UInt8>, in node: Int, hint: Int) -> Int? {
    let members = nodes[node]
    if hint < members.count, Self.equal(name, members[hint].name) { return hint }
    return members.firstIndex { Self.equal(name, $0.name) }
  }

  /// - Parameter wanted: in lower case.
  @inline(__always)
  private static func equal(_ name: UnsafeBufferPointer<UInt8>, _ wanted: [UInt8]) -> Bool {
    guard name.count == wanted.count else { return false }
    for (byte, wanted) in zip(name, wanted) {
      let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if lowered != wanted { return false }
    }
    return true
  }
}

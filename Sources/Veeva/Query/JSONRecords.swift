/// The records of one answer on their way into a batch.
struct JSONRecords {
  private let tree: FieldTree
  private let columnCount: Int
  /// Where each value of the current record lies in the output.
  private var slots: [Range<Int>]
  private var lastColumn = -1
  private var isInOrder = true
  /// Whether `null` may stand for a record: it becomes a row without values.
  var mayBeMissing = false

  /// Where each value ends in the output.
  private(set) var ends: [Int] = []
  private(set) var count = 0

  private static let deepest = 32

  init(tree: FieldTree, columnCount: Int) {
    self.tree = tree
    self.columnCount = columnCount
    slots = Array(repeating: 0..<0, count: columnCount)
  }

  /// Reads the array of records.
  mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
    try scanner.expect(UInt8(ascii: "["))
    if scanner.take(UInt8(ascii: "]")) { return }
    repeat { try record(&scanner) } while scanner.take(UInt8(ascii: ","))
    try scanner.expect(UInt8(ascii: "]"))
  }

  private mutating func record(_ scanner: inout JSONScanner) throws(JSONError) {
    let start = scanner.written
    for column in 0..<columnCount { slots[column] = start..<start }
    (lastColumn, isInOrder) = (-1, true)
    if mayBeMissing, scanner.next() == UInt8(ascii: "n") {
      try scanner.scalar()
      scanner.rewind(to: start)
    } else {
      try scanner.expect(UInt8(ascii: "{"))
      try members(&scanner, of: 0, depth: 0)
    }
    if !isInOrder { rearrange(&scanner, from: start) }
    var end = start
    for slot in slots {
      end = slot.isEmpty ? end : slot.upperBound
      ends.append(end)
    }
    count += 1
  }

  private mutating func members(_ scanner: inout JSONScanner, of node: Int, depth: Int) throws(JSONError) {
    guard depth < Self.deepest else { throw scanner.problem("nesting too deep") }
    if scanner.take(UInt8(ascii: "}")) { return }
    var hint = 0
    repeat {
      let mark = scanner.written
      try scanner.key()
      let member = tree.member(scanner.value(from: mark), of: node, hint: &hint)
      scanner.rewind(to: mark)
      guard let member else {
        try scanner.skip()
        continue
      }
      switch scanner.next() {
      case UInt8(ascii: "{") where member.node >= 0:
        try scanner.expect(UInt8(ascii: "{"))
        try members(&scanner, of: member.node, depth: depth + 1)
      case UInt8(ascii: "{"), UInt8(ascii: "["): try scanner.skip()
      default:
        try scanner.scalar()
        if member.column >= 0 { keep(member.column, mark..<scanner.written) } else { scanner.rewind(to: mark) }
      }
    } while scanner.take(UInt8(ascii: ","))
    try scanner.expect(UInt8(ascii: "}"))
  }

  private mutating func keep(_ column: Int, _ slot: Range<Int>) {
    if column <= lastColumn { isInOrder = false }
    lastColumn = column
    slots[column] = slot
  }

  /// Brings values that came in another order than the columns' into it. They are no more bytes than before.
  private mutating func rearrange(_ scanner: inout JSONScanner, from start: Int) {
    let values = Array(scanner.value(from: start))
    var sorted: [UInt8] = []
    sorted.reserveCapacity(values.count)
    for column in 0..<columnCount {
      let slot = slots[column]
      let begin = start + sorted.count
      sorted.append(contentsOf: values[(slot.lowerBound - start)..<(slot.upperBound - start)])
      slots[column] = begin..<(start + sorted.count)
    }
    scanner.replace(from: start, with: sorted)
  }
}

/// The rows between two ids: of the generated ones a range of indexes, of the added ones a range of ranks.
struct RowRange: Equatable {
  var generated: Range<Int>
  var added: Range<Int>

  /// All rows of an object.
  static func all(_ data: DataSet, _ kind: ObjectKind) -> RowRange {
    let shape = data.shape(kind)
    return RowRange(
      generated: 0..<max(0, shape.pointee.rows), added: 0..<max(0, shape.pointee.total - shape.pointee.rows))
  }

  /// The positions of the rows by ascending id.
  var positions: Range<Int> {
    (generated.lowerBound + added.lowerBound)..<(generated.upperBound + added.upperBound)
  }

  func clamped(to other: RowRange) -> RowRange {
    RowRange(generated: generated.clamped(to: other.generated), added: added.clamped(to: other.added))
  }

  @inline(__always)
  func contains(_ row: Row, _ data: DataSet) -> Bool {
    let rows = data.shape(row.object).pointee.rows
    if row.index < rows { return generated.contains(row.index) }
    return added.contains(data.changes[Int(row.object.rawValue)].added.ranks[row.index - rows])
  }
}

/// Rows with their changes, and where rows stand by id.
extension DataSet {
  /// - Parameter hint: the run of the last row that was asked for.
  @inline(never)
  func change(_ row: inout Row, _ hint: inout Int32) {
    row.change = changes[Int(row.object.rawValue)].run(of: row.index, hint: hint)
    guard row.change >= 0 else { return }
    hint = row.change
    let state = changes[Int(row.object.rawValue)].states[Int(row.change)].state
    row.isDeleted = state.isDeleted ?? row.isDeleted
    row.isGone = state.isGone
    guard let kind = state.kind else { return }
    row.kind = kind
    if row.object == .account || row.object == .contact { row.isPerson = kind < RecordTypes.firstBusiness }
  }

  /// What changes made of a row that changed.
  @inline(never)
  func state(_ row: Row) -> RowState { changes[Int(row.object.rawValue)].states[Int(row.change)].state }

  /// The value that a change gave to a field of a row.
  func changedValue(_ slot: UInt64, _ row: Row) -> FieldValue? {
    guard row.change >= 0 else { return nil }
    return changes[Int(row.object.rawValue)].states[Int(row.change)].state.values[slot]
  }

  /// Writes the 15-character id of a row; room for 15 bytes was reserved.
  @inline(__always)
  func write15(_ kind: ObjectKind, _ index: Int, _ sink: inout ByteSink) {
    let shape = shape(kind)
    if index < shape.pointee.rows {
      shape.pointee.layout.write15(index, &sink)
    } else {
      writeAdded(kind, index &- shape.pointee.rows, &sink)
    }
  }

  @inline(never)
  private func writeAdded(_ kind: ObjectKind, _ ordinal: Int, _ sink: inout ByteSink) {
    let ids = changes[Int(kind.rawValue)].added.ids
    if ids.indices.contains(ordinal) { ids[ordinal].put(&sink) }
  }

  /// The row with exactly this 15-character id.
  func index(_ kind: ObjectKind, of id: [UInt8]) -> Int? {
    let shape = shape(kind)
    if let index = shape.pointee.layout.index(of: id) { return index }
    guard shape.pointee.total > shape.pointee.rows, let packed = PackedID(id) else { return nil }
    return changes[Int(kind.rawValue)].added.ordinal(of: packed).map { shape.pointee.rows + $0 }
  }

  /// The rows whose ids are below an id: how many generated ones, and how many added ones.
  func lowerBound(_ kind: ObjectKind, _ id: [UInt8]) -> (generated: Int, added: Int) {
    let shape = shape(kind)
    let generated = shape.pointee.layout.lowerBound(id)
    guard shape.pointee.total > shape.pointee.rows, let packed = PackedID(id) else { return (generated, 0) }
    return (generated, changes[Int(kind.rawValue)].added.lowerBound(packed))
  }

  /// The row at a position by ascending id, and for how many positions from there on the index goes on evenly.
  func stretch(_ kind: ObjectKind, at position: Int, descending: Bool) -> (index: Int, length: Int) {
    let shape = shape(kind)
    if shape.pointee.total == shape.pointee.rows { return (position, .max) }
    return changes[Int(kind.rawValue)].added.stretch(
      at: position, generated: shape.pointee.rows, descending: descending)
  }

  /// The row at a position by ascending id.
  @inline(__always)
  func index(_ kind: ObjectKind, at position: Int) -> Int {
    let shape = shape(kind)
    if shape.pointee.total == shape.pointee.rows { return position }
    return changes[Int(kind.rawValue)].added.index(at: position, generated: shape.pointee.rows)
  }

  /// The position of a row by ascending id.
  func position(_ kind: ObjectKind, of index: Int) -> Int {
    let shape = shape(kind)
    if shape.pointee.total == shape.pointee.rows { return index }
    let added = changes[Int(kind.rawValue)].added
    if index >= shape.pointee.rows { return added.position(of: index - shape.pointee.rows) }
    return index + added.count(below: index)
  }

  /// The rows that were generated as children of one.
  func generatedChildren(_ child: ObjectKind, of kind: ObjectKind, _ parent: Int) -> Range<Int> {
    let parents = shape(kind).pointee.rows
    let own = shape(child).pointee.rows
    guard parents > 0, parent < parents else { return 0..<0 }
    return ((parent * own + parents - 1) / parents)..<(((parent + 1) * own + parents - 1) / parents)
  }
}

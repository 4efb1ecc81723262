/// A field of a statement, looked up: which programs lead from the row to the value.
struct Column {
  /// The dotted name in the API's own spelling, as it stands in a CSV header.
  let name: String
  /// References to follow, first to last, with the relationship names of the API.
  let steps: [Step]
  let object: ObjectDefinition
  let field: FieldDefinition
  let program: FieldProgram

  struct Step {
    let relationship: String
    let program: FieldProgram
    let reference: FieldContent.Reference
  }
}

extension Renderer {
  /// The row that a reference field leads to.
  @inline(__always)
  func follow(_ step: Column.Step, _ row: Row) -> Row? {
    guard let target = target(step.program, step.reference, row) else { return nil }
    let parent = data.row(step.reference.object, target)
    return parent.isGone ? nil : parent
  }

  /// The index of the row that a reference field leads to; null exactly when its value is.
  @inline(__always)
  func target(_ program: FieldProgram, _ reference: FieldContent.Reference, _ row: Row) -> Int? {
    if row.change >= 0, let value = data.changedValue(program.slot, row) {
      if case .row(_, let index) = value { return index }
      return nil
    }
    if program.personOnly, !row.isPerson { return nil }
    let chance = Mixing.mix(row.chance, program.slot)
    if chance & 1023 < program.nulls { return nil }
    return data.target(reference, of: row, chance)
  }

  /// The row that holds a value at the end of these steps.
  @inline(__always)
  func follow(_ steps: [Column.Step], _ row: Row) -> Row? {
    var row = row
    for step in steps {
      guard let next = follow(step, row) else { return nil }
      row = next
    }
    return row
  }
}

/// A condition on a row, ready to be asked millions of times a second.
indirect enum Predicate {
  case always(Bool)
  case all([Predicate])
  case any([Predicate])
  case not(Predicate)
  /// Rows by their own id.
  case rows(RowRange)
  case rowSet(Set<Int>)
  /// The row that a reference of the row itself leads to.
  case target(FieldProgram, FieldContent.Reference, Set<Int>)
  case targetIsNull(FieldProgram, FieldContent.Reference)
  /// A record type, profile or another object of few rows: bit i says whether row i will do.
  case small(FieldProgram, FieldContent.Reference, UInt64, orNull: Bool)
  /// Dates, datetimes and booleans of the row itself.
  case integer(FieldProgram, SOQLStatement.Comparator, Int)
  case integerIsNull(FieldProgram)
  /// Any other value, by its text.
  case value(FieldProgram, ValueTest)
  /// A condition on the row that references lead to.
  case through([Column.Step], Predicate, orNull: Bool)
}

extension Renderer {
  /// Whether a row meets a condition.
  func matches(_ predicate: Predicate, _ row: Row, _ scratch: inout ByteSink) -> Bool {
    switch predicate {
    case .always(let answer): return answer
    case .rows(let range): return range.contains(row, data)
    case .integer(let program, let comparator, let bound):
      guard let value = integer(program, row) else { return comparator == .notEqual }
      return Self.compare(value, comparator, bound)
    case .small(let program, let reference, let mask, let orNull):
      guard let target = target(program, reference, row) else { return orNull }
      return mask >> UInt64(target) & 1 == 1
    case .all(let parts):
      for part in parts where !matches(part, row, &scratch) { return false }
      return true
    case .any(let parts):
      for part in parts where matches(part, row, &scratch) { return true }
      return false
    case .not(let inner): return !matches(inner, row, &scratch)
    case .rowSet(let rows): return rows.contains(row.index)
    case .target(let program, let reference, let rows):
      return target(program, reference, row).map(rows.contains) ?? false
    case .targetIsNull(let program, let reference): return target(program, reference, row) == nil
    case .integerIsNull(let program): return integer(program, row) == nil
    case .value(let program, let test):
      scratch.removeAll()
      return value(program, row, .raw, &scratch) ? test.matches(scratch.bytes) : test.matchesNull
    case .through(let steps, let inner, let orNull):
      guard let parent = follow(steps, row) else { return orNull }
      return matches(inner, parent, &scratch)
    }
  }

  @inline(__always)
  static func compare(_ a: Int, _ comparator: SOQLStatement.Comparator, _ b: Int) -> Bool {
    switch comparator {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    default: false
    }
  }

  /// Whether values of this content can be had as numbers without being written.
  static func hasInteger(_ content: FieldContent) -> Bool {
    switch content {
    case .created, .modified, .systemModstamp, .isDeleted, .isPersonAccount, .boolean, .date, .datetime, .callDate,
      .isActive, .dayInstant:
      true
    case .constants(_, _, let isInteger): isInteger
    default: false
    }
  }

  /// Seconds of a datetime, days of a date, 0 or 1 of a boolean.
  @inline(__always)
  func integer(_ program: FieldProgram, _ row: Row) -> Int? {
    switch program.content {
    case .systemModstamp: return data.systemModstamp(row)
    case .created where program.nulls == 0: return data.created(row)
    case .isDeleted: return row.isDeleted ? 1 : 0
    case .isPersonAccount: return row.isPerson ? 1 : 0
    default: return rareInteger(program, row)
    }
  }

  private func rareInteger(_ program: FieldProgram, _ row: Row) -> Int? {
    if row.change >= 0, let value = data.changedValue(program.slot, row) { return value.integer }
    let chance = Mixing.mix(row.chance, program.slot)
    if program.personOnly, !row.isPerson {
      guard case .boolean = program.content else { return nil }
      return 0
    }
    if chance & 1023 < program.nulls { return nil }
    switch program.content {
    case .created: return data.created(row)
    case .modified: return program.nulls == 0 ? data.modified(row) : data.generatedModified(row)
    case .boolean(let permille): return Mixing.below(1000, chance) < Int(permille) ? 1 : 0
    case .isActive: return chance & 7 != 0 ? 1 : 0
    case .date(let style): return dateOf(style, chance)
    case .datetime(let style): return instantOf(style, chance)
    case .dayInstant(let style): return dateOf(style, chance) &* 86_400
    case .constants(let first, let count, _):
      return data.constants[Int(first) + Mixing.below(Int(count), chance)].integer
    case .callDate: return data.created(row) / 86_400 &- Mixing.below(4, chance)
    default: return nil
    }
  }
}

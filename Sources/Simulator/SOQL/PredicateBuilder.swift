/// Turns the conditions of a statement into predicates, checking every name and every literal.
struct PredicateBuilder {
  let lookup: FieldLookup
  let object: ObjectDefinition

  private var data: DataSet { lookup.data }

  func predicate(_ condition: SOQLStatement.Condition) throws(SalesforceError) -> Predicate {
    switch condition {
    case .all(let parts): return .all(try parts.map { part throws(SalesforceError) in try predicate(part) })
    case .any(let parts): return .any(try parts.map { part throws(SalesforceError) in try predicate(part) })
    case .not(let inner): return .not(try predicate(inner))
    case .comparison(let comparison): return try predicate(comparison)
    }
  }

  private func place(_ comparison: SOQLStatement.Comparison) -> SOQLPlace {
    SOQLPlace(lookup.statement.text, comparison.path.offset)
  }

  private func predicate(_ comparison: SOQLStatement.Comparison) throws(SalesforceError) -> Predicate {
    let column = try lookup.column(comparison.path, of: object)
    guard column.field.filterable else {
      throw place(comparison).invalidField("field '\(column.field.name)' can not be filtered in a query call")
    }
    try checkOperator(column, comparison)
    try checkLiterals(column, comparison)
    let predicate = try typed(column, comparison)
    return column.steps.isEmpty ? predicate : through(column, predicate, orNull: Self.takesNull(comparison))
  }

  private func checkOperator(_ column: Column, _ comparison: SOQLStatement.Comparison) throws(SalesforceError) {
    let type = column.field.type
    let allowed =
      switch comparison.comparator {
      case .includes, .excludes: type == .multipicklist
      case .like:
        ![.id, .reference, .boolean, .int, .double, .currency, .percent, .date, .datetime, .time].contains(type)
      case .less, .lessOrEqual, .greater, .greaterOrEqual: ![.boolean, .multipicklist].contains(type)
      default: true
      }
    guard allowed else { throw place(comparison).invalidFilter("invalid operator on \(type.rawValue) field") }
  }

  private func checkLiterals(_ column: Column, _ comparison: SOQLStatement.Comparison) throws(SalesforceError) {
    for value in comparison.values where value != .null && !Self.fits(value, column.field.type) {
      let type = Self.typeName(column.field.type)
      let quoted = ["string", "ID", "picklist"].contains(type)
      throw SOQLPlace(lookup.statement.text, comparison.offset).invalidField(
        "value of filter criterion for field '\(column.field.name)' must be of type \(type) and should "
          + (quoted ? "be" : "not be") + " enclosed in quotes")
    }
  }

  private static func typeName(_ type: FieldType) -> String {
    switch type {
    case .id, .reference: "ID"
    case .datetime: "dateTime"
    case .date, .boolean, .int, .double, .currency, .percent, .time: type.rawValue
    default: "string"
    }
  }

  private static func fits(_ value: SOQLStatement.Value, _ type: FieldType) -> Bool {
    switch (type, value) {
    case (.boolean, .boolean), (.datetime, .datetime), (.date, .date): true
    case (.int, .number), (.double, .number), (.currency, .number), (.percent, .number): true
    case (.boolean, _), (.datetime, _), (.date, _), (.int, _), (.double, _), (.currency, _), (.percent, _), (.time, _):
      false
    case (_, .string): true
    default: false
    }
  }

  private func typed(_ column: Column, _ comparison: SOQLStatement.Comparison) throws(SalesforceError) -> Predicate {
    if comparison.values == [.null] { return isNull(column, comparison) }
    switch column.field.type {
    case .id: return try id(column, comparison)
    case .reference: return try reference(column, comparison)
    case .boolean, .date, .datetime:
      return Renderer.hasInteger(column.program.content) ? integer(column, comparison) : text(column, comparison)
    case .int, .double, .currency, .percent:
      let numbers = comparison.values.compactMap { if case .number(let number) = $0 { number } else { nil } }
      return .value(column.program, ValueTest(rule: .number(comparison.comparator, numbers)))
    default: return text(column, comparison)
    }
  }

  private func isNull(_ column: Column, _ comparison: SOQLStatement.Comparison) -> Predicate {
    let negated = comparison.comparator == .notEqual
    guard comparison.comparator == .equal || negated else { return .always(false) }
    if case .reference(let reference) = column.program.content {
      let isNull = Predicate.targetIsNull(column.program, reference)
      return negated ? .not(isNull) : isNull
    }
    if Renderer.hasInteger(column.program.content) {
      return negated ? .not(.integerIsNull(column.program)) : .integerIsNull(column.program)
    }
    return .value(column.program, ValueTest(rule: negated ? .isNotNull : .isNull))
  }

  private func integer(_ column: Column, _ comparison: SOQLStatement.Comparison) -> Predicate {
    let bounds = comparison.values.compactMap { value -> Int? in
      switch value {
      case .boolean(let value): value ? 1 : 0
      case .date(let days): days
      case .datetime(let seconds): seconds
      default: nil
      }
    }
    switch comparison.comparator {
    case .isIn: return .any(bounds.map { .integer(column.program, .equal, $0) })
    case .notIn: return .all(bounds.map { .integer(column.program, .notEqual, $0) })
    default: return bounds.first.map { .integer(column.program, comparison.comparator, $0) } ?? .always(false)
    }
  }

  private func stems(_ comparison: SOQLStatement.Comparison) throws(SalesforceError) -> [[UInt8]] {
    var stems: [[UInt8]] = []
    for case .string(let text) in comparison.values {
      guard let stem = IDChecksum.stem(text) else {
        throw place(comparison).invalidFilter("invalid ID field: \(text)")
      }
      stems.append(stem)
    }
    return stems
  }

  /// Ids ascend with the index, so ranges of ids are ranges of rows.
  private func id(_ column: Column, _ comparison: SOQLStatement.Comparison) throws(SalesforceError) -> Predicate {
    let stems = try stems(comparison)
    let kind = column.object.kind
    let found = stems.compactMap { data.index(kind, of: $0) }
    guard let stem = stems.first else { return .always(comparison.comparator == .notIn) }
    let low = data.lowerBound(kind, stem)
    var next = low
    if let index = data.index(kind, of: stem) {
      if index < data.shape(kind).pointee.rows { next.generated += 1 } else { next.added += 1 }
    }
    let all = RowRange.all(data, kind)
    let (end, added) = (all.generated.upperBound, all.added.upperBound)
    switch comparison.comparator {
    case .less: return .rows(RowRange(generated: 0..<low.generated, added: 0..<low.added))
    case .lessOrEqual: return .rows(RowRange(generated: 0..<next.generated, added: 0..<next.added))
    case .greater: return .rows(RowRange(generated: next.generated..<end, added: next.added..<added))
    case .greaterOrEqual: return .rows(RowRange(generated: low.generated..<end, added: low.added..<added))
    case .equal, .isIn: return .rowSet(Set(found))
    case .notEqual, .notIn: return .not(.rowSet(Set(found)))
    default: return .always(false)
    }
  }

  private func reference(_ column: Column, _ comparison: SOQLStatement.Comparison) throws(SalesforceError) -> Predicate
  {
    let stems = try stems(comparison)
    guard case .reference(let reference) = column.program.content,
      ![.less, .lessOrEqual, .greater, .greaterOrEqual].contains(comparison.comparator)
    else { return .value(column.program, ValueTest(rule: .id(comparison.comparator, stems))) }
    let found = stems.compactMap { data.index(reference.object, of: $0) }
    let targets = Predicate.target(column.program, reference, Set(found))
    return [.notEqual, .notIn].contains(comparison.comparator) ? .not(targets) : targets
  }

  private func text(_ column: Column, _ comparison: SOQLStatement.Comparison) -> Predicate {
    let texts = comparison.values.map { value -> [UInt8] in
      switch value {
      case .string(let text): ValueTest.fold(text)
      case .boolean(let value): ValueTest.fold(value ? "true" : "false")
      case .date, .datetime, .number, .null: []
      }
    }
    let first = texts.first ?? []
    let rule: ValueTest.Rule =
      switch comparison.comparator {
      case .isIn: .textIn(Set(texts), negated: false)
      case .notIn: .textIn(Set(texts), negated: true)
      case .like: .like(first)
      case .includes, .excludes:
        .includes(
          texts.map { Set($0.split(separator: 0x3B).map { Array($0) }) }, negated: comparison.comparator == .excludes)
      default: .text(comparison.comparator, first)
      }
    return .value(column.program, ValueTest(rule: rule))
  }

  /// Whether a row without the parent in question meets the condition.
  private static func takesNull(_ comparison: SOQLStatement.Comparison) -> Bool {
    switch comparison.comparator {
    case .equal: comparison.values == [.null]
    case .notEqual: comparison.values != [.null]
    case .notIn, .excludes: true
    default: false
    }
  }

  /// A condition on a parent; where there are few parents, it is answered for each of them beforehand.
  private func through(_ column: Column, _ predicate: Predicate, orNull: Bool) -> Predicate {
    guard column.steps.count == 1, let step = column.steps.first, data.rows(step.reference.object) <= 64
    else { return .through(column.steps, predicate, orNull: orNull) }
    let renderer = Renderer(data: data)
    var scratch = ByteSink()
    var mask: UInt64 = 0
    for index in 0..<data.rows(step.reference.object) {
      let row = data.row(step.reference.object, index)
      if renderer.matches(predicate, row, &scratch) { mask |= 1 << UInt64(index) }
    }
    return .small(step.program, step.reference, mask, orNull: orNull)
  }
}

/// A statement looked up against the org: what to scan, what to keep, what to write.
struct BoundQuery {
  var statement: SOQLStatement
  var object: ObjectDefinition
  /// Empty for `COUNT()`.
  var columns: [Column]
  /// Positions by ascending id; rows outside it cannot match.
  var range: Range<Int>
  /// The only positions whose rows can match, ascending, where a condition names the ids or asks for stamps that
  /// only changes gave.
  var candidates: [Int]?
  var predicate: Predicate?
  var includeDeleted: Bool
  var order: [OrderTerm]
  var limit: Int?
  var offset: Int

  struct OrderTerm {
    var column: Column
    var descending: Bool
    var nullsLast: Bool
  }

  var isCount: Bool { columns.isEmpty }

  /// Looks a statement up.
  /// - Parameter includeDeleted: whether deleted rows count, as in `queryAll`.
  init(_ statement: SOQLStatement, data: DataSet, profile: Profile, includeDeleted: Bool) throws(SalesforceError) {
    let lookup = FieldLookup(data: data, profile: profile, statement: statement)
    let object = try lookup.object()
    self.statement = statement
    self.object = object
    self.includeDeleted = includeDeleted
    columns = try Self.columns(statement, lookup, object)
    predicate = try statement.condition.map { condition throws(SalesforceError) in
      try PredicateBuilder(lookup: lookup, object: object).predicate(condition)
    }
    let allowed = Self.range(predicate, .all(data, object.kind)).positions
    candidates = Self.candidates(predicate, data, object.kind).map { rows in
      rows.map { data.position(object.kind, of: $0) }.filter(allowed.contains).sorted()
    }
    if let candidates {
      range = (candidates.first ?? 0)..<(candidates.last.map { $0 + 1 } ?? 0)
    } else {
      range = allowed
    }
    limit = statement.limit
    offset = statement.offset ?? 0
    guard offset <= 2000 else {
      throw SalesforceError(
        status: 400, code: "NUMBER_OUTSIDE_VALID_RANGE", message: "Maximum SOQL offset allowed is 2000")
    }
    order = try statement.order.map { order throws(SalesforceError) in
      let column = try lookup.column(order.path, of: object)
      guard column.field.sortable else {
        throw SOQLPlace(statement.text, order.path.offset).invalidField(
          "field '\(column.field.name)' can not be sorted in a query call")
      }
      return OrderTerm(column: column, descending: order.descending, nullsLast: order.nullsLast)
    }
  }

  private static func columns(_ statement: SOQLStatement, _ lookup: FieldLookup, _ object: ObjectDefinition)
    throws(SalesforceError) -> [Column]
  {
    if statement.selection == [.count] { return [] }
    var columns: [Column] = []
    var seen: Set<String> = []
    for selection in statement.selection {
      for path in try paths(selection, statement, lookup, object) {
        let column = try lookup.column(path, of: object)
        guard seen.insert(column.name.lowercased()).inserted else {
          throw SOQLPlace(statement.text, path.offset).malformed("duplicate field selected: \(column.name)")
        }
        columns.append(column)
      }
    }
    return columns
  }

  private static func paths(
    _ selection: SOQLStatement.Selection, _ statement: SOQLStatement, _ lookup: FieldLookup, _ object: ObjectDefinition
  ) throws(SalesforceError) -> [SOQLStatement.Path] {
    switch selection {
    case .field(let path): return [path]
    case .count:
      throw .malformedQuery("Grouped query without GROUP BY: COUNT() must be the only element of the SELECT list")
    case .fields(let group, let offset):
      guard ["ALL", "STANDARD", "CUSTOM"].contains(group) else {
        throw SOQLPlace(statement.text, offset).malformed("unexpected token: '\(group)'")
      }
      guard group == "STANDARD" || (statement.limit ?? .max) <= 200 else {
        throw .malformedQuery("The SOQL FIELDS function must have a LIMIT of at most 200")
      }
      return object.fields.filter { field in
        lookup.profile.shows(field, of: object) && (group == "ALL" || field.isCustom == (group == "CUSTOM"))
      }.map { SOQLStatement.Path(parts: [$0.name], offset: offset) }
    }
  }

  /// The rows that conditions on the own id leave, as far as they are joined by AND.
  private static func range(_ predicate: Predicate?, _ everything: RowRange) -> RowRange {
    switch predicate {
    case .rows(let range): return range.clamped(to: everything)
    case .all(let parts): return parts.reduce(everything) { $0.clamped(to: Self.range($1, everything)) }
    default: return everything
    }
  }

  /// The smallest list of rows that conditions joined by AND leave.
  private static func candidates(_ predicate: Predicate?, _ data: DataSet, _ kind: ObjectKind) -> [Int]? {
    switch predicate {
    case .rowSet(let set): return Array(set)
    case .integer(let program, let comparator, let bound):
      guard case .systemModstamp = program.content else { return nil }
      return changed(comparator, bound, data, kind)
    case .all(let parts):
      return parts.compactMap { candidates($0, data, kind) }.min { $0.count < $1.count }
    default: return nil
    }
  }

  /// Rows whose stamps changes gave, where the condition is one that no generated stamp meets.
  private static func changed(
    _ comparator: SOQLStatement.Comparator, _ bound: Int, _ data: DataSet, _ kind: ObjectKind
  ) -> [Int]? {
    switch comparator {
    case .equal, .greaterOrEqual: guard bound > data.options.asOf else { return nil }
    case .greater: guard bound >= data.options.asOf else { return nil }
    default: return nil
    }
    let changes = data.changes[Int(kind.rawValue)]
    var rows: [Int] = []
    for (run, shared) in changes.states.enumerated() {
      guard let stamp = shared.state.stamp, Renderer.compare(stamp, comparator, bound) else { continue }
      rows += changes.starts[run]..<changes.ends[run]
      if rows.count > RowSource.mostSorted { return nil }
    }
    return rows
  }
}

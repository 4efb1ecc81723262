/// Sorts the rows of an answer by any fields, in memory.
struct RowSorter {
  let query: BoundQuery
  let renderer: Renderer

  private struct Key {
    /// `nil` for null.
    var number: Double?
    var text: [UInt8]
    var isNull: Bool
  }

  private struct Candidate {
    var keys: [Key]
    var index: Int
  }

  /// Rows that LIMIT and OFFSET leave, when they are few enough to keep only so many while scanning.
  private var wanted: Int? {
    guard let limit = query.limit, limit <= 50_000 else { return nil }
    return max(256, limit + query.offset)
  }

  func sorted() throws(SalesforceError) -> [Int] {
    if let list = try sortedByStamp() { return list }
    var candidates: [Candidate] = []
    var scratch = ByteSink()
    for index in query.range {
      let row = renderer.data.row(query.object.kind, index)
      guard matches(row, &scratch) else { continue }
      candidates.append(Candidate(keys: query.order.map { key($0, row, &scratch) }, index: index))
      if let wanted, candidates.count >= 4 * wanted {
        candidates.sort(by: precedes)
        candidates.removeLast(candidates.count - wanted)
      }
      try check(candidates.count, limit: 200_000)
    }
    candidates.sort(by: precedes)
    return candidates.map(\.index)
  }

  private func check(_ count: Int, limit: Int) throws(SalesforceError) {
    guard count <= limit else {
      throw SalesforceError(
        status: 400, code: "QUERY_TIMEOUT", message: "Your query request was running for too long.")
    }
  }

  private func matches(_ row: Row, _ scratch: inout ByteSink) -> Bool {
    if row.isDeleted, !query.includeDeleted { return false }
    return query.predicate.map { renderer.matches($0, row, &scratch) } ?? true
  }

  /// The order of keyset paging, `SystemModstamp, Id` or the like: two numbers a row instead of texts.
  private func sortedByStamp() throws(SalesforceError) -> [Int]? {
    guard let first = query.order.first, first.column.steps.isEmpty,
      Renderer.hasInteger(first.column.program.content), !first.nullsLast || !first.column.field.nillable,
      query.order.count == 1
        || (query.order.count == 2 && query.order[1].column.field.type == .id
          && query.order[1].column.steps.isEmpty)
    else { return nil }
    let second = query.order.count == 2 && query.order[1].descending
    var scratch = ByteSink()
    let precedes: ((key: Int, index: Int), (key: Int, index: Int)) -> Bool = {
      $0.key != $1.key ? $0.key < $1.key : $0.index < $1.index
    }
    var candidates: [(key: Int, index: Int)] = []
    for index in query.range {
      let row = renderer.data.row(query.object.kind, index)
      guard matches(row, &scratch) else { continue }
      // Null stands first unless the order says otherwise.
      let key = renderer.integer(first.column.program, row) ?? (first.descending ? .max : .min)
      candidates.append((first.descending ? ~key : key, second ? ~index : index))
      if let wanted, candidates.count >= 4 * wanted {
        candidates.sort(by: precedes)
        candidates.removeLast(candidates.count - wanted)
      }
      try check(candidates.count, limit: RowSource.mostSorted)
    }
    candidates.sort(by: precedes)
    return candidates.map { second ? ~$0.index : $0.index }
  }

  private func key(_ term: BoundQuery.OrderTerm, _ row: Row, _ scratch: inout ByteSink) -> Key {
    scratch.removeAll()
    guard let holder = renderer.follow(term.column.steps, row),
      renderer.value(term.column.program, holder, .raw, &scratch)
    else { return Key(number: nil, text: [], isNull: true) }
    switch term.column.field.type {
    case .int, .double, .currency, .percent:
      return Key(number: Double(String(decoding: scratch.bytes, as: UTF8.self)), text: [], isNull: false)
    case .id, .reference: return Key(number: nil, text: Array(scratch.bytes), isNull: false)
    default: return Key(number: nil, text: ValueTest.fold(scratch.bytes), isNull: false)
    }
  }

  private func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
    for (place, term) in query.order.enumerated() {
      let (x, y) = (a.keys[place], b.keys[place])
      if x.isNull != y.isNull { return x.isNull != term.nullsLast }
      if x.isNull { continue }
      if let p = x.number, let q = y.number {
        if p != q { return (p < q) != term.descending }
      } else if x.text != y.text {
        return x.text.lexicographicallyPrecedes(y.text) != term.descending
      }
    }
    return a.index < b.index
  }
}

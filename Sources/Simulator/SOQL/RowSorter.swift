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
    /// By ascending id.
    var position: Int
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
    var hint: Int32 = -1
    for step in steps {
      let position = position(step)
      let row = data.row(query.object.kind, data.index(query.object.kind, at: position), &hint)
      guard query.includes(row, renderer, &scratch) else { continue }
      candidates.append(Candidate(keys: query.order.map { key($0, row, &scratch) }, position: position))
      if let wanted, candidates.count >= 4 * wanted {
        candidates.sort(by: precedes)
        candidates.removeLast(candidates.count - wanted)
      }
      try check(candidates.count, limit: 200_000)
    }
    candidates.sort(by: precedes)
    return candidates.map { data.index(query.object.kind, at: $0.position) }
  }

  private func check(_ count: Int, limit: Int) throws(SalesforceError) {
    guard count <= limit else {
      throw SalesforceError(
        status: 400, code: "QUERY_TIMEOUT", message: "Your query request was running for too long.")
    }
  }

  /// Where the rows in question stand.
  private var data: DataSet { renderer.data }

  private func position(_ step: Int) -> Int { query.candidates?[step] ?? query.range.lowerBound &+ step }

  private var steps: Range<Int> { 0..<(query.candidates?.count ?? query.range.count) }

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
    let precedes: ((key: Int, position: Int), (key: Int, position: Int)) -> Bool = {
      $0.key != $1.key ? $0.key < $1.key : $0.position < $1.position
    }
    var candidates: [(key: Int, position: Int)] = []
    var hint: Int32 = -1
    for step in steps {
      let position = position(step)
      let row = data.row(query.object.kind, data.index(query.object.kind, at: position), &hint)
      guard query.includes(row, renderer, &scratch) else { continue }
      // Null stands first unless the order says otherwise.
      let key = renderer.integer(first.column.program, row) ?? (first.descending ? .max : .min)
      candidates.append((first.descending ? ~key : key, second ? ~position : position))
      if let wanted, candidates.count >= 4 * wanted {
        candidates.sort(by: precedes)
        candidates.removeLast(candidates.count - wanted)
      }
      try check(candidates.count, limit: RowSource.mostSorted)
    }
    candidates.sort(by: precedes)
    return candidates.map { data.index(query.object.kind, at: second ? ~$0.position : $0.position) }
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
    return a.position < b.position
  }
}

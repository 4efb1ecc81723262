/// The rows that answer a statement, in its order.
struct RowSource {
  enum Kind {
    /// Rows are found while they are read, by ascending or descending id.
    case scan(descending: Bool)
    /// Rows were found and sorted beforehand.
    case list([Int])
  }

  /// Most rows that are sorted; beyond, the org answers `QUERY_TIMEOUT` as a real one would.
  static let mostSorted = 2_000_000

  let query: BoundQuery
  let kind: Kind
  let renderer: Renderer

  init(_ query: BoundQuery, data: DataSet) throws(SalesforceError) {
    self.query = query
    renderer = Renderer(data: data)
    guard let first = query.order.first else {
      kind = .scan(descending: false)
      return
    }
    if first.column.field.type == .id, first.column.steps.isEmpty {
      kind = .scan(descending: first.descending)
    } else {
      kind = .list(try RowSorter(query: query, renderer: renderer).sorted())
    }
  }

  /// Whether a row belongs to the answer.
  @inline(__always)
  func includes(_ row: Row, _ scratch: inout ByteSink) -> Bool {
    if row.isDeleted, !query.includeDeleted { return false }
    guard let predicate = query.predicate else { return true }
    return renderer.matches(predicate, row, &scratch)
  }

  /// Where reading starts: a place that `next` understands.
  var start: Int {
    switch kind {
    case .scan(descending: false): query.range.lowerBound
    case .scan(descending: true): query.range.upperBound - 1
    case .list: 0
    }
  }

  /// Appends the next rows of the answer.
  /// - Parameters:
  ///   - place: where to go on.
  ///   - count: most rows to append.
  /// - Returns: where to go on after them, or `nil` when there are no more rows.
  func next(from place: Int, _ count: Int, into rows: inout [Int]) -> Int? {
    switch kind {
    case .list(let list):
      let end = min(list.count, place + count)
      if place < end { rows += list[place..<end] }
      return end < list.count ? end : nil
    case .scan(let descending):
      return scan(from: place, count, descending) { rows.append($0) }
    }
  }

  /// The same, only counting.
  func skip(from place: Int, _ count: Int) -> (next: Int?, found: Int) {
    if case .list(let list) = kind {
      let end = min(list.count, place + count)
      return (end < list.count ? end : nil, max(0, end - place))
    }
    guard case .scan(let descending) = kind else { return (nil, 0) }
    var found = 0
    let next = scan(from: place, count, descending) { _ in found &+= 1 }
    return (next, found)
  }

  @inline(__always)
  private func scan(from place: Int, _ count: Int, _ descending: Bool, _ take: (Int) -> Void) -> Int? {
    var scratch = ByteSink(capacity: 512)
    var index = place
    var left = count
    let step = descending ? -1 : 1
    let end = descending ? query.range.lowerBound &- 1 : query.range.upperBound
    let kind = query.object.kind
    while index != end {
      if left <= 0 { return index }
      if includes(renderer.data.row(kind, index), &scratch) {
        take(index)
        left &-= 1
      }
      index &+= step
    }
    return nil
  }

  /// Rows of the answer, LIMIT and OFFSET applied.
  func total() -> Int {
    let wanted = query.limit.map { $0 + query.offset } ?? .max
    let found: Int
    if case .scan = kind, query.range.isEmpty { found = 0 } else { found = skip(from: start, wanted).found }
    return max(0, found - query.offset)
  }
}

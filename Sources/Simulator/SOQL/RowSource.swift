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
    let first = query.order.first
    guard let first, first.column.field.type != .id || !first.column.steps.isEmpty else {
      let descending = first?.descending ?? false
      guard let candidates = query.candidates else {
        kind = .scan(descending: descending)
        return
      }
      kind = .list(Self.matching(descending ? candidates.reversed() : candidates, query, renderer))
      return
    }
    kind = .list(try RowSorter(query: query, renderer: renderer).sorted())
  }

  /// The indexes of those rows that belong to the answer.
  private static func matching(_ positions: [Int], _ query: BoundQuery, _ renderer: Renderer) -> [Int] {
    var scratch = ByteSink(capacity: 512)
    var rows: [Int] = []
    for position in positions {
      let row = renderer.data.row(query.object.kind, renderer.data.index(query.object.kind, at: position))
      if query.includes(row, renderer, &scratch) { rows.append(row.index) }
    }
    return rows
  }

  /// Whether a row belongs to the answer.
  @inline(__always)
  func includes(_ row: Row, _ scratch: inout ByteSink) -> Bool {
    query.includes(row, renderer, &scratch)
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
    var position = place
    var left = count
    let step = descending ? -1 : 1
    let end = descending ? query.range.lowerBound &- 1 : query.range.upperBound
    let kind = query.object.kind
    var hint: Int32 = -1
    while position != end {
      if left <= 0 { return position }
      var (index, length) = renderer.data.stretch(kind, at: position, descending: descending)
      while length > 0, position != end, left > 0 {
        if includes(renderer.data.row(kind, index, &hint), &scratch) {
          take(index)
          left &-= 1
        }
        index &+= step
        position &+= step
        length &-= 1
      }
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

extension BoundQuery {
  /// Whether a row belongs to the answer.
  @inline(__always)
  func includes(_ row: Row, _ renderer: Renderer, _ scratch: inout ByteSink) -> Bool {
    if row.isGone || (row.isDeleted && !includeDeleted) { return false }
    guard let predicate else { return true }
    return renderer.matches(predicate, row, &scratch)
  }
}

/// Which rows an operation is about.
extension ChangePlanner {
  /// States of rows that an operation takes.
  enum Wanted {
    case live, deleted, any

    func takes(_ row: Row) -> Bool {
      if row.isGone { return false }
      return switch self {
      case .live: !row.isDeleted
      case .deleted: row.isDeleted
      case .any: true
      }
    }
  }

  /// The indexes of the rows, ascending.
  func select(_ operation: ChangeOperation, _ object: ObjectDefinition, _ wanted: Wanted) throws(SalesforceError)
    -> [Int]
  {
    if let ids = operation.ids {
      let indexes = try ids.map { id throws(SalesforceError) in try index(id, object, wanted) }
      return Array(Set(indexes)).sorted()
    }
    guard let condition = operation.where else {
      guard let sample = operation.sample else { return rows(object.kind, wanted) }
      return picked(sample, object.kind, wanted, seed: operation.seed ?? 0)
    }
    let query = try BoundQuery(
      SOQLParser.parse("SELECT Id FROM \(object.name) WHERE \(condition)"), data: data, profile: Profile(),
      includeDeleted: wanted != .live)
    let source = try RowSource(query, data: data)
    var indexes: [Int] = []
    var place: Int? = query.range.isEmpty ? nil : source.start
    while let at = place { place = source.next(from: at, 100_000, into: &indexes) }
    if wanted == .deleted { indexes = indexes.filter { data.row(object.kind, $0).isDeleted } }
    guard let sample = operation.sample, sample < indexes.count else { return indexes.sorted() }
    // The first steps of a shuffle.
    for place in 0..<max(0, sample) {
      let chance = Mixing.mix(operation.seed ?? 0, UInt64(place))
      indexes.swapAt(place, place + Mixing.below(indexes.count - place, chance))
    }
    return indexes.prefix(max(0, sample)).sorted()
  }

  /// The row of that id, in the wanted state.
  func index(_ id: String, _ object: ObjectDefinition, _ wanted: Wanted) throws(SalesforceError) -> Int {
    guard let stem = IDChecksum.stem(id), let index = data.index(object.kind, of: stem) else {
      throw Self.refused("\(object.name) has no row with the id '\(id)'")
    }
    guard wanted.takes(data.row(object.kind, index)) else {
      throw Self.refused("\(object.name) \(id) is not in the state that the operation needs (\(wanted))")
    }
    return index
  }

  private func rows(_ kind: ObjectKind, _ wanted: Wanted) -> [Int] {
    (0..<data.rows(kind)).filter { wanted.takes(data.row(kind, $0)) }
  }

  /// Some rows by chance; found by trying, and only when that does not help among all of them.
  func picked(
    _ count: Int, _ kind: ObjectKind, _ wanted: Wanted, seed: UInt64, where fits: (Row) -> Bool = { _ in true }
  ) -> [Int] {
    let total = data.rows(kind)
    let count = min(count, total)
    guard count > 0 else { return [] }
    var found: Set<Int> = []
    for attempt in 0..<(count * 40) where found.count < count {
      let row = data.row(kind, Mixing.below(total, Mixing.mix(seed ^ 0x5A3C, UInt64(attempt))))
      if wanted.takes(row), fits(row) { found.insert(row.index) }
    }
    guard found.count < count, total <= 100_000 else { return found.sorted() }
    var all = (0..<total).filter {
      let row = data.row(kind, $0)
      return wanted.takes(row) && fits(row) && !found.contains($0)
    }
    for place in 0..<min(count - found.count, all.count) {
      all.swapAt(place, place + Mixing.below(all.count - place, Mixing.mix(seed, UInt64(place))))
      found.insert(all[place])
    }
    return found.sorted()
  }
}

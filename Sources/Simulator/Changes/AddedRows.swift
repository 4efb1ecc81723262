/// Rows that were inserted: their indexes follow those of the generated rows, their ids lie anywhere.
struct AddedRows: Sendable {
  /// By ordinal, which is the index less the number of generated rows.
  private(set) var ids: [PackedID] = []
  /// Generated rows with a smaller id, by ordinal.
  private var before: [Int] = []
  /// Ordinals by ascending id.
  private(set) var order: [Int] = []
  /// The places in `order`, by ordinal.
  private(set) var ranks: [Int] = []
  /// The positions among all rows of the object by ascending id, by rank.
  private var positions: [Int] = []

  var count: Int { ids.count }

  /// Adds rows.
  /// - Parameter new: ids that no row has, with the number of generated rows below each.
  mutating func append(_ new: [(id: PackedID, before: Int)]) {
    let first = count
    ids += new.map(\.id)
    before += new.map(\.before)
    let fresh = (first..<count).sorted { ids[$0] < ids[$1] }
    var merged: [Int] = []
    merged.reserveCapacity(count)
    var place = 0
    for ordinal in order {
      while place < fresh.count, ids[fresh[place]] < ids[ordinal] {
        merged.append(fresh[place])
        place += 1
      }
      merged.append(ordinal)
    }
    order = merged + fresh[place...]
    ranks = Array(repeating: 0, count: count)
    for (rank, ordinal) in order.enumerated() { ranks[ordinal] = rank }
    positions = order.enumerated().map { before[$1] + $0 }
  }

  /// The number of these rows whose id is below that one.
  func lowerBound(_ id: PackedID) -> Int { Self.lowerBound(order.count) { ids[order[$0]] < id } }

  /// The ordinal of the row with exactly that id.
  func ordinal(of id: PackedID) -> Int? {
    let rank = lowerBound(id)
    guard rank < order.count, ids[order[rank]] == id else { return nil }
    return order[rank]
  }

  /// The index of the row at a position by ascending id, and how many of the positions from there on, in either
  /// direction, hold rows whose indexes go on evenly.
  func stretch(at position: Int, generated: Int, descending: Bool) -> (index: Int, length: Int) {
    let rank = Self.lowerBound(positions.count) { positions[$0] < position }
    if rank < positions.count, positions[rank] == position { return (generated + order[rank], 1) }
    let length: Int
    if descending {
      length = rank > 0 ? position - positions[rank - 1] : position + 1
    } else {
      length = rank < positions.count ? positions[rank] - position : .max
    }
    return (position - rank, length)
  }

  /// The index of the row at a position by ascending id.
  /// - Parameter generated: the number of generated rows.
  func index(at position: Int, generated: Int) -> Int {
    let rank = Self.lowerBound(positions.count) { positions[$0] < position }
    guard rank < positions.count, positions[rank] == position else { return position - rank }
    return generated + order[rank]
  }

  /// The position of an added row.
  func position(of ordinal: Int) -> Int { positions[ranks[ordinal]] }

  /// Added rows that stand before a generated one.
  func count(below generatedIndex: Int) -> Int {
    Self.lowerBound(order.count) { before[order[$0]] <= generatedIndex }
  }

  private static func lowerBound(_ count: Int, _ isBelow: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBelow(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Where the ids of an object are cut into ranges: range `i` holds the ids from bound `i - 1` up to bound `i`, the
/// first and the last range are open.
public struct IDBounds: Sendable, Equatable {
  /// Most ranges of an object. Their checksums are kept for both sides, so that it bounds memory.
  public static let mostRanges = 4096
  /// Rows that a range aims at: what one REST page holds at most is fetched where it differs.
  static let usefulRows: Int64 = 1000

  /// Ascending, each once.
  public let bounds: [PackedID]

  /// Bounds at these ids; what is no id is left out.
  public init(_ ids: [String] = []) {
    var bounds: [PackedID] = []
    for bound in ids.compactMap({ PackedID($0) }).sorted() where bound != bounds.last { bounds.append(bound) }
    self.bounds = bounds
  }

  /// How many ranges there are.
  public var rangeCount: Int { bounds.count + 1 }

  /// Into how many ranges a table of so many rows is cut.
  public static func ranges(forRows rows: Int64) -> Int {
    Int(min(max(1, rows / usefulRows), Int64(mostRanges)))
  }

  /// The range that an id belongs to: as many bounds are not above it.
  @inline(__always)
  func index(of id: PackedID) -> Int {
    bounds.withUnsafeBufferPointer { bounds in
      var low = 0
      var high = bounds.count
      while low < high {
        let middle = (low + high) / 2
        if bounds[middle] <= id { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// By range: whether it is one of these.
  func marked(_ ranges: [Int]) -> [Bool] {
    var marked = Array(repeating: false, count: rangeCount)
    for range in ranges where marked.indices.contains(range) { marked[range] = true }
    return marked
  }

  /// The ranges of these indices, ascending; those that lie side by side become one.
  public func merged(_ indices: [Int]) -> [MergedRange] {
    var merged: [MergedRange] = []
    for index in indices where bounds.indices.contains(index) || index == bounds.count {
      let to = index < bounds.count ? bounds[index].text : nil
      if let last = merged.last, last.indices.upperBound == index {
        merged[merged.count - 1] = MergedRange(
          indices: last.indices.lowerBound..<index + 1, range: IDRange(from: last.range.from, to: to))
      } else {
        let from = index > 0 ? bounds[index - 1].text : nil
        merged.append(MergedRange(indices: index..<index + 1, range: IDRange(from: from, to: to)))
      }
    }
    return merged
  }
}

/// Ranges that lie side by side, as one.
public struct MergedRange: Sendable, Equatable {
  /// Which of the ranges.
  public let indices: Range<Int>
  public let range: IDRange
}

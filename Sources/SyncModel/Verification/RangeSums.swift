/// Counts and checksums of one table's rows, by range. The order in which rows come does not matter.
public struct RangeSums: Sendable, Equatable {
  public internal(set) var counts: [Int64]
  public internal(set) var sums: [UInt64]

  /// Nothing in any range.
  public init(ranges: Int) {
    counts = Array(repeating: 0, count: max(1, ranges))
    sums = Array(repeating: 0, count: max(1, ranges))
  }

  /// Adds rows of a range, by what their checksums come to together.
  public mutating func add(_ count: Int64, _ sum: UInt64, to range: Int) {
    guard counts.indices.contains(range) else { return }
    counts[range] += count
    sums[range] ^= sum
  }

  /// Rows of all ranges.
  public var count: Int64 { counts.reduce(0, +) }
  /// The checksum of all ranges.
  public var sum: UInt64 { sums.reduce(0, ^) }

  /// The ranges in which this side and the other do not agree, ascending.
  public func differing(from other: RangeSums) -> [Int] {
    (0..<max(counts.count, other.counts.count)).filter { range in
      guard counts.indices.contains(range), other.counts.indices.contains(range) else { return true }
      return counts[range] != other.counts[range] || sums[range] != other.sums[range]
    }
  }
}

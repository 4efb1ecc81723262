/// What one pass over the source comes to: counts and checksums by range. Memory does not grow with the source.
public struct SourceSums: Sendable {
  public let checksum: RowChecksum
  public let bounds: IDBounds
  /// Records that were refused: known not to be stored as they are, and left out of the comparison.
  private let rejected: Set<PackedID>
  /// Per table of the mapping.
  public private(set) var tables: [RangeSums]
  /// Records seen, the rejected included.
  public private(set) var rows: Int64 = 0
  /// Records seen that are known as rejected.
  public private(set) var rejectedRows: Int64 = 0

  /// Nothing yet.
  public init(_ checksum: RowChecksum, bounds: IDBounds, rejected: Set<PackedID>) {
    self.checksum = checksum
    self.bounds = bounds
    self.rejected = rejected
    tables = checksum.columns.map { _ in RangeSums(ranges: bounds.rangeCount) }
  }

  /// Adds a batch.
  public mutating func fold(_ batch: RecordBatch) {
    rows += Int64(batch.rowCount)
    var refused: Int64 = 0
    let (bounds, rejected) = (bounds, rejected)
    let unreadable = checksum.forEach(batch) { id in
      let isRejected = !rejected.isEmpty && rejected.contains(id)
      if isRejected { refused += 1 }
      return !isRejected
    } _: { record, sums in
      let range = bounds.index(of: record.id)
      for table in sums.indices {
        tables[table].counts[range] += 1
        tables[table].sums[range] ^= sums[table]
      }
    }
    rejectedRows += refused + Int64(unreadable)
  }
}

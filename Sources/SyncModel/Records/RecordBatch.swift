/// Records of one page on their way from the source to the destination: values back to back, as delivered.
///
/// Value `column` of row `row` is number `k = row × columnCount + column` and occupies
/// `bytes[ends[k - 1] ..< ends[k]]` (from 0 for `k = 0`). Escapes of the wire format are already resolved.
/// An empty value is null: the source knows no empty string.
///
/// The layout is public so that readers and encoders work on bytes without a call per value.
public struct RecordBatch: Sendable {
  /// Values per row; the order is that of the statement's field list.
  public let columnCount: Int
  /// Complete rows.
  public var rowCount: Int
  /// All values back to back.
  public var bytes: [UInt8]
  /// Where each value ends in `bytes`; `rowCount × columnCount` entries when the batch is complete.
  public var ends: [Int]

  /// An empty batch.
  /// - Parameters:
  ///   - columnCount: values per row.
  ///   - byteCapacity: bytes to reserve.
  public init(columnCount: Int, byteCapacity: Int = 0) {
    self.columnCount = columnCount
    rowCount = 0
    bytes = []
    ends = []
    bytes.reserveCapacity(byteCapacity)
  }

  /// Forgets the rows, keeps the memory.
  public mutating func removeAll() {
    rowCount = 0
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  /// One value as text, for reports and tests; `nil` outside the batch or when the value is null.
  public func text(row: Int, column: Int) -> String? {
    guard row >= 0, row < rowCount, column >= 0, column < columnCount else { return nil }
    let index = row * columnCount + column
    let start = index == 0 ? 0 : ends[index - 1]
    return start == ends[index] ? nil : String(decoding: bytes[start..<ends[index]], as: UTF8.self)
  }

  /// Adds one row, for small results and tests; the hot path fills `bytes` and `ends` itself.
  public mutating func append(_ values: [String?]) {
    for column in 0..<columnCount {
      if column < values.count, let value = values[column] { bytes.append(contentsOf: value.utf8) }
      ends.append(bytes.count)
    }
    rowCount += 1
  }

  /// The batch without its first rows.
  public func dropping(_ rows: Int) -> RecordBatch {
    guard rows > 0 else { return self }
    var rest = RecordBatch(columnCount: columnCount)
    let skipped = min(rows, rowCount) * columnCount
    let start = skipped == 0 ? 0 : ends[skipped - 1]
    rest.bytes = Array(bytes[start...])
    rest.ends = ends[skipped...].map { $0 - start }
    rest.rowCount = rowCount - min(rows, rowCount)
    return rest
  }
}

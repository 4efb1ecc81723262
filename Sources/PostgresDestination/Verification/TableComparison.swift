public import SyncModel

/// What comparing one table with the source came to.
public struct TableComparison: Sendable, Codable, Equatable {
  public let table: String
  /// Records of the source, the rejected included.
  public let sourceRows: Int64
  /// Rows that the source still answers for.
  public let destinationRows: Int64
  /// Rows that were not compared: accounts flagged as deleted, calls older than what is selected.
  public let ignored: Int64
  /// In the source, not in the destination, and not rejected.
  public let missing: Int64
  /// In the destination, no longer in the source.
  public let extra: Int64
  /// In both, with other contents.
  public let different: Int64
  /// In the source and rejected.
  public let rejected: Int64
  /// Changed on either side after the verification began.
  public let inMotion: Int64
  /// Over what was compared; equal on both sides when nothing differs.
  public let sourceChecksum: String
  public let destinationChecksum: String
  /// Some ids of what differs.
  public let examples: [String]

  /// Whether both sides agree.
  public var isEqual: Bool { missing == 0 && extra == 0 && different == 0 }

  /// What counting and narrowing down came to.
  public init(
    _ source: SourceSums, _ index: Int, _ destination: TableSums, _ differences: TableDifferences?
  ) {
    table = destination.table
    sourceRows = source.rows
    destinationRows = destination.ranges.count
    ignored = destination.ignored
    missing = differences?.missing ?? 0
    extra = differences?.extra ?? 0
    different = differences?.different ?? 0
    rejected = source.rejectedRows
    inMotion = differences?.inMotion ?? 0
    sourceChecksum = Self.checksum(source.tables.indices.contains(index) ? source.tables[index].sum : 0)
    destinationChecksum = Self.checksum(destination.ranges.sum)
    examples = differences?.examples ?? []
  }

  private static func checksum(_ sum: UInt64) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Counts and checksums of one table in the destination.
public struct TableSums: Sendable {
  public let table: String
  public internal(set) var ranges: RangeSums
  /// Rows that are no concern of the comparison.
  public internal(set) var ignored: Int64
}

/// The differing ids of one table, counted.
public struct TableDifferences: Sendable, Codable, Equatable {
  public let table: String
  public var missing: Int64 = 0
  public var extra: Int64 = 0
  public var different: Int64 = 0
  /// Changed on either side after the verification began.
  public var inMotion: Int64 = 0
  /// Some ids of what differs.
  public var examples: [String] = []

  /// None yet.
  public init(table: String) { self.table = table }

  /// Whether both sides agree.
  public var isEqual: Bool { missing == 0 && extra == 0 && different == 0 }
}

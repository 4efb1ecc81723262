/// What the planner may spend and how finely it cuts.
public struct PlanningLimits: Sendable, Equatable {
  /// Rows asked for per bulk result page.
  public var pageRows: Int
  /// Rows a partition aims at.
  public var partitionRows: Int
  /// Objects with fewer records are read by REST; where it is `nil`, whichever way costs fewer API calls.
  public var restBelowRows: Int?
  /// Longest URL for REST, in bytes (Salesforce: 16,384 with headers; proxies allow less).
  public var longestURL: Int

  /// Limits.
  public init(
    pageRows: Int = 50_000, partitionRows: Int = 250_000, restBelowRows: Int? = nil, longestURL: Int = 8_000
  ) {
    self.pageRows = pageRows
    self.partitionRows = partitionRows
    self.restBelowRows = restBelowRows
    self.longestURL = longestURL
  }
}

/// How an object will be read, decided from a count alone.
public struct ExtractPlan: Sendable, Equatable {
  public let method: ExtractMethod
  public let partitions: Int
  /// API calls for the records, and for finding the ranges, at best.
  public let apiCalls: Int
}

/// Chooses how an object is read: whichever way costs fewer API calls, cut finely enough to share the work.
public enum ExtractPlanner {
  /// Records per REST page (Salesforce: at most 2,000).
  public static let restPageRows = 2000
  /// Partitions that even a middling object is cut into, so that several workers share it.
  static let usefulPartitions = 4
  /// Rows below which cutting costs more than it gives.
  static let smallestPartition = 25_000
  /// Create, one poll, delete.
  static let callsPerBulkJob = 3

  /// The plan for an object of `rows` records.
  /// - Parameters:
  ///   - urlBytes: length of the first page's URL, percent-encoded.
  ///   - bulkSupported: whether the Bulk API takes the object.
  public static func plan(
    rows: Int, urlBytes: Int, bulkSupported: Bool = true, limits: PlanningLimits
  ) -> ExtractPlan {
    // No org has a trillion records: a count beyond is an answer gone wrong, and must not overflow what follows.
    let rows = min(max(0, rows), 1 << 40)
    let restCalls = rows / restPageRows + 1
    let partitions = partitionCount(rows: rows, limits: limits)
    let sampling = partitions > 1 ? callsPerBulkJob + pages(rows, of: idPageRows(limits)) : 0
    let perPartition = callsPerBulkJob + pages((rows + partitions - 1) / partitions, of: limits.pageRows)
    let bulkCalls = sampling + partitions * perPartition
    let restPossible = urlBytes <= limits.longestURL
    let restIsBetter = limits.restBelowRows.map { rows < $0 } ?? (restCalls <= bulkCalls)
    if !bulkSupported || (restPossible && restIsBetter) {
      return ExtractPlan(method: .rest, partitions: 1, apiCalls: restCalls)
    }
    return ExtractPlan(method: .bulk, partitions: partitions, apiCalls: bulkCalls)
  }

  /// Rows per page of the id extract: ids are small, so its pages may be long.
  public static func idPageRows(_ limits: PlanningLimits) -> Int { max(limits.pageRows, 250_000) }

  static func partitionCount(rows: Int, limits: PlanningLimits) -> Int {
    let bySize = pages(rows, of: limits.partitionRows)
    let bySharing = min(usefulPartitions, rows / smallestPartition)
    return max(1, bySize, bySharing)
  }

  private static func pages(_ rows: Int, of size: Int) -> Int {
    let size = max(1, size)
    return max(1, rows / size + (rows % size == 0 ? 0 : 1))
  }
}

/// A half-open range of record ids in byte order: `from ≤ id < to`. A missing bound is open.
public struct IDRange: Sendable, Equatable, Codable {
  /// First id of the range, 15 characters.
  public let from: String?
  /// First id past the range, 15 characters.
  public let to: String?

  /// A range.
  public init(from: String? = nil, to: String? = nil) {
    self.from = from
    self.to = to
  }

  /// Everything.
  public static let all = IDRange()

  /// The range as SOQL conditions.
  public var conditions: [String] {
    [from.map { "Id >= \(SOQL.string($0))" }, to.map { "Id < \(SOQL.string($0))" }].compactMap { $0 }
  }
}

/// How a partition's records are read.
public enum ExtractMethod: String, Sendable, Codable {
  /// A Bulk API 2.0 query job and its result pages.
  case bulk
  /// REST queries, paged by keyset on Id.
  case rest
}

/// A part of one object's extract that can be fetched on its own. Travels in the job, so it is self-describing.
public struct Partition: Sendable, Equatable, Codable {
  public let object: SourceObject
  public let method: ExtractMethod
  /// The field list, in the mapping's order.
  public let fields: [String]
  /// Conditions that hold for the whole object, such as its record types.
  public let conditions: [String]
  public let range: IDRange

  /// A partition.
  public init(
    object: SourceObject, method: ExtractMethod, fields: [String], conditions: [String], range: IDRange
  ) {
    self.object = object
    self.method = method
    self.fields = fields
    self.conditions = conditions
    self.range = range
  }

  /// The statement of the partition's bulk job: no ORDER BY and no LIMIT, which would switch the server's
  /// own chunking off (Salesforce Bulk API 2.0: PK chunking).
  public var bulkStatement: String {
    SOQL.select(fields, from: object.apiName, where: conditions + range.conditions)
  }

  /// The statement of the partition's next REST page, after the last id that was committed.
  public func restStatement(after lastID: String?, limit: Int) -> String {
    let rest = lastID.map { ["Id > \(SOQL.string($0))"] + IDRange(to: range.to).conditions } ?? range.conditions
    return SOQL.select(fields, from: object.apiName, where: conditions + rest, orderBy: ["Id"], limit: limit)
  }
}

/// How far a partition has been committed: what a job resumes from.
public struct Position: Sendable, Equatable, Codable {
  /// The bulk job whose results are being read; `nil` until it was created, and again when it was lost.
  public var bulkJob: String?
  /// Where the next result page starts; `nil` for the first.
  public var locator: String?
  /// The last id that was committed, for REST keyset paging.
  public var lastID: String?
  /// Pages committed.
  public var pages: Int
  /// Whether rows of this partition may already be in the destination, so that pages are merged, not inserted.
  public var mayExist: Bool

  /// The start of a partition.
  public init(
    bulkJob: String? = nil, locator: String? = nil, lastID: String? = nil, pages: Int = 0, mayExist: Bool = false
  ) {
    self.bulkJob = bulkJob
    self.locator = locator
    self.lastID = lastID
    self.pages = pages
    self.mayExist = mayExist
  }

  /// The start of the same partition after its bulk job was lost: rows that were committed may come again.
  public func restarted() -> Position { Position(pages: pages, mayExist: mayExist || pages > 0) }
}

extension Partition {
  /// Length of the longest URL that reading this partition by REST needs: every character escaped at worst.
  public var longestURLBytes: Int {
    let statement = restStatement(after: "001000000000000AAA", limit: ExtractPlanner.restPageRows)
    return statement.utf8.count + statement.utf8.filter { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }.count * 2
  }
}

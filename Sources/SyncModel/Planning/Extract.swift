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

/// In which order a partition's records are read by REST, and what its keyset is.
public enum KeysetOrder: String, Sendable, Codable {
  /// By Id: a copy.
  case id
  /// By SystemModstamp and Id: a delta. Any number of records may share a stamp.
  case stamp
}

/// A part of one object's extract that can be fetched on its own. Travels in the job, so it is self-describing.
public struct Partition: Sendable, Equatable, Codable {
  public let object: SourceObject
  public let method: ExtractMethod
  /// The field list: the mapping's, in its order, and what a delta wants to know besides.
  public let fields: [String]
  /// Conditions that hold for the whole extract, such as its record types or its window.
  public let conditions: [String]
  public let range: IDRange
  public let order: KeysetOrder
  /// Whether deleted records are read as well.
  public let includesDeleted: Bool

  /// A partition.
  public init(
    object: SourceObject, method: ExtractMethod, fields: [String], conditions: [String], range: IDRange,
    order: KeysetOrder = .id, includesDeleted: Bool = false
  ) {
    self.object = object
    self.method = method
    self.fields = fields
    self.conditions = conditions
    self.range = range
    self.order = order
    self.includesDeleted = includesDeleted
  }

  /// The statement of the partition's bulk job: no ORDER BY and no LIMIT, which would switch the server's
  /// own chunking off (Salesforce Bulk API 2.0: PK chunking).
  public var bulkStatement: String {
    SOQL.select(fields, from: object.apiName, where: conditions + range.conditions)
  }

  /// The statement of the partition's next REST page, after what was committed.
  public func restStatement(after position: Position, limit: Int) -> String {
    let rest: [String]
    let keys: [String]
    switch order {
    case .id:
      keys = ["Id"]
      rest =
        position.lastID.map { ["Id > \(SOQL.string($0))"] + IDRange(to: range.to).conditions } ?? range.conditions
    case .stamp:
      keys = ["SystemModstamp", "Id"]
      rest = range.conditions + Self.keyset(position)
    }
    return SOQL.select(fields, from: object.apiName, where: conditions + rest, orderBy: keys, limit: limit)
  }

  /// What lies behind the last record that was committed, in the order of stamp and id.
  private static func keyset(_ position: Position) -> [String] {
    guard let stamp = position.lastStamp, let id = position.lastID else { return [] }
    // The first condition says nothing new, but lets the source use its index.
    return ["SystemModstamp >= \(stamp)", "(SystemModstamp > \(stamp) OR Id > \(SOQL.string(id)))"]
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
  /// Its stamp as a SOQL literal, for keyset paging by stamp.
  public var lastStamp: String?
  /// Pages committed.
  public var pages: Int
  /// Whether rows of this partition may already be in the destination, so that pages are merged, not inserted.
  public var mayExist: Bool

  /// The start of a partition.
  public init(
    bulkJob: String? = nil, locator: String? = nil, lastID: String? = nil, lastStamp: String? = nil, pages: Int = 0,
    mayExist: Bool = false
  ) {
    self.bulkJob = bulkJob
    self.locator = locator
    self.lastID = lastID
    self.lastStamp = lastStamp
    self.pages = pages
    self.mayExist = mayExist
  }

  /// The start of the same partition after its bulk job was lost: rows that were committed may come again.
  public func restarted() -> Position { Position(pages: pages, mayExist: mayExist || pages > 0) }
}

extension Partition {
  /// Length of the longest URL that reading this partition by REST needs: every character escaped at worst.
  public var longestURLBytes: Int {
    let last = Position(lastID: "001000000000000AAA", lastStamp: "2000-01-01T00:00:00Z")
    let statement = restStatement(after: last, limit: ExtractPlanner.restPageRows)
    return statement.utf8.count + statement.utf8.filter { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }.count * 2
  }
}

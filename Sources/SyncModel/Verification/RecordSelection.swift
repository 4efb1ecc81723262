/// Statements that ask for some records of an object only: by their ids, or by ranges of ids, as many at once as a URL
/// takes.
public enum RecordSelection {
  /// Most ids of one statement.
  static let mostIDs = 100
  /// Ids in the statement of one bulk job (Salesforce: 100,000 characters of SOQL).
  public static let idsPerBulkJob = 3500

  /// Length of a statement in a URL, in bytes.
  static func urlBytes(_ text: String) -> Int {
    text.utf8.reduce(0) { $0 + (VeevaID.isAlphanumeric($1) || $1 == 0x2E || $1 == 0x5F || $1 == 0x2D ? 1 : 3) }
  }

  /// How many ids a statement takes in a URL besides what else is in it; `nil` when it leaves no room for one.
  public static func idsPerList(besides statement: String, longestURL: Int) -> Int? {
    let room = (longestURL - urlBytes(statement)) / urlBytes("'001000000000000AAA', ")
    return room > 0 ? min(room, mostIDs) : nil
  }

  /// API calls that fetching so many records by their ids takes.
  public static func listCalls(_ ids: Int64, besides statement: String, longestURL: Int) -> Int64 {
    if let size = idsPerList(besides: statement, longestURL: longestURL) { return ids / Int64(size) + 1 }
    return (ids / Int64(idsPerBulkJob) + 1) * Int64(ExtractPlanner.callsPerBulkJob + 1)
  }

  /// `Id IN (…)`.
  public static func condition(ids: [String]) -> String {
    "Id IN (\(ids.map(SOQL.string).joined(separator: ", ")))"
  }

  /// Ranges in groups, each short enough for one statement.
  /// - Returns: `nil` when the statement leaves no room for a range.
  public static func groups(
    of ranges: [MergedRange], besides statement: String, longestURL: Int
  ) -> [[MergedRange]]? {
    let room = longestURL - urlBytes(statement) - urlBytes(" AND () AND Id > '001000000000000AAA'")
    var groups: [[MergedRange]] = []
    var used = 0
    for range in ranges {
      let bytes = urlBytes(condition(ranges: [range])) + urlBytes(" OR ")
      guard bytes <= room else { return nil }
      if groups.isEmpty || used + bytes > room {
        groups.append([])
        used = 0
      }
      groups[groups.count - 1].append(range)
      used += bytes
    }
    return groups
  }

  /// A condition that holds for the records of the ranges; empty where they are everything.
  public static func condition(ranges: [MergedRange]) -> String {
    let each = ranges.map { $0.range.conditions }
    if each.contains([]) { return "" }
    let alternatives = each.map { "(\($0.joined(separator: " AND ")))" }
    return alternatives.count == 1 ? alternatives[0] : "(\(alternatives.joined(separator: " OR ")))"
  }

  /// API calls that reading groups of ranges by REST takes.
  /// - Parameter rows: records of a range, by its index.
  public static func restCalls(_ groups: [[MergedRange]], rows: (Int) -> Int64) -> Int64 {
    groups.reduce(0) { calls, group in
      let rows = group.reduce(0) { $0 + $1.indices.reduce(0) { $0 + rows($1) } }
      return calls + rows / Int64(ExtractPlanner.restPageRows) + 1
    }
  }

  /// API calls that another pass over all of an object takes, the count included.
  public static func wholeCalls(rows: Int64, method: ExtractMethod, pageRows: Int) -> Int64 {
    switch method {
    case .rest: rows / Int64(ExtractPlanner.restPageRows) + 2
    case .bulk: Int64(ExtractPlanner.callsPerBulkJob) + rows / Int64(max(1, pageRows)) + 2
    }
  }
}

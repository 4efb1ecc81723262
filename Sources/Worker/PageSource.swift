import SyncModel
import Veeva

/// Where the pages of one partition come from.
struct PageSource: Sendable {
  let veeva: VeevaClient
  let partition: Partition
  let pageRows: Int

  /// Begins to fetch the page at a position.
  func page(at position: Position) async throws -> SourcePage {
    switch partition.method {
    case .bulk:
      guard let bulkJob = position.bulkJob else {
        throw VeevaError.resultsGone(object: partition.object.apiName)
      }
      let results = try await veeva.results(
        of: bulkJob, object: partition.object.apiName, fields: partition.fields, locator: position.locator,
        maxRecords: pageRows)
      return .bulk(results)
    case .rest:
      let limit = ExtractPlanner.restPageRows
      let rows = try await veeva.queryPage(
        partition.restStatement(after: position, limit: limit), object: partition.object.apiName,
        fields: partition.fields, includeDeleted: partition.includesDeleted)
      return .rest(rows, order: partition.order, isLast: rows.rowCount < limit, taken: false)
    }
  }
}

/// One page on its way: its records come batch by batch, so that a page may be larger than memory.
enum SourcePage {
  case bulk(BulkResultPage)
  case rest(RecordBatch, order: KeysetOrder, isLast: Bool, taken: Bool)

  /// The next records, or `nil` at the end of the page.
  /// - Throws: when the page ended before all the records that the server declared.
  mutating func nextBatch() async throws -> RecordBatch? {
    switch self {
    case .bulk(let results): return try await results.nextBatch()
    case .rest(let rows, let order, let isLast, let taken):
      self = .rest(rows, order: order, isLast: isLast, taken: true)
      return taken || rows.rowCount == 0 ? nil : rows
    }
  }

  /// Whether no page follows.
  var isLast: Bool {
    switch self {
    case .bulk(let results): results.nextLocator == nil
    case .rest(_, _, let isLast, _): isLast
    }
  }

  /// The position after this page.
  func position(after position: Position) -> Position {
    var next = position
    next.pages += 1
    switch self {
    case .bulk(let results): next.locator = results.nextLocator
    case .rest(let rows, let order, _, _):
      next.lastID = rows.text(row: rows.rowCount - 1, column: ObjectMapping.idColumn) ?? position.lastID
      guard order == .stamp else { break }
      let stamp = rows.text(row: rows.rowCount - 1, column: ObjectMapping.modstampColumn)
      next.lastStamp = stamp.map(SOQL.stamp) ?? position.lastStamp
    }
    return next
  }
}

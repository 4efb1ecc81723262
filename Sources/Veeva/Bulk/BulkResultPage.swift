import HTTP
public import SyncModel

/// One page of a bulk job's results on its way: records come batch by batch, so that memory does not grow with the
/// page. While nobody asks for the next batch, the server is held off.
public final class BulkResultPage {
  /// Where the next page starts; `nil` on the last.
  ///
  /// Salesforce Bulk API 2.0: the header `Sforce-Locator` holds the text `null` on the last page.
  public let nextLocator: String?
  /// Records that the server says are in the page.
  public let declaredRows: Int?

  /// Values of a batch, in bytes; a batch ends with the chunk that passes it.
  private static let batchBytes = 512 << 10

  private var chunks: HTTPBody.Iterator
  private var reader: CSVReader
  private let columnCount: Int
  private let call: VeevaClient.Call
  private var isOver = false

  init(_ stream: HTTPStream, fields: [String], call: VeevaClient.Call) {
    let locator = stream.headers.first("Sforce-Locator") ?? ""
    nextLocator = locator.isEmpty || locator == "null" ? nil : locator
    declaredRows = stream.headers.first("Sforce-NumberOfRecords").flatMap { Int($0) }
    chunks = stream.body.makeAsyncIterator()
    reader = CSVReader(fields: fields)
    columnCount = fields.count
    self.call = call
  }

  /// The next records, or `nil` at the end.
  /// - Throws: `truncated` when the page ended before all the records that the server declared.
  public func nextBatch() async throws -> RecordBatch? {
    var batch = RecordBatch(columnCount: columnCount, byteCapacity: Self.batchBytes * 3 / 2)
    do {
      while !isOver, batch.bytes.count < Self.batchBytes {
        if let chunk = try await chunks.next() {
          try reader.read(chunk, into: &batch)
        } else {
          isOver = true
          try reader.finish(into: &batch)
        }
      }
    } catch let error as CSVError {
      throw VeevaError(
        code: error == .endsInRecord ? .truncated : .malformedAnswer, call: call.name, object: call.object,
        message: error.description)
    } catch let error as HTTPError {
      if error.kind == .cancelled { throw CancellationError() }
      throw VeevaError(error, call: call.name, object: call.object)
    }
    if isOver, let declaredRows, reader.rowCount != declaredRows {
      throw VeevaError(
        code: .truncated, call: call.name, object: call.object,
        message: "the page holds \(reader.rowCount) records, but \(declaredRows) were declared")
    }
    return batch.rowCount > 0 ? batch : nil
  }
}

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

  private var chunks: HTTPBody.Iterator
  private var reader: CSVReader
  private let columnCount: Int
  private let call: VeevaClient.Call
  /// Values of a batch, in bytes; a batch ends with the chunk that passes it.
  private let batchBytes: Int
  private var isOver = false
  private var failure: VeevaError?

  init(_ stream: HTTPStream, fields: [String], batchBytes: Int, call: VeevaClient.Call) throws {
    // 204 is how some versions say that a job has no results yet. Read as a page it would be an empty last one.
    guard stream.status == 200 else {
      throw VeevaError(
        code: .jobState, call: call.name, object: call.object, status: stream.status, message: "there is no page")
    }
    let locator = stream.headers.first("Sforce-Locator") ?? ""
    nextLocator = locator.isEmpty || locator == "null" ? nil : locator
    declaredRows = stream.headers.first("Sforce-NumberOfRecords").flatMap { Int($0) }
    chunks = stream.body.makeAsyncIterator()
    reader = CSVReader(fields: fields)
    columnCount = fields.count
    self.batchBytes = batchBytes
    self.call = call
  }

  /// The next records, or `nil` at the end.
  /// - Throws: `truncated` when the page ended before all the records that the server declared.
  public func nextBatch() async throws -> RecordBatch? {
    if let failure { throw failure }
    do {
      return try await read()
    } catch let error as CSVError {
      throw fail(error == .endsInRecord ? .truncated : .malformedAnswer, error.description)
    } catch let error as HTTPError {
      let error = VeevaError.from(error, call: call.name, object: call.object)
      failure = error as? VeevaError
      throw error
    }
  }

  private func read() async throws -> RecordBatch? {
    var batch = RecordBatch(columnCount: columnCount, byteCapacity: batchBytes * 3 / 2)
    while !isOver, batch.bytes.count < batchBytes {
      if let chunk = try await chunks.next() {
        try reader.read(chunk, into: &batch)
      } else {
        try reader.finish(into: &batch)
        isOver = true
      }
    }
    if isOver { try checkCount() }
    return batch.rowCount > 0 ? batch : nil
  }

  private func checkCount() throws {
    if let declaredRows, reader.rowCount != declaredRows {
      throw fail(.truncated, "the page holds \(reader.rowCount) records, but \(declaredRows) were declared")
    }
    // Neither a header row nor a count: nothing says that this is a page at all.
    if declaredRows == nil, !reader.hasHeader { throw fail(.truncated, "the page is empty, without a header row") }
  }

  private func fail(_ code: VeevaError.Code, _ message: String) -> VeevaError {
    let error = VeevaError(code: code, call: call.name, object: call.object, message: message)
    failure = error
    return error
  }
}

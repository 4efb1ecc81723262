import HTTP
public import SyncModel

extension VeevaClient {
  /// How many records a `SELECT COUNT()` statement finds.
  public func count(_ statement: String, object: String) async throws -> Int {
    let call = queryCall(statement, object)
    var reader = JSONRecordReader(fields: [])
    var ignored = RecordBatch(columnCount: 0)
    let answer = try read(try await send(call).body, call, &reader, &ignored)
    guard let total = answer.totalSize else {
      throw VeevaError(code: .malformedAnswer, call: call.name, object: object, message: "the count is missing")
    }
    return total
  }

  /// All records of a statement that is bounded by a LIMIT, following the server's own pages to the end.
  ///
  /// A server may send fewer records than asked for; only `done` says that there are no more.
  public func queryPage(_ statement: String, object: String, fields: [String]) async throws -> RecordBatch {
    var batch = RecordBatch(columnCount: fields.count)
    var reader = JSONRecordReader(fields: fields)
    var call = queryCall(statement, object)
    while true {
      let answer = try read(try await send(call).body, call, &reader, &batch)
      if answer.isDone { return batch }
      guard let next = answer.nextPath, next.hasPrefix("/") else {
        throw VeevaError(
          code: .malformedAnswer, call: call.name, object: object, message: "more records are announced but not where")
      }
      call.path = next
    }
  }

  private func queryCall(_ statement: String, _ object: String) -> Call {
    Call(name: "query", object: object, path: path("query?q=\(FormBody.escape(statement))"))
  }

  private func read(
    _ body: [UInt8], _ call: Call, _ reader: inout JSONRecordReader, _ batch: inout RecordBatch
  ) throws -> JSONRecordReader.Answer {
    do {
      return try reader.read(body, into: &batch)
    } catch {
      throw VeevaError(code: .malformedAnswer, call: call.name, object: call.object, message: error.description)
    }
  }
}

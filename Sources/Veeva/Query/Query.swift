import HTTP
public import SyncModel

extension VeevaClient {
  /// How many records a `SELECT COUNT()` statement finds.
  /// - Parameter includeDeleted: whether records in the recycle bin are counted, too (`queryAll`).
  public func count(_ statement: String, object: String, includeDeleted: Bool = false) async throws -> Int {
    let call = queryCall(statement, object, includeDeleted: includeDeleted)
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
  /// A server may send fewer records than asked for; only `done` says that there are no more. What it counted must
  /// have come by then: a page that is short for another reason would be taken for the last of its partition.
  /// - Parameter includeDeleted: whether records in the recycle bin are found, too (`queryAll`).
  public func queryPage(
    _ statement: String, object: String, fields: [String], includeDeleted: Bool = false
  ) async throws -> RecordBatch {
    var batch = RecordBatch(columnCount: fields.count)
    var reader = JSONRecordReader(fields: fields)
    var call = queryCall(statement, object, includeDeleted: includeDeleted)
    while true {
      let before = batch.rowCount
      let answer = try read(try await send(call).body, call, &reader, &batch)
      if answer.isDone {
        guard let total = answer.totalSize, total == batch.rowCount else {
          throw VeevaError(
            code: .truncated, call: call.name, object: object,
            message: "the answer holds \(batch.rowCount) records, but \(answer.totalSize ?? 0) were declared")
        }
        return batch
      }
      guard let next = answer.nextPath, next.hasPrefix("/"), batch.rowCount > before else {
        throw VeevaError(
          code: .malformedAnswer, call: call.name, object: object,
          message: "more records are announced, but none came or not where they are")
      }
      call.path = next
    }
  }

  private func queryCall(_ statement: String, _ object: String, includeDeleted: Bool = false) -> Call {
    Call(
      name: "query", object: object,
      path: path("\(includeDeleted ? "queryAll" : "query")?q=\(FormBody.escape(statement))"))
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

import Foundation
import HTTP
public import SyncModel

extension VeevaClient {
  /// Salesforce: most records that are retrieved by one call.
  public static let mostRetrieved = 2000

  /// Some fields of some records, as they are now.
  /// - Parameter ids: at most ``mostRetrieved``.
  /// - Returns: a row for each id, in their order, without any value where the record is deleted, or hidden from the
  ///   user; and the server's clock, to the second, which is no later than the moment of reading by less than that.
  public func retrieve(
    _ ids: [String], of object: String, fields: [String]
  ) async throws -> (records: RecordBatch, serverTime: Instant) {
    struct Wanted: Encodable {
      let ids: [String]
      let fields: [String]
    }
    let call = Call(
      name: "retrieve", object: object, method: "POST", path: path("composite/sobjects/\(FormBody.escape(object))"),
      body: Array(try JSONEncoder().encode(Wanted(ids: ids, fields: fields))), reads: true)
    let response = try await send(call)
    var batch = RecordBatch(columnCount: fields.count)
    do {
      try JSONRecordReader(fields: fields).readList(response.body, into: &batch)
    } catch {
      throw VeevaError(code: .malformedAnswer, call: call.name, object: object, message: error.description)
    }
    guard batch.rowCount == ids.count else {
      throw VeevaError(
        code: .truncated, call: call.name, object: object,
        message: "\(batch.rowCount) records for \(ids.count) ids")
    }
    return (batch, try serverTime(of: response, call))
  }
}

import Foundation
import HTTP
import SyncModel

/// A bulk query job in the org.
public struct BulkJob: Sendable, Equatable {
  public let id: String
  public let state: BulkJobState
}

/// Where a bulk query job stands (Salesforce Bulk API 2.0).
public enum BulkJobState: Sendable, Equatable {
  /// Queued.
  case uploadComplete
  case inProgress
  case jobComplete
  case failed(String)
  case aborted
}

extension VeevaClient {
  /// Creates a bulk query job; it starts by itself.
  public func createQueryJob(_ statement: String, object: String) async throws -> BulkJob {
    struct Order: Encodable {
      let operation = "query"
      let query: String
      let contentType = "CSV"
      let columnDelimiter = "COMMA"
      let lineEnding = "LF"
    }
    let call = Call(
      name: "create bulk job", object: object, method: "POST", path: path("jobs/query"),
      body: Array(try JSONEncoder().encode(Order(query: statement))))
    return try call.decode(WireJob.self, from: try await send(call).body).job
  }

  /// Where a bulk query job stands.
  public func jobState(_ job: String, object: String?) async throws -> BulkJobState {
    let call = Call(name: "bulk job state", object: object, path: path("jobs/query/\(FormBody.escape(job))"))
    return try call.decode(WireJob.self, from: try await send(call).body).job.state
  }

  /// Deletes a bulk query job and its results.
  public func delete(_ job: String, object: String?) async throws {
    _ = try await send(
      Call(name: "delete bulk job", object: object, method: "DELETE", path: path("jobs/query/\(FormBody.escape(job))")))
  }

  /// Begins to download a page of a complete job's results. The same locator gives the same page as long as the
  /// job exists.
  /// - Parameters:
  ///   - fields: the statement's field list, which the page's header row must show.
  ///   - locator: where the page starts; `nil` for the first.
  ///   - maxRecords: most records of the page; the server may send fewer.
  public func results(
    of job: String, object: String, fields: [String], locator: String?, maxRecords: Int
  ) async throws -> BulkResultPage {
    var query = "maxRecords=\(maxRecords)"
    if let locator { query += "&locator=\(FormBody.escape(locator))" }
    let call = Call(
      name: "results", object: object, path: path("jobs/query/\(FormBody.escape(job))/results?\(query)"),
      accept: "text/csv")
    do {
      return BulkResultPage(try await stream(call), fields: fields, call: call)
    } catch let error as VeevaError where error.code == .notFound {
      throw VeevaError(
        code: .resultsGone, call: call.name, object: object, status: error.status,
        message: "the results of bulk job \(job) are gone; they are kept for seven days")
    }
  }
}

private struct WireJob: Decodable {
  let id: String
  let state: String
  let errorMessage: String?

  var job: BulkJob {
    let state: BulkJobState =
      switch state {
      case "JobComplete": .jobComplete
      case "Failed": .failed(errorMessage ?? "no explanation")
      case "Aborted": .aborted
      case "InProgress": .inProgress
      default: .uploadComplete
      }
    return BulkJob(id: id, state: state)
  }
}

import Foundation
import HTTP
import SyncModel

/// A bulk query job in the org.
public struct BulkJob: Sendable, Equatable {
  /// Its id, which begins with `750`.
  public let id: String
  /// The object that it reads.
  public let object: String?
  /// Where it stands.
  public let state: BulkJobState
  /// Records that it has found so far.
  public let recordsProcessed: Int
}

/// Where a bulk query job stands (Salesforce Bulk API 2.0).
public enum BulkJobState: Sendable, Equatable {
  /// Queued.
  case uploadComplete
  case inProgress
  /// Its results can be read for seven days.
  case jobComplete
  /// With the server's words.
  case failed(String)
  case aborted
}

extension VeevaClient {
  /// Creates a bulk query job; it starts by itself.
  ///
  /// When the answer is lost, the job may exist all the same: ``listQueryJobs()`` shows it.
  /// - Parameter includeDeleted: whether records in the recycle bin are found, too (`queryAll`).
  public func createQueryJob(
    _ statement: String, object: String, includeDeleted: Bool = false
  ) async throws -> BulkJob {
    struct Order: Encodable {
      let operation: String
      let query: String
      let contentType = "CSV"
      let columnDelimiter = "COMMA"
      let lineEnding = "LF"
    }
    let call = Call(
      name: "create bulk job", object: object, method: "POST", path: path("jobs/query"),
      body: Array(try JSONEncoder().encode(Order(operation: includeDeleted ? "queryAll" : "query", query: statement))))
    return try call.decode(WireJob.self, from: try await send(call).body).job
  }

  /// Where a bulk query job stands.
  public func jobState(_ job: String, object: String?) async throws -> BulkJobState {
    let call = Call(name: "bulk job state", object: object, path: path("jobs/query/\(FormBody.escape(job))"))
    return try call.decode(WireJob.self, from: try await send(call).body).job.state
  }

  /// All bulk query jobs of the org that are not deleted, other clients' included.
  public func listQueryJobs() async throws -> [BulkJob] {
    struct Answer: Decodable {
      let done: Bool
      let nextRecordsUrl: String?
      let records: [WireJob]
    }
    var call = Call(name: "list bulk jobs", path: path("jobs/query?jobType=V2Query"))
    var jobs: [BulkJob] = []
    var seen: Set<String> = []
    while true {
      let answer = try call.decode(Answer.self, from: try await send(call).body)
      jobs += answer.records.map(\.job)
      if answer.done { return jobs }
      call.path = try next(answer.nextRecordsUrl, after: call, &seen)
    }
  }

  /// Ends a bulk query job that is still at work.
  public func abort(_ job: String, object: String?) async throws {
    struct Change: Encodable { let state = "Aborted" }
    _ = try await send(
      Call(
        name: "abort bulk job", object: object, method: "PATCH", path: path("jobs/query/\(FormBody.escape(job))"),
        body: Array(try JSONEncoder().encode(Change()))))
  }

  /// Deletes a bulk query job that has ended, and its results.
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
      return try BulkResultPage(try await stream(call), fields: fields, batchBytes: batchBytes, call: call)
    } catch let error as VeevaError where error.code == .notFound || error.code == .locatorGone {
      throw VeevaError(
        code: .resultsGone, call: call.name, object: object, status: error.status, errorCode: error.errorCode,
        message: "the results of bulk job \(job) are gone; they are kept for seven days")
    }
  }

  /// Where the pages of a complete job start, so that they can be read side by side; `nil` stands for the first.
  ///
  /// Salesforce Bulk API 2.0, `resultPages` (API 58.0): up to five a time. The element that leads on has two
  /// spellings in the documentation.
  public func resultLocators(of job: String, object: String) async throws -> [String?] {
    struct Answer: Decodable {
      struct Page: Decodable { let resultUrl: String }
      let resultPages: [Page]
      let nextRecordsUrl: String?
      let nextRecordUrl: String?
      let done: Bool?
    }
    var call = Call(
      name: "result pages", object: object, path: path("jobs/query/\(FormBody.escape(job))/resultPages"))
    var locators: [String?] = []
    var known: Set<String?> = []
    var seen: Set<String> = []
    while true {
      let answer = try call.decode(Answer.self, from: try await send(call).body)
      for page in answer.resultPages {
        let items = URLComponents(string: page.resultUrl)?.queryItems
        let locator = items?.first { $0.name == "locator" }?.value
        if known.insert(locator).inserted { locators.append(locator) }
      }
      let following = answer.nextRecordsUrl ?? answer.nextRecordUrl
      if answer.done ?? (following == nil) { return locators }
      call.path = try next(following, after: call, &seen)
    }
  }

  /// The path of the rest of a list: on the same host, and each only once.
  private func next(_ path: String?, after call: Call, _ seen: inout Set<String>) throws -> String {
    guard let path, path.hasPrefix("/"), seen.insert(path).inserted else {
      throw VeevaError(
        code: .malformedAnswer, call: call.name, object: call.object,
        message: "more is announced, but not where it is")
    }
    return path
  }
}

private struct WireJob: Decodable {
  let id: String
  let state: String
  let object: String?
  let errorMessage: String?
  let numberRecordsProcessed: Int?

  var job: BulkJob {
    let state: BulkJobState =
      switch state {
      case "JobComplete": .jobComplete
      case "Failed": .failed(errorMessage ?? "no explanation")
      case "Aborted": .aborted
      case "InProgress": .inProgress
      default: .uploadComplete
      }
    return BulkJob(id: id, object: object, state: state, recordsProcessed: numberRecordsProcessed ?? 0)
  }
}

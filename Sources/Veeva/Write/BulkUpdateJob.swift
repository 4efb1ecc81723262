import Foundation
import HTTP

/// A bulk update in the org (Salesforce Bulk API 2.0, an ingest job).
public struct BulkUpdateJob: Sendable, Equatable {
  /// Where it stands.
  public enum State: Sendable, Equatable {
    /// Waits for its file, or for word that the file is complete: nothing of it is done.
    case open
    /// Queued.
    case uploadComplete
    case inProgress
    /// At its end. This says nothing about its records.
    case jobComplete
    /// With the server's words. Some of its records may have been written.
    case failed(String)
    /// Some of its records may have been written.
    case aborted

    /// Whether nothing of it will change any more.
    public var isEnd: Bool {
      switch self {
      case .open, .uploadComplete, .inProgress: false
      case .jobComplete, .failed, .aborted: true
      }
    }
  }

  /// Its id, which begins with `750`.
  public let id: String
  /// The object that it writes.
  public let object: String?
  /// Where it stands.
  public let state: State
  /// Records that it has looked at so far, the refused ones among them.
  public let recordsProcessed: Int
  /// Records that it has refused so far.
  public let recordsFailed: Int
}

/// The calls of a bulk update, one by one; ``updateInBulk(of:fields:options:next:opened:answered:)`` makes them all.
extension VeevaClient {
  /// An upload may last as long as the platform lets a request last.
  private static let uploadTimeout = Duration.seconds(600)

  /// Creates a bulk update, which waits for its file. When the answer is lost, an open job may be left in the org, of
  /// which nothing is done, and which the org gives up after a day.
  public func createBulkUpdate(of object: String) async throws -> BulkUpdateJob {
    struct Order: Encodable {
      let object: String
      let operation = "update"
      let contentType = "CSV"
      let columnDelimiter = "COMMA"
      let lineEnding = "LF"
    }
    let call = Call(
      name: "create bulk update", object: object, method: "POST", path: path("jobs/ingest"),
      body: Array(try JSONEncoder().encode(Order(object: object))))
    return try call.decode(WireIngestJob.self, from: try await send(call).body).job
  }

  /// Sends an open job its file; a job takes one file, once.
  public func upload(_ file: BulkUpdateFile, to job: String, of object: String?) async throws {
    var call = Call(
      name: "upload", object: object, method: "PUT", path: ingestPath(job) + "/batches", body: file.bytes,
      timeout: Self.uploadTimeout)
    call.contentType = "text/csv; charset=UTF-8"
    _ = try await send(call)
  }

  /// Says that the file of an open job is complete: from here on records are written.
  public func startBulkUpdate(_ job: String, of object: String?) async throws {
    try await set("UploadComplete", job, object)
  }

  /// Where a bulk update stands.
  public func bulkUpdate(_ job: String, of object: String?) async throws -> BulkUpdateJob {
    let call = Call(name: "bulk update state", object: object, path: ingestPath(job))
    return try call.decode(WireIngestJob.self, from: try await send(call).body).job
  }

  /// Ends a bulk update that has not ended; what it has written stays.
  public func abortBulkUpdate(_ job: String, of object: String?) async throws {
    try await set("Aborted", job, object)
  }

  /// Deletes a bulk update that has ended, and its results.
  public func deleteBulkUpdate(_ job: String, of object: String?) async throws {
    _ = try await send(Call(name: "delete bulk update", object: object, method: "DELETE", path: ingestPath(job)))
  }

  func ingestPath(_ job: String) -> String { path("jobs/ingest/\(FormBody.escape(job))") }

  private func set(_ state: String, _ job: String, _ object: String?) async throws {
    _ = try await send(
      Call(
        name: "change bulk update", object: object, method: "PATCH", path: ingestPath(job),
        body: Array(try JSONEncoder().encode(["state": state]))))
  }
}

private struct WireIngestJob: Decodable {
  let id: String
  let state: String
  let object: String?
  let errorMessage: String?
  let numberRecordsProcessed: Int?
  let numberRecordsFailed: Int?

  var job: BulkUpdateJob {
    let state: BulkUpdateJob.State =
      switch state {
      case "Open": .open
      case "JobComplete": .jobComplete
      case "Failed": .failed(errorMessage ?? "no explanation")
      case "Aborted": .aborted
      case "InProgress": .inProgress
      default: .uploadComplete
      }
    return BulkUpdateJob(
      id: id, object: object, state: state, recordsProcessed: numberRecordsProcessed ?? 0,
      recordsFailed: numberRecordsFailed ?? 0)
  }
}

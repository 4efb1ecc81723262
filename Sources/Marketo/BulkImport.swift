/// A bulk import, as Marketo tells about it.
public struct MarketoImport: Sendable, Equatable {
  /// Where it stands.
  public enum Status: String, Sendable {
    case queued = "Queued"
    case importing = "Importing"
    /// Ended; rows may have failed nevertheless.
    case complete = "Complete"
    case failed = "Failed"
  }

  public let id: Int
  public let status: Status
  /// Rows written so far.
  public let processed: Int
  /// Rows that were refused, which the file of failures has.
  public let failed: Int
  /// Rows that were written with something left out.
  public let warned: Int
  public let message: String
}

private struct ImportEntry: Decodable, Sendable {
  let batchId: Int
  let status: String
  let numOfLeadsProcessed: Int?
  let numOfObjectsProcessed: Int?
  let numOfRowsFailed: Int?
  let numOfRowsWithWarning: Int?
  let message: String?

  var state: MarketoImport? {
    MarketoImport.Status(rawValue: status).map {
      MarketoImport(
        id: batchId, status: $0, processed: numOfLeadsProcessed ?? numOfObjectsProcessed ?? 0,
        failed: numOfRowsFailed ?? 0, warned: numOfRowsWithWarning ?? 0, message: message ?? "")
    }
  }
}

extension MarketoClient {
  /// Sends a CSV file of leads or custom objects for import.
  /// - Parameters:
  ///   - csv: header row of API names, then rows; less than 10 MB with what stands around it.
  ///   - lookupField: for leads, the field that they are found by.
  /// - Throws: `MarketoError` with disposition `split` for a file that is too large, which is not sent.
  public func startImport(_ object: MarketoObject, csv: [UInt8], lookupField: String? = nil) async throws
    -> MarketoImport
  {
    let boundary = "crmsync-\(UInt64.random(in: .min ... .max))"
    var body = Array(
      ("--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"crmsync.csv\"\r\n"
        + "Content-Type: text/csv\r\n\r\n").utf8)
    body.reserveCapacity(csv.count + 512)
    body += csv
    body += Array("\r\n--\(boundary)--\r\n".utf8)
    let name = "import \(object.name)"
    guard body.count < Self.importBytes else { throw MarketoError(call: name, status: 413) }
    var path = "\(Self.importPath(object)).json?format=csv"
    if let lookupField { path += "&lookupField=\(TokenCache.encoded(lookupField))" }
    return try await state(
      Call(
        name: name, method: "POST", path: path, body: body, contentType: "multipart/form-data; boundary=\(boundary)",
        timeout: .seconds(300)))
  }

  /// How far an import is. Asking counts as a call: every 5 to 30 seconds is enough.
  public func importState(_ object: MarketoObject, _ id: Int) async throws -> MarketoImport {
    try await state(
      Call(
        name: "import state \(object.name)",
        path: object == .lead ? "/bulk/v1/leads/batch/\(id).json" : "\(Self.importPath(object))/\(id)/status.json"))
  }

  /// Rows that were refused, as CSV with the reason in a last column; `nil` when there are none.
  public func importFailures(_ object: MarketoObject, _ id: Int) async throws -> [UInt8]? {
    try await rows(object, id, "failures")
  }

  /// Rows that were written with something left out, as CSV with the reason in a last column; `nil` when there are none.
  public func importWarnings(_ object: MarketoObject, _ id: Int) async throws -> [UInt8]? {
    try await rows(object, id, "warnings")
  }

  private func rows(_ object: MarketoObject, _ id: Int, _ part: String) async throws -> [UInt8]? {
    let root = object == .lead ? "/bulk/v1/leads/batch" : Self.importPath(object)
    return try await file(Call(name: "import \(part) \(object.name)", path: "\(root)/\(id)/\(part).json"))
  }

  /// Bulk paths have no `/rest`, and those of leads another shape than those of custom objects.
  private static func importPath(_ object: MarketoObject) -> String {
    if case .custom(let name) = object { return "/bulk/v1/customobjects/\(name)/import" }
    return "/bulk/v1/leads"
  }

  private func state(_ call: Call) async throws -> MarketoImport {
    guard let state = try await envelope(call, of: ImportEntry.self).result?.first?.state else {
      throw MarketoError(
        call: call.name, status: 200, reason: MarketoReason(code: "", message: "the answer names no import"),
        disposition: .retry)
    }
    return state
  }
}

import Foundation

extension MarketoClient {
  /// Records that have one of these values in a field.
  ///
  /// - Parameters:
  ///   - values: at most 300, none of which holds a comma.
  ///   - fields: API names of what is read.
  public func query(
    _ object: MarketoObject, by field: String, _ values: [String], fields: [String], next: String? = nil
  ) async throws -> MarketoPage<MarketoRecord> {
    let name = "query \(object.name)"
    guard values.count <= Self.recordsPerCall else { throw Self.tooMany(name) }
    guard !values.isEmpty else { return MarketoPage(records: [], next: nil, hasMore: false) }
    var form = [("filterType", field), ("filterValues", values.joined(separator: ","))]
    form.append(("fields", fields.joined(separator: ",")))
    if let next { form.append(("nextPageToken", next)) }
    // In the body: three hundred ids come near the longest address that Marketo takes.
    let body = form.map { "\($0.0)=\(TokenCache.encoded($0.1))" }.joined(separator: "&")
    let envelope = try await envelope(
      Call(
        name: name, method: "POST", path: "\(object.path).json?_method=GET", body: Array(body.utf8),
        contentType: "application/x-www-form-urlencoded", timeout: .seconds(90)), of: MarketoRecord.self)
    return MarketoPage(
      records: envelope.result ?? [], next: envelope.nextPageToken,
      hasMore: envelope.moreResult ?? (envelope.nextPageToken != nil))
  }

  /// Custom objects, companies or salespersons that have one of these keys, whose fields are all of the dedupe fields.
  /// - Parameters:
  ///   - keys: at most 300; each names every dedupe field.
  ///   - fields: API names of what is read.
  public func query(
    _ object: MarketoObject, byKeys keys: [[String: String]], fields: [String], next: String? = nil
  ) async throws -> MarketoPage<MarketoRecord> {
    let name = "query \(object.name)"
    guard keys.count <= Self.recordsPerCall else { throw Self.tooMany(name) }
    guard !keys.isEmpty else { return MarketoPage(records: [], next: nil, hasMore: false) }
    let envelope = try await envelope(
      Call(
        name: name, method: "POST", path: "\(object.path).json?_method=GET",
        body: try Self.json(
          KeyQuery(filterType: "dedupeFields", fields: fields, nextPageToken: next, input: keys), name),
        timeout: .seconds(90)), of: MarketoRecord.self)
    return MarketoPage(
      records: envelope.result ?? [], next: envelope.nextPageToken,
      hasMore: envelope.moreResult ?? (envelope.nextPageToken != nil))
  }

  private struct KeyQuery: Encodable {
    let filterType: String
    let fields: [String]
    let nextPageToken: String?
    let input: [[String: String]]
  }

  /// A body of JSON.
  static func json(_ value: some Encodable, _ call: String) throws -> [UInt8] {
    do {
      return Array(try JSONEncoder().encode(value))
    } catch {
      throw MarketoError(
        call: call, reason: MarketoReason(code: "", message: "a value cannot be written as JSON"),
        disposition: .hopeless)
    }
  }
}

/// A request, read in full.
struct WireRequest: Sendable {
  var method: String
  /// Path and query as sent.
  var target: String
  /// Path, percent-encoding resolved, in parts.
  var path: [String]
  var query: [String: String]
  /// By lower-case name.
  var headers: [String: String]
  var body: [UInt8]

  var acceptsGzip: Bool { headers["accept-encoding"]?.lowercased().contains("gzip") ?? false }

  /// The members of a form body.
  var form: [String: String] { PercentCoding.pairs(String(decoding: body, as: UTF8.self)) }
}

/// An answer.
struct WireResponse: Sendable {
  enum Body: Sendable {
    case bytes([UInt8])
    /// Parts of known total length, made one at a time while the client reads.
    case parts(length: Int, count: Int, @Sendable (Int) async throws -> [UInt8])
  }

  var status: Int
  var headers: [(String, String)]
  var body: Body

  init(status: Int = 200, headers: [(String, String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A JSON answer.
  init(status: Int = 200, json: JSONValue) {
    self.init(status: status, jsonBytes: json.encoded)
  }

  init(status: Int = 200, jsonBytes: [UInt8]) {
    self.init(
      status: status, headers: [("Content-Type", "application/json;charset=UTF-8")], body: .bytes(jsonBytes))
  }

  /// A refusal (Salesforce REST API: an array, also for a single error).
  init(_ error: SalesforceError) {
    var members: [(String, JSONValue)] = [("message", .string(error.message)), ("errorCode", .string(error.code))]
    if !error.fields.isEmpty { members.append(("fields", .strings(error.fields))) }
    self.init(status: error.status, json: .array([.object(members)]))
  }
}
